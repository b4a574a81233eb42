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
            answers = try await session.run { connection throws(LibvirtError) in
                LibvirtHostAnswers(
                    versions: try await connection.versions(),
                    node: try await connection.nodeInfo(),
                    cells: try await connection.numaCells())
            }
        } catch {
            throw error.driverError("probe the hypervisor", configuration.libvirtURI)
        }
        return Self.probe(
            answers, facts, hasKVM: facts.hasKVM, configuration: configuration)
    }

    /// The probe from what was read; pure.
    static func probe(
        _ answers: LibvirtHostAnswers, _ facts: HostFacts, hasKVM: Bool,
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
        return HypervisorProbe(
            facts: HypervisorFacts(
                type: "QEMU", version: answers.versions.hypervisor?.libvirtEncoded ?? 0,
                libvirtVersion: answers.versions.libvirt.libvirtEncoded,
                kernelRelease: facts.kernelRelease, architecture: facts.architecture,
                cpuModel: facts.cpuModel),
            cpus: max(0, cpus), memoryMiB: max(0, memoryMiB), numaCells: numaCells(answers),
            conditions: conditions)
    }

    /// A machine without NUMA is one cell.
    private static func numaCells(_ answers: LibvirtHostAnswers) -> [NUMACell] {
        guard !answers.cells.isEmpty else {
            let cpus = Array(0..<max(0, answers.node.cpuCount))
            return [NUMACell(id: 0, cpus: cpus, memoryMiB: answers.node.memoryMiB)]
        }
        return answers.cells.map {
            NUMACell(id: $0.id, cpus: $0.cpuIDs.sorted(), memoryMiB: $0.memoryMiB)
        }.sorted { $0.id < $1.id }
    }
}

extension HypervisorVersion {
    /// libvirt's number for it.
    var libvirtEncoded: Int { major * 1_000_000 + minor * 1_000 + micro }
}
