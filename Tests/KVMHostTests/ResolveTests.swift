import ComputeModel
import HostDrivers
import Logging
import TestSupport
import Testing

@testable import KVMHost
@testable import VDPA

@Suite("finding a device now")
struct ResolveTests {
    private func resolve(
        _ id: String, _ host: FakeHost = FakeHost(), nodeProblem: String? = nil,
        sources: (inout DeviceSources) -> Void = { _ in }
    ) async throws -> ResolvedDevice {
        try await TemporaryFolder.use { folder in
            let inventory = VDPADeviceInventory(
                reader: DeviceReader(folder) { _ in nil },
                rules: DeviceRules(KVMHostConfiguration(stateDirectory: "/nowhere")),
                nodeProblem: { _ in nodeProblem }, clock: ContinuousClock(),
                logger: Logger(label: "test"))
            return try inventory.resolve(
                DeviceID(id), try host.assembly(folder, sources: sources), "find the device",
                "device \(id)")
        }
    }

    @Test("a device that a guest can have")
    func found() async throws {
        #expect(
            try await resolve("52:54:01:00:01:00/vf1/vdpa1")
                == ResolvedDevice(
                    characterDevice: "/dev/vhost-vdpa-1", representor: "rep1",
                    macAddress: "52:54:01:00:01:02", macSettable: false))
    }

    @Test(
        "what isn't there is not found",
        arguments: [
            "52:54:01:00:01:00/vf1/vdpa9", "52:54:01:00:01:00/vf0/vdpa1", "other/vf1/vdpa1", "",
        ])
    func absent(_ id: String) async throws {
        let error = await #expect(throws: DriverError.self) { try await resolve(id) }
        guard case .notFound = error else { throw Unexpected(error) }
    }

    @Test(
        "what can't be used is refused",
        arguments: [
            "PF", "virtio_vdpa", "no character device", "no node",
        ])
    func refused(_ what: String) async throws {
        var host = FakeHost()
        if what == "virtio_vdpa" { host.cards[0].vdpaDriver = what }
        if what == "no character device" { host.cards[0].hasCharacterDevices = false }
        let made = host
        let id = "52:54:01:00:01:00" + (what == "PF" ? "" : "/vf1/vdpa1")
        let error = await #expect(throws: DriverError.self) {
            try await resolve(id, made, nodeProblem: what == "no node" ? "it is gone" : nil)
        }
        guard case .refused(let fault) = error else { throw Unexpected(error) }
        #expect(fault.found.contains(what == "no node" ? "it is gone" : what))
    }

    @Test("a device that moved to another address and number is found by its identity")
    func moved() async throws {
        var host = FakeHost()
        host.cards[0].bus = "3b"
        host.cards[0].firstDevice = 0
        let found = try await resolve("52:54:01:00:01:00/vf1/vdpa1", host)
        #expect(found.characterDevice == "/dev/vhost-vdpa-1")
        // Its VF is there, but carries another device, or none.
        for indexes in [[], [0]] as [Set<Int>] {
            host.cards[0].vdpaIndexes = indexes
            let made = host
            let error = await #expect(throws: DriverError.self) {
                try await resolve("52:54:01:00:01:00/vf1/vdpa1", made)
            }
            guard case .notFound = error else { throw Unexpected(error) }
        }
    }

    @Test(
        "a kernel that doesn't answer is asked again, a device that went meanwhile isn't there",
        arguments: [
            (.timedOut(operation: "read"), true), (.interrupted(operation: "read"), true),
            (.refused(operation: "read", errno: 11), true), (.noDevice("vdpa1"), false),
        ] as [(VDPAError, Bool)])
    func silence(_ problem: VDPAError, isTransient: Bool) async throws {
        let error = await #expect(throws: DriverError.self) {
            try await resolve("52:54:01:00:01:00/vf1/vdpa1") {
                $0.vdpaConfigs["vdpa1"] = .failure(problem)
            }
        }
        #expect(error?.isTransient == isTransient)
    }

    @Test(
        "nodes in /dev",
        arguments: [
            ("/dev/null", 1, 3, true), ("/dev/null", 1, 5, false),
            ("/dev/nosuch-node", 1, 3, false),
            ("/etc/passwd", 1, 3, false),
        ] as [(String, UInt32, UInt32, Bool)])
    func nodes(_ path: String, _ major: UInt32, _ minor: UInt32, isRight: Bool) {
        #expect((DeviceNode.problem(path, major: major, minor: minor) == nil) == isRight)
    }

    @Test(
        "permanent MACs",
        arguments: [
            ([0x52, 0x54, 0x00, 0x0a, 0xff, 0x01], "52:54:00:0a:ff:01"), ([0, 0, 0, 0, 0, 0], nil),
        ] as [([UInt8], String?)])
    func permanentMAC(_ bytes: [UInt8], _ expected: String?) {
        #expect(PermanentMAC.text(bytes[...]) == expected)
    }

    @Test(
        "interfaces without a permanent MAC",
        arguments: [
            "lo", "nosuchif", "", "waytoolongforaname",
        ])
    func noPermanentMAC(_ interface: String) {
        #expect(PermanentMAC.read(interface) == nil)
    }
}

/// An error of another kind than expected.
struct Unexpected: Error {
    let found: String

    init(_ error: (any Error)?) { found = error.map { "\($0)" } ?? "nothing" }
}
