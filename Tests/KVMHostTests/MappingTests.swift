import ComputeModel
import Foundation
import TestSupport
import Testing

@testable import KVMHost

@Suite("guest memory that a device can't reach")
struct MappingTests {
    private static let line = """
        2026-11-24T23:35:25Z qemu-system-x86_64: failed to write, fd=25, errno=14 (Bad address)
        2026-11-24T23:35:25Z qemu-system-x86_64: vhost vdpa map fail!

        """

    @Test("only what QEMU says after the call began counts")
    func since() async throws {
        try await TemporaryFolder.use { folder in
            #expect(!QEMULog(guest: "none", directory: folder.path).tellsOfUnmappedMemory)
            try folder.write("starting up\n" + Self.line, to: "guest.log")
            let log = QEMULog(guest: "guest", directory: folder.path)
            #expect(!log.tellsOfUnmappedMemory)
            try folder.write("starting up\n" + Self.line + Self.line, to: "guest.log")
            #expect(log.tellsOfUnmappedMemory)
            try folder.write("rotated\n", to: "guest.log")
            #expect(!log.tellsOfUnmappedMemory)
        }
    }

    @Test(
        "the kernel's limit and the host's memory",
        arguments: [(nil, 1 << 30, false), (2_048, 4_096, false), (2_048, 65_536, true)]
            as [(Int?, Int, Bool)])
    func limit(_ mappingsMax: Int?, _ memoryMiB: Int, _ isTold: Bool) {
        let found = KVMHypervisor.mappingCondition(mappingsMax, memoryMiB: memoryMiB)
        #expect((found?.code == "vdpa-mappings-few") == isTold)
        #expect(found?.blocksVDPA != true)
        #expect(found?.message.contains("more than 4096 MiB") ?? true)
        #expect(found?.message.contains("max_iotlb_entries=65536") ?? true)
    }

    @Test("the limit as the kernel tells it")
    func read() async throws {
        try await TemporaryFolder.use { folder in
            var facts = HostFacts(kernelRelease: "6.12", architecture: "x86_64", cpuModel: "")
            facts.vhostMappingsFile = folder.path + "/max_iotlb_entries"
            #expect(facts.vhostMappingsMax == nil)
            try folder.write("2048\n", to: "max_iotlb_entries")
            #expect(facts.vhostMappingsMax == 2_048)
        }
    }
}
