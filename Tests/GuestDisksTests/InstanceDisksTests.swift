import DiskFormats
import Foundation
import GuestDisks
import TestSupport
import Testing

let qemuIsInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/qemu-img")

@Suite(.enabled(if: qemuIsInstalled)) struct InstanceDisksTests {
    let folder: TemporaryFolder
    let disks: InstanceDisks
    static let id = "83679162-1378-4288-a2d4-70e13ec132aa"

    init() throws {
        folder = try TemporaryFolder()
        disks = try InstanceDisks(directory: folder.path + "/instances")
    }

    private func base(_ name: String = "base.raw", bytes count: Int = 1 << 20) throws -> CachedImage
    {
        let path = try folder.write([UInt8](repeating: 7, count: count), to: name)
        return CachedImage(path: path, format: .raw, virtualSizeBytes: UInt64(count))
    }

    private func qemuImg(_ arguments: [String]) throws -> Data {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/qemu-img")
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return data
    }

    private struct ImageInfo: Decodable {
        let format: String
        let virtualSize: Int
        let backingFilename: String
        let backingFilenameFormat: String
    }

    @Test(arguments: [DiskImageFormat.raw, .qcow2])
    func overlayNamesBaseAndFormat(format: DiskImageFormat) async throws {
        let raw = try base()
        let path = folder.path + "/base"
        _ = try qemuImg(["convert", "-f", "raw", "-O", format.rawValue, raw.path, path])
        let base = CachedImage(path: path, format: format, virtualSizeBytes: 1 << 20)
        let disk = try await disks.ensureDisk(
            .root(build: 0), instanceID: Self.id, base: base, sizeBytes: 5 << 30)
        #expect(disk.isNew)
        #expect(disk.virtualSizeBytes == 5 << 30)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { keys in
            AnyKey(keys[keys.count - 1].stringValue)
        }
        let info = try decoder.decode(
            ImageInfo.self, from: qemuImg(["info", "--output=json", "-f", "qcow2", disk.path]))
        #expect(info.format == "qcow2")
        #expect(info.virtualSize == 5 << 30)
        #expect(info.backingFilename == path)
        #expect(info.backingFilenameFormat == format.rawValue)
        let mode: Int = try attribute(.posixPermissions, disk.path)
        #expect(mode == 0o600)
        #expect(try folder.names("instances/\(Self.id)") == ["disk.qcow2"])
    }

    /// qemu-img's `virtual-size` as `virtualSize`.
    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(intValue: Int) { nil }
        init(stringValue: String) { self.init(stringValue) }

        init(_ name: String) {
            let parts = name.split(separator: "-")
            stringValue = parts.dropFirst().reduce(String(parts[0])) { $0 + $1.capitalized }
        }
    }

    @Test func existingDiskIsKept() async throws {
        let base = try base()
        let first = try await disks.ensureDisk(
            .root(build: 0), instanceID: Self.id, base: base, sizeBytes: 4 << 20)
        let inode: Int = try attribute(.systemFileNumber, first.path)
        for size in [UInt64(4) << 20, 3 << 20] {
            let again = try await disks.ensureDisk(
                .root(build: 0), instanceID: Self.id, base: base, sizeBytes: size)
            #expect(again.path == first.path)
            #expect(!again.isNew)
            #expect(again.virtualSizeBytes == 4 << 20)
        }
        let inodeNow: Int = try attribute(.systemFileNumber, first.path)
        #expect(inodeNow == inode)
    }

    @Test func smallerDiskGrows() async throws {
        let base = try base()
        for (size, found) in [(4, 4), (8, 8), (6, 8)] as [(UInt64, UInt64)] {
            let disk = try await disks.ensureDisk(
                .root(build: 0), instanceID: Self.id, base: base, sizeBytes: size << 20)
            #expect(disk.virtualSizeBytes == found << 20)
        }
    }

    @Test func buildsAreDisksOfTheirOwn() async throws {
        let base = try base()
        let wanted: [InstanceDisk] = [.root(build: 0), .root(build: 1), .root(build: 12), .rescue]
        for disk in wanted {
            _ = try await disks.ensureDisk(
                disk, instanceID: Self.id, base: base, sizeBytes: 4 << 20)
        }
        let names = ["disk.qcow2", "rescue.qcow2", "root-1.qcow2", "root-12.qcow2"]
        #expect(try folder.names("instances/\(Self.id)") == names)
        for stray in ["root-0.qcow2", "root-01.qcow2", "root-.qcow2", "root--1.qcow2", "x"] {
            try folder.write([1], to: "instances/\(Self.id)/\(stray)")
        }
        #expect(try Set(disks.list().flatMap(\.disks.keys)) == Set(wanted))
        for disk in wanted {
            let path = try disks.path(disk, instanceID: Self.id)
            #expect(disks.disk(atPath: path, instanceID: Self.id) == disk)
        }
        #expect(disks.disk(atPath: "/elsewhere/disk.qcow2", instanceID: Self.id) == nil)
        try await disks.remove(.root(build: 1), instanceID: Self.id)
        #expect(try disks.list().first?.disks.keys.contains(.root(build: 1)) == false)
    }

    @Test func otherDiskIsNeverReplaced() async throws {
        let base = try base()
        let disk = try await disks.ensureDisk(
            .root(build: 0), instanceID: Self.id, base: base, sizeBytes: 4 << 20)
        let content = try bytes(disk.path)
        let other = try self.base("other.raw")
        let asQcow2 = CachedImage(path: base.path, format: .qcow2, virtualSizeBytes: 1 << 20)
        for (image, size) in [(other, 4), (asQcow2, 4)] as [(CachedImage, UInt64)] {
            await #expect {
                try await disks.ensureDisk(
                    .root(build: 0), instanceID: Self.id, base: image, sizeBytes: size << 20)
            } throws: { error in
                guard case .diskDiffers(disk.path, _, _)? = error as? GuestDiskError else {
                    return false
                }
                return true
            }
        }
        #expect(try bytes(disk.path) == content)
        for _ in 0..<2 { try await disks.remove(.root(build: 0), instanceID: Self.id) }
        let rebuilt = try await disks.ensureDisk(
            .root(build: 0), instanceID: Self.id, base: other, sizeBytes: 4 << 20)
        #expect(rebuilt.isNew)
    }

    @Test func unreadableDiskIsNeverReplaced() async throws {
        let base = try base()
        let path = try disks.path(.root(build: 0), instanceID: Self.id)
        let parent = folder.path + "/instances/" + Self.id
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        await #expect {
            try await disks.ensureDisk(
                .root(build: 0), instanceID: Self.id, base: base, sizeBytes: 4 << 20)
        } throws: { error in
            guard case .diskUnreadable(path, _)? = error as? GuestDiskError else { return false }
            return true
        }
        #expect(try bytes(path) == [1, 2, 3])
        #expect(try disks.list().map(\.disks) == [[.root(build: 0): nil]])
    }

    @Test func diskMustHoldTheImage() async throws {
        let base = try base()
        let expected = GuestDiskError.diskSmallerThanImage(
            instanceID: Self.id, requestedBytes: (1 << 20) - 1, imageBytes: 1 << 20)
        await #expect(throws: expected) {
            try await disks.ensureDisk(
                .root(build: 0), instanceID: Self.id, base: base, sizeBytes: (1 << 20) - 1)
        }
        #expect(try disks.list().isEmpty)
    }

    @Test func missingBaseIsNamed() async throws {
        let path = folder.path + "/absent"
        let base = CachedImage(path: path, format: .raw, virtualSizeBytes: 1)
        await #expect(throws: GuestDiskError.missingBaseImage(path: path)) {
            try await disks.ensureDisk(
                .root(build: 0), instanceID: Self.id, base: base, sizeBytes: 512)
        }
    }

    @Test func concurrentCallsMakeOneDisk() async throws {
        let base = try base()
        let made = try await withThrowingTaskGroup(of: OverlayDisk.self) { [disks] group in
            for _ in 0..<8 {
                group.addTask {
                    try await disks.ensureDisk(
                        .root(build: 0), instanceID: Self.id, base: base, sizeBytes: 4 << 20)
                }
            }
            return try await group.reduce(into: [OverlayDisk]()) { $0.append($1) }
        }
        #expect(made.count == 8)
        #expect(made.filter(\.isNew).count == 1)
        #expect(try folder.names("instances/\(Self.id)") == ["disk.qcow2"])
    }

    @Test func configDriveIsReplacedAtOnce() async throws {
        let path = try await disks.writeConfigDrive(instanceID: Self.id, image: [1, 2])
        #expect(try bytes(path) == [1, 2])
        _ = try await disks.writeConfigDrive(instanceID: Self.id, image: [3])
        #expect(try bytes(path) == [3])
        #expect(path == (try disks.configDrivePath(instanceID: Self.id)))
        let mode: Int = try attribute(.posixPermissions, path)
        #expect(mode == 0o600)
        #expect(try folder.names("instances/\(Self.id)") == ["config.iso"])
    }

    @Test func listAndRemoval() async throws {
        #expect(try disks.list().isEmpty)
        let base = try base()
        _ = try await disks.ensureDisk(
            .root(build: 0), instanceID: "b", base: base, sizeBytes: 4 << 20)
        _ = try await disks.writeConfigDrive(instanceID: "a", image: [1])
        try folder.write([1], to: "instances/stray")
        let entries = try disks.list()
        #expect(entries.map(\.instanceID) == ["a", "b"])
        #expect(entries.map(\.hasConfigDrive) == [true, false])
        #expect(entries.map(\.disks) == [[:], [.root(build: 0): base.path]])
        for _ in 0..<2 { try await disks.remove(instanceID: "b") }
        #expect(try disks.list().map(\.instanceID) == ["a"])
        #expect(FileManager.default.fileExists(atPath: base.path))
    }

    @Test(arguments: ["", "..", "a/b", "-x", "a.b"])
    func unsafeIDsAreRefused(id: String) async throws {
        let expected = GuestDiskError.badName(kind: "instance id", found: id)
        #expect(throws: expected) { try disks.consoleLogPath(instanceID: id) }
        await #expect(throws: expected) { try await disks.remove(instanceID: id) }
        await #expect(throws: expected) {
            try await disks.writeConfigDrive(instanceID: id, image: [])
        }
    }
}
