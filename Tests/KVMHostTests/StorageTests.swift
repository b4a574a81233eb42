import ComputeModel
import Foundation
import GuestDisks
import HostDrivers
import Logging
import Synchronization
import TestSupport
import Testing

@testable import KVMHost

@Suite("guests' files", .endsTheHung)
struct StorageTests {
    static let imageBytes = [UInt8](repeating: 7, count: 3 << 20)

    static func storage(_ folder: TemporaryFolder) async throws -> LocalGuestStorage {
        try await KVMHost.storage(
            KVMHostConfiguration(stateDirectory: folder.path + "/state"),
            Logger(label: "test"))
    }

    static func image(
        _ folder: TemporaryFolder, _ bytes: [UInt8] = imageBytes, format: String = "raw"
    ) throws -> GuestImage {
        let file = "\(folder.path)/image-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        let digest = try Command.run("/usr/bin/sha512sum", [file], in: folder).prefix(128)
        return GuestImage(
            id: ImageID(uuid: UUID()), format: format, sizeBytes: Int64(bytes.count),
            virtualSizeBytes: Int64(bytes.count), sha512: String(digest))
    }

    /// Wraps what `receive` throws, as the agent's fetch does.
    static func fetch(
        _ bytes: [UInt8] = imageBytes, counting calls: Calls? = nil
    ) -> HostDrivers.ImageFetch {
        { image, receive async throws(DriverError) in
            calls?.count.add(1, ordering: .relaxed)
            for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                do {
                    try await receive(Array(bytes[start..<min(start + (1 << 20), bytes.count)]))
                } catch {
                    throw .failed(
                        DriverFault(
                            operation: "fetch", object: "image \(image)", found: "\(error)"))
                }
            }
        }
    }

    final class Calls: Sendable {
        let count = Atomic<Int>(0)
    }

    @Test("a root disk, made once, of the size asked for", arguments: [(0, 3 << 20), (1, 1 << 30)])
    func root(_ sizeGiB: Int, _ sizeBytes: Int) async throws {
        try await TemporaryFolder.use { folder in
            let storage = try await Self.storage(folder)
            let instance = InstanceID(uuid: UUID())
            let image = try Self.image(folder)
            let calls = Calls()
            for _ in 0..<2 {
                try await storage.prepare(
                    .root(build: 0), of: instance, image: image, sizeGiB: sizeGiB,
                    fetch: Self.fetch(counting: calls))
            }
            #expect(calls.count.load(ordering: .relaxed) == 1)
            let root = storage.paths(instance, root: .root(build: 0)).root
            #expect(root.format == "qcow2")
            let info = try Command.run(
                "/usr/bin/qemu-img", ["info", "--output=json", root.path], in: folder)
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(info.utf8)) as? [String: Any])
            #expect(json["format"] as? String == "qcow2")
            #expect(json["virtual-size"] as? Int == sizeBytes)
            #expect(json["backing-filename-format"] as? String == "raw")
            #expect(
                try await storage.list()
                    == [
                        StoredGuest(
                            instanceID: instance, disks: [.root(build: 0)], hasConfigDrive: false)
                    ])
        }
    }

    @Test(
        "images that are refused for good",
        arguments: [
            "format", "empty", "digest", "small disk", "content",
        ])
    func refused(_ what: String) async throws {
        try await TemporaryFolder.use { folder in
            let storage = try await Self.storage(folder)
            var wanted = try Self.image(folder)
            var bytes = Self.imageBytes
            var sizeGiB = 0
            switch what {
            case "format": wanted.format = "vmdk"
            case "empty": wanted.sizeBytes = 0
            case "digest": wanted.sha512 = String(repeating: "0", count: 128)
            case "small disk":
                wanted.format = "qcow2"
                bytes = try Self.qcow2(sizeGiB: 2, folder)
                wanted = try Self.image(folder, bytes, format: "qcow2")
                sizeGiB = 1
            default:
                bytes = [0x51, 0x46, 0x49, 0xfb] + Self.imageBytes
                wanted = try Self.image(folder, bytes)
            }
            let (image, content, size) = (wanted, bytes, sizeGiB)
            let instance = InstanceID(uuid: UUID())
            await expect(.refused) {
                try await storage.prepare(
                    .root(build: 0), of: instance, image: image, sizeGiB: size,
                    fetch: Self.fetch(content))
            }
            #expect(try await storage.list().allSatisfy(\.disks.isEmpty))
        }
    }

    private static func qcow2(sizeGiB: Int, _ folder: TemporaryFolder) throws -> [UInt8] {
        let path = folder.path + "/source.qcow2"
        try Command.run(
            "/usr/bin/qemu-img", ["create", "-q", "-f", "qcow2", path, "\(sizeGiB)G"], in: folder)
        return Array(try #require(FileManager.default.contents(atPath: path)))
    }

    @Test(
        "what the fetch says comes through",
        arguments: [
            DriverError.refused(DriverFault(operation: "fetch", object: "image", found: "gone")),
            .notFound(DriverFault(operation: "fetch", object: "image", found: "gone")),
            .unavailable(
                daemon: "control plane",
                DriverFault(operation: "fetch", object: "image", found: "no answer")),
        ])
    func fetchErrors(_ failure: DriverError) async throws {
        try await TemporaryFolder.use { folder in
            let storage = try await Self.storage(folder)
            let image = try Self.image(folder)
            let found = await #expect(throws: DriverError.self) {
                try await storage.prepare(
                    .root(build: 0), of: InstanceID(uuid: UUID()), image: image, sizeGiB: 0,
                    fetch: { _, _ async throws(DriverError) in throw failure })
            }
            #expect(found == failure)
        }
    }

    @Test("removal, repeated, and folders that are nobody's")
    func removal() async throws {
        try await TemporaryFolder.use { folder in
            let storage = try await Self.storage(folder)
            let instance = InstanceID(uuid: UUID())
            try await storage.writeConfigDrive(instance, guest: .sample())
            try folder.write("", to: "state/guests/lost-found/x")
            try folder.write("text", to: "state/guests/\(instance)/console.log")
            #expect(
                try await storage.list()
                    == [StoredGuest(instanceID: instance, disks: [], hasConfigDrive: true)])
            for _ in 0..<2 { try await storage.remove(instance) }
            #expect(try await storage.list().isEmpty)
        }
    }

    @Test("the config drive's files, read by another program")
    func configDrive() async throws {
        try await TemporaryFolder.use { folder in
            let storage = try await Self.storage(folder)
            let instance = InstanceID(uuid: UUID())
            try await storage.writeConfigDrive(instance, guest: .sample())
            try await storage.writeConfigDrive(instance, guest: .sample())
            let path = storage.paths(instance, root: .rescue).configDrive
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o600)
            try Command.run(
                "/usr/bin/xorriso",
                ["-indev", path, "-osirrox", "on", "-extract", "/", folder.path + "/out"],
                in: folder)
            let latest = folder.path + "/out/openstack/latest"
            let metadata = try Self.object(latest + "/meta_data.json")
            #expect(metadata["uuid"] as? String == instance.text)
            #expect(metadata["hostname"] as? String == "web.example")
            #expect(metadata["launch_index"] as? Int == 2)
            #expect((metadata["meta"] as? [String: String]) == ["role": "db"])
            #expect((metadata["public_keys"] as? [String: String])?["key1"] == "ssh-ed25519 AAAA")
            let seed = try #require(metadata["random_seed"] as? String)
            #expect(Data(base64Encoded: seed)?.count == 512)
            let network = try Self.object(latest + "/network_data.json")
            let link = try #require((network["links"] as? [[String: Any]])?.first)
            #expect(link["ethernet_mac_address"] as? String == "52:54:01:00:01:01")
            #expect(link["mtu"] as? Int == 1442)
            let found = try #require((network["networks"] as? [[String: Any]])?.first)
            #expect(found["ip_address"] as? String == "10.0.0.5")
            #expect(found["netmask"] as? String == "255.255.255.0")
            #expect((found["routes"] as? [[String: Any]])?.count == 2)
            let userData = FileManager.default.contents(atPath: latest + "/user_data")
            #expect(userData == Data("#cloud-config\n".utf8))
        }
    }

    private static func object(_ path: String) throws -> [String: Any] {
        let data = try #require(FileManager.default.contents(atPath: path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test("definitions without a config drive", arguments: ["user data", "route", "prefix"])
    func badDefinition(_ what: String) async throws {
        try await TemporaryFolder.use { folder in
            let storage = try await Self.storage(folder)
            var guest = GuestDefinition.sample()
            switch what {
            case "user data": guest.userData = "a"
            case "route":
                guest.interfaces[0].addresses[0].routes = [
                    HostRoute(destination: "10.9.0.0", nexthop: "10.0.0.1")
                ]
            default: guest.interfaces[0].addresses[0].prefixLength = 33
            }
            let bad = guest
            await expect(.refused) {
                try await storage.writeConfigDrive(InstanceID(uuid: UUID()), guest: bad)
            }
        }
    }

    @Test("capacity of a real file system")
    func capacity() async throws {
        try await TemporaryFolder.use { folder in
            let capacity = try await Self.storage(folder).capacity()
            #expect(capacity.totalGiB > 0)
            #expect((0...capacity.totalGiB).contains(capacity.freeGiB))
        }
    }

    @Test("state directories that can't be", arguments: ["relative/path", "/proc/nosuch/x"])
    func badStateDirectory(_ path: String) async {
        let error = await #expect(throws: DriverError.self) {
            _ = try await KVMHost.drivers(
                configuration: KVMHostConfiguration(stateDirectory: path))
        }
        #expect(error?.description.contains(path) == true)
    }

    @Test("drivers are made without any daemon, and a bad OVSDB address is refused")
    func drivers() async throws {
        try await TemporaryFolder.use { folder in
            var configuration = KVMHostConfiguration(stateDirectory: folder.path + "/state")
            configuration.libvirtURI = "test:///none.xml"
            configuration.ovsdbAddress = "unix:\(folder.path)/none.sock"
            let drivers = try await KVMHost.drivers(configuration: configuration)
            await expect(.unavailable) { _ = try await drivers.devices.scan() }
            await expect(.unavailable) { _ = try await drivers.virtualSwitch.list() }
            configuration.ovsdbAddress = "nowhere"
            let bad = configuration
            await expect(.refused) { _ = try await KVMHost.drivers(configuration: bad) }
        }
    }
}

extension GuestDefinition {
    static func sample() -> GuestDefinition {
        var guest = GuestDefinition(
            name: "m-1", displayName: "web", hostname: "web.example",
            projectID: ProjectID("0123456789abcdef0123456789abcdef"),
            userID: UserID("fedcba9876543210fedcba9876543210"), vcpus: 1, memoryMiB: 256,
            diskGiB: 1,
            image: GuestImage(
                id: ImageID(uuid: UUID()), format: "raw", sizeBytes: 1, virtualSizeBytes: 1,
                sha512: ""), availabilityZone: "zone1")
        guest.metadata = ["role": "db"]
        guest.publicKeys = ["key1": "ssh-ed25519 AAAA"]
        guest.userData = Data("#cloud-config\n".utf8).base64EncodedString()
        guest.launchIndex = 2
        guest.interfaces = [
            ComputeModel.GuestInterface(
                portID: PortID(uuid: UUID()), networkID: NetworkID(uuid: UUID()),
                macAddress: "52:54:01:00:01:01", mtuBytes: 1442, vnicType: .vdpa,
                deviceID: DeviceID("x/vf0/vdpa0"), vlanTag: nil,
                addresses: [
                    GuestAddress(
                        address: "10.0.0.5", prefixLength: 24, ipVersion: 4,
                        gateway: "10.0.0.1", nameservers: ["10.0.0.2"],
                        routes: [HostRoute(destination: "10.9.0.0/16", nexthop: "10.0.0.3")])
                ])
        ]
        return guest
    }
}
