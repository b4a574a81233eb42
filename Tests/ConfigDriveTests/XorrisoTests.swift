import ConfigDrive
import Foundation
import TestSupport
import Testing

/// An image in a folder of its own, read by another program than the one that wrote it.
private final class UnpackedImage {
    static let isReadable = FileManager.default.isExecutableFile(atPath: "/usr/bin/xorriso")
    private let home: TemporaryFolder
    private var folder: URL { home.url }

    /// - Parameter options: xorriso's, before the image is opened.
    init(_ image: [UInt8], options: [String]) throws {
        home = try TemporaryFolder("iso9660")
        let file = folder.appendingPathComponent("image.iso")
        try Data(image).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/xorriso")
        process.arguments =
            ["-no_rc", "-abort_on", "WARNING", "-osirrox", "on"] + options
            + ["-indev", file.path, "-extract", "/", folder.appendingPathComponent("out").path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "xorriso \(options)")
    }

    deinit {
        do {
            let items = FileManager.default.enumerator(atPath: folder.path)
            while let name = items?.nextObject() as? String {
                let path = folder.appendingPathComponent(name).path
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o700], ofItemAtPath: path)
            }
        } catch {
            Issue.record("cannot open \(folder.path): \(error)")
        }
    }

    func files() throws -> [String: [UInt8]] {
        let root = folder.appendingPathComponent("out")
        var found: [String: [UInt8]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
            let url = root.appendingPathComponent(name)
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            if !isFolder.boolValue { found[name] = Array(try Data(contentsOf: url)) }
        }
        return found
    }

    func attributes(_ name: String) throws -> [FileAttributeKey: Any] {
        try FileManager.default.attributesOfItem(
            atPath: folder.appendingPathComponent("out").appendingPathComponent(name).path)
    }
}

@Suite(.enabled(if: UnpackedImage.isReadable)) struct IndependentReading {
    static let trees: [[String]] = [[], ["-read_fs", "norock"]]

    static func sampleFiles() -> [ISO9660File] {
        var files = (0..<150).map { index in
            ISO9660File(
                path: "Many/meta_data_with_a_long_name_that_is_cut.\(index).json",
                content: [UInt8](repeating: UInt8(index), count: index * 37))
        }
        files.append(ISO9660File(path: "a/b/c/d/e/f/deep", content: [1]))
        files.append(ISO9660File(path: "openstack/2018-08-27/user_data", content: [2, 3]))
        files.append(ISO9660File(path: "x", content: []))
        files.append(ISO9660File(path: ".hidden", content: [9]))
        let long = String(repeating: "n", count: 64)
        files.append(ISO9660File(path: "\(long)/\(long)", content: [4]))
        return files
    }

    /// Rock Ridge as Linux reads it, then Joliet as Windows does.
    @Test(arguments: trees)
    func everyFileComesBackUnderItsName(options: [String]) throws {
        let files = Self.sampleFiles()
        let image = try ISO9660Image.bytes(
            volumeID: "config-2", files: files, secondsSince1970: 1_700_000_000)
        let unpacked = try UnpackedImage(image, options: options)
        let expected = Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.content) })
        let found = try unpacked.files()
        #expect(Set(found.keys) == Set(expected.keys))
        #expect(found == expected)
    }

    @Test func linuxSeesModesAndTimes() throws {
        let image = try ISO9660Image.bytes(
            volumeID: "v", files: [ISO9660File(path: "d/f", content: [1])],
            secondsSince1970: 1_700_000_000)
        let unpacked = try UnpackedImage(image, options: [])
        let file = try unpacked.attributes("d/f")
        #expect(file[.posixPermissions] as? Int == 0o444)
        #expect((file[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_700_000_000)
        #expect(try unpacked.attributes("d")[.posixPermissions] as? Int == 0o555)
    }

    @Test(arguments: trees)
    func configDriveIsReadable(options: [String]) throws {
        let contents = try sampleContents(userData: Array("#cloud-config\n".utf8))
        let unpacked = try UnpackedImage(
            try contents.image(secondsSince1970: 0), options: options)
        let found = try unpacked.files()
        #expect(found["openstack/latest/user_data"] == Array("#cloud-config\n".utf8))
        #expect(found["openstack/2018-08-27/meta_data.json"] != nil)
        #expect(found.count == 8)
    }
}
