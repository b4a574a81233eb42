internal import ComputeModel
public import HostDrivers
internal import Libvirt

/// What libvirt says of the host.
struct LibvirtHostAnswers: Sendable, Equatable {
    let versions: HostVersions
    let node: NodeInfo
    let cells: [NodeNUMACell]
}

extension KVMHypervisor {
    /// Versions, processors and memory, and what is too old or missing for vDPA guests.
    public func probe() async throws(DriverError) -> HypervisorProbe {
        let answers: LibvirtHostAnswers
        do throws(LibvirtError) {
            answers = try await session.run(Self.ask)
        } catch {
            throw error.driverError("probe the hypervisor", configuration.libvirtURI)
        }
        return Self.probe(
            answers, facts, hasKVM: facts.hasKVM, mappingsMax: facts.vhostMappingsMax,
            configuration: configuration)
    }

    static func ask(
        _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> LibvirtHostAnswers {
        LibvirtHostAnswers(
            versions: try await connection.versions(), node: try await connection.nodeInfo(),
            cells: try await connection.numaCells())
    }

    /// The probe from what was read; pure.
    static func probe(
        _ answers: LibvirtHostAnswers, _ facts: HostFacts, hasKVM: Bool, mappingsMax: Int? = nil,
        configuration: KVMHostConfiguration
    ) -> HypervisorProbe {
        let unmet = VDPAMinimums.unmet(
            kernelRelease: facts.kernelRelease, libvirt: answers.versions.libvirt,
            qemu: answers.versions.hypervisor)
        var conditions = unmet.map {
            HostCondition(
                code: "below-minimum", message: "\($0). Upgrade it.", blocksVDPA: true)
        }
        if configuration.domainType == .kvm, !hasKVM {
            conditions.append(
                HostCondition(
                    code: "kvm-missing",
                    message: "\(facts.kvmDevice) does not exist, so no guest of type 'kvm' can"
                        + " start. Enable virtualization in the firmware and load kvm_intel or"
                        + " kvm_amd, or configure domain type 'qemu' for slow emulation.",
                    blocksVDPA: true))
        }
        let cpus = answers.node.cpuCount - configuration.reservedCPUs
        let memoryMiB = answers.node.memoryMiB - configuration.reservedMemoryMiB
        if cpus < 1 || memoryMiB < 1 {
            conditions.append(
                HostCondition(
                    code: "nothing-left-for-guests",
                    message: "The host has \(answers.node.cpuCount) CPUs and"
                        + " \(answers.node.memoryMiB) MiB, of which \(configuration.reservedCPUs)"
                        + " and \(configuration.reservedMemoryMiB) MiB are reserved. Reserve"
                        + " less.",
                    blocksVDPA: true))
        }
        if let found = mappingCondition(mappingsMax, memoryMiB: answers.node.memoryMiB) {
            conditions.append(found)
        }
        let cells = HostCells(answers, configuration)
        return HypervisorProbe(
            facts: HypervisorFacts(
                type: "QEMU", version: answers.versions.hypervisor?.libvirtEncoded ?? 0,
                libvirtVersion: answers.versions.libvirt.libvirtEncoded,
                kernelRelease: facts.kernelRelease, architecture: facts.architecture,
                cpuModel: facts.cpuModel),
            cpus: max(0, cpus), memoryMiB: max(0, memoryMiB), numaCells: cells.cells,
            conditions: conditions + cells.conditions)
    }
}

extension KVMHypervisor {
    /// Size of the pages that the kernel backs a guest's memory with where it can. Neighbours that
    /// happen to lie side by side are one piece.
    private static let transparentPageMiB = 2

    /// A limit that the largest guest with the unluckiest memory exceeds.
    static func mappingCondition(_ mappingsMax: Int?, memoryMiB: Int) -> HostCondition? {
        guard let mappingsMax, mappingsMax < memoryMiB / transparentPageMiB else { return nil }
        return HostCondition(
            code: "vdpa-mappings-few",
            message: "The kernel maps at most \(mappingsMax) pieces of a guest's memory for a vDPA"
                + " device, so guests of more than \(mappingsMax * transparentPageMiB) MiB without"
                + " huge pages of 1 GiB may fail to start or to take a NIC. Set"
                + " 'options vhost_vdpa max_iotlb_entries=\(memoryMiB)' in /etc/modprobe.d and load"
                + " the module anew.",
            blocksVDPA: false)
    }
}

extension HypervisorVersion {
    /// libvirt's number for it.
    var libvirtEncoded: Int { major * 1_000_000 + minor * 1_000 + micro }
}
