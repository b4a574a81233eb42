import ComputeModel
import Foundation
import TestSupport
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("what a probe makes of a host")
struct ProbeTests {
    private static let facts = HostFacts(
        kernelRelease: "6.12.57+deb13-amd64", architecture: "x86_64", cpuModel: "EPYC")

    private func answers(
        libvirt: HypervisorVersion = HypervisorVersion(11, 3),
        qemu: HypervisorVersion? = HypervisorVersion(11, 1, 3), cells: [NodeNUMACell] = []
    ) -> LibvirtHostAnswers {
        LibvirtHostAnswers(
            versions: HostVersions(libvirt: libvirt, hypervisor: qemu),
            node: NodeInfo(
                cpuCount: 4, memoryMiB: 4096, numaCellCount: 1, socketsPerCell: 1,
                coresPerSocket: 4, threadsPerCore: 1),
            cells: cells)
    }

    @Test("a host that is fit")
    func fit() {
        var configuration = KVMHostConfiguration(stateDirectory: "/state")
        configuration.reservedCPUs = 1
        configuration.reservedMemoryMiB = 1024
        let cells = [
            NodeNUMACell(id: 1, memoryMiB: 2048, cpuIDs: [3, 2]),
            NodeNUMACell(id: 0, memoryMiB: 2048, cpuIDs: [0, 1]),
        ]
        let probe = KVMHypervisor.probe(
            answers(cells: cells), Self.facts, hasKVM: true, configuration: configuration)
        #expect(probe.conditions.isEmpty)
        #expect((probe.cpus, probe.memoryMiB) == (3, 3072))
        #expect(probe.numaCells.map(\.id) == [0, 1])
        #expect(probe.numaCells.map(\.cpus) == [[1], [2, 3]])
        #expect(probe.numaCells.map(\.memoryMiB) == [1536, 1536])
        #expect(probe.facts.version == 11_001_003)
        #expect(probe.facts.libvirtVersion == 11_003_000)
        #expect(probe.facts.type == "QEMU")
    }

    @Test("a machine without NUMA is one cell")
    func oneCell() {
        let probe = KVMHypervisor.probe(
            answers(), Self.facts, hasKVM: true,
            configuration: KVMHostConfiguration(stateDirectory: "/state"))
        #expect(probe.numaCells == [NUMACell(id: 0, cpus: [0, 1, 2, 3], memoryMiB: 4096)])
    }

    @Test(
        "conditions",
        arguments: [
            ("kernel", ["below-minimum"]), ("libvirt", ["below-minimum"]),
            ("qemu", ["below-minimum"]), ("no qemu", ["below-minimum"]), ("kvm", ["kvm-missing"]),
            ("emulation", []), ("cpus", ["nothing-left-for-guests"]),
            ("memory", ["nothing-left-for-guests"]),
        ])
    func conditions(_ what: String, _ expected: [String]) {
        var configuration = KVMHostConfiguration(stateDirectory: "/state")
        if what == "emulation" { configuration.domainType = .qemu }
        if what == "cpus" { configuration.reservedCPUs = 4 }
        if what == "memory" { configuration.reservedMemoryMiB = 9999 }
        var facts = Self.facts
        if what == "kernel" { facts.kernelRelease = "5.6.19" }
        var found = answers()
        if what == "libvirt" { found = answers(libvirt: HypervisorVersion(6, 8)) }
        if what == "qemu" { found = answers(qemu: HypervisorVersion(5, 0)) }
        if what == "no qemu" { found = answers(qemu: nil) }
        let probe = KVMHypervisor.probe(
            found, facts, hasKVM: what != "kvm" && what != "emulation",
            configuration: configuration)
        #expect(probe.conditions.map(\.code) == expected)
        #expect(probe.conditions.allSatisfy { $0.blocksVDPA })
        #expect(probe.cpus >= 0 && probe.memoryMiB >= 0)
    }

    @Test("the test driver's host")
    func testDriver() async throws {
        try await TemporaryFolder.use { folder in
            let probe = try await KVMHypervisor.onTestDriver(folder).probe()
            #expect(probe.cpus > 0 && probe.memoryMiB > 0)
            #expect(!probe.numaCells.isEmpty)
            #expect(!probe.facts.kernelRelease.isEmpty && !probe.facts.architecture.isEmpty)
        }
    }

    @Test(
        "CPU models",
        arguments: [
            ("processor\t: 0\nmodel name\t: AMD EPYC 7763\nmodel name\t: x\n", "AMD EPYC 7763"),
            ("model\t\t: 6\n", ""), ("", ""),
        ])
    func cpuModel(_ text: String, _ expected: String) {
        #expect(HostFacts.cpuModel(cpuinfo: text) == expected)
    }
}
