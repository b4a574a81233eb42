import DiskFormats
import Foundation
import TestSupport
import Testing

/// Images made by the installed qemu-img, in a folder of their own.
struct QemuImages: ~Copyable {
    static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/qemu-img")
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("disk-formats") }

    func path(_ name: String) -> String { folder.file(name) }

    /// Before it encrypts, qemu-img measures how fast it is, and gives up when it got no
    /// measurable share of a busy processor: it is asked again then.
    func qemuImg(_ arguments: String...) throws {
        for _ in 0..<Self.attemptsMax {
            do {
                try Command.run("/usr/bin/qemu-img", arguments, in: folder)
                return
            } catch let failure as Command.Failure {
                let isTooSlow = failure.output.contains("Unable to get accurate CPU usage")
                guard isTooSlow else { throw failure }
            }
        }
        try Command.run("/usr/bin/qemu-img", arguments, in: folder)
    }

    private static let attemptsMax = 50

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }
}

@Suite(.enabled(if: QemuImages.isInstalled)) struct RealImages {
    @Test(arguments: [
        "compat=0.10", "compat=1.1", "compat=1.1,cluster_size=512", "cluster_size=2M",
        "compression_type=zstd", "extended_l2=on,cluster_size=128k", "preallocation=metadata",
        "lazy_refcounts=on", "refcount_bits=1",
    ])
    func qcow2OfEveryKindIsAccepted(options: String) throws {
        let images = try QemuImages()
        try images.qemuImg("create", "-f", "qcow2", "-o", options, images.path("a"), "96M")
        let found = try inspect(try images.bytes("a"), as: .qcow2)
        #expect(found.virtualSizeBytes == 96 << 20)
    }

    @Test func convertedImageIsAccepted() throws {
        let images = try QemuImages()
        let content = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
        try content.write(to: URL(fileURLWithPath: images.path("raw")))
        try images.qemuImg(
            "convert", "-f", "raw", "-O", "qcow2", "-c", images.path("raw"), images.path("a"))
        #expect(try inspect(try images.bytes("a"), as: .qcow2).virtualSizeBytes == 3_000_320)
    }

    @Test func backingFileIsRefusedAndReadAsOverlay() throws {
        let images = try QemuImages()
        try images.qemuImg("create", "-f", "raw", images.path("base"), "1M")
        try images.qemuImg(
            "create", "-f", "qcow2", "-b", images.path("base"), "-F", "raw", images.path("a"),
            "4M")
        let bytes = try images.bytes("a")
        #expect(refusal(bytes, as: .qcow2) == .backingFile)
        let overlay = try Qcow2Overlay(head: bytes, fileSizeBytes: UInt64(bytes.count))
        #expect(overlay.backingFile == images.path("base"))
        #expect(overlay.backingFormat == "raw")
        #expect(overlay.virtualSizeBytes == 4 << 20)
    }

    @Test func imageWithoutBackingFileIsNoOverlay() throws {
        let images = try QemuImages()
        try images.qemuImg("create", "-f", "qcow2", images.path("a"), "4M")
        let bytes = try images.bytes("a")
        #expect(throws: DiskFormatError.noBackingFile) {
            try Qcow2Overlay(head: bytes, fileSizeBytes: UInt64(bytes.count))
        }
    }

    @Test func externalDataFileIsRefused() throws {
        let images = try QemuImages()
        let options = "data_file=\(images.path("data")),data_file_raw=on"
        try images.qemuImg("create", "-f", "qcow2", "-o", options, images.path("a"), "4M")
        #expect(refusal(try images.bytes("a"), as: .qcow2) == .externalDataFile)
    }

    @Test func encryptedQcow2IsRefused() throws {
        let images = try QemuImages()
        try images.qemuImg(
            "create", "-f", "qcow2", "--object", "secret,id=s0,data=sesame",
            "-o", "encrypt.format=luks,encrypt.key-secret=s0,encrypt.iter-time=10",
            images.path("a"), "1M")
        #expect(refusal(try images.bytes("a"), as: .qcow2) == .encrypted)
    }

    @Test func internalSnapshotIsRefused() throws {
        let images = try QemuImages()
        try images.qemuImg("create", "-f", "qcow2", images.path("a"), "4M")
        try images.qemuImg("snapshot", "-c", "before", images.path("a"))
        #expect(refusal(try images.bytes("a"), as: .qcow2) == .internalSnapshots(count: 1))
    }

    @Test(arguments: [
        ("vmdk", "subformat=monolithicSparse", DiskImageFormat.vmdk),
        ("vmdk", "subformat=monolithicFlat", .vmdk), ("vdi", "static=off", .vdi),
        ("vhdx", "subformat=dynamic", .vhdx), ("vpc", "subformat=dynamic", .vhd),
        ("vpc", "subformat=fixed", .vhd), ("qed", "cluster_size=64k", .qed),
        ("qcow", "encryption=off", .qcow),
    ])
    func foreignFormatsAreNamed(driver: String, options: String, format: DiskImageFormat) throws {
        let images = try QemuImages()
        try images.qemuImg("create", "-f", driver, "-o", options, images.path("a"), "4M")
        let bytes = try images.bytes("a")
        #expect(refusal(bytes, as: format) == .unsupportedFormat(format))
        for declared in [DiskImageFormat.raw, .qcow2] where format != .vhd || declared == .raw {
            let expected = DiskFormatError.formatMismatch(declared: declared, found: format)
            #expect(refusal(bytes, as: declared) == expected)
        }
    }

    @Test func luksIsNoRawDisk() throws {
        let images = try QemuImages()
        try images.qemuImg(
            "create", "-f", "luks", "--object", "secret,id=s0,data=sesame",
            "-o", "key-secret=s0,iter-time=10", images.path("a"), "1M")
        let expected = DiskFormatError.formatMismatch(declared: .raw, found: .luks)
        #expect(refusal(try images.bytes("a"), as: .raw) == expected)
    }

    @Test(arguments: [65536, 196_608])
    func fileCutOffBeforeItsTablesEndIsRefused(length: Int) throws {
        let images = try QemuImages()
        try images.qemuImg("create", "-f", "qcow2", images.path("a"), "10G")
        let bytes = Array(try images.bytes("a").prefix(length))
        guard case .truncated = refusal(bytes, as: .qcow2) else {
            Issue.record("\(length) bytes: \(verdict(bytes, as: .qcow2))")
            return
        }
    }
}
