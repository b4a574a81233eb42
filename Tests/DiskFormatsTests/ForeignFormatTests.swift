import DiskFormats
import Testing

@Suite struct ForeignFormats {
    static let marks: [(DiskImageFormat, Int, [UInt8])] = [
        (.qcow2, 0, [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]),
        (.qcow2, 0, [0x51, 0x46, 0x49, 0xfb, 9, 9, 9, 9]),
        (.qcow, 0, [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 1]),
        (.qed, 0, Array("QED\0".utf8)),
        (.vmdk, 0, Array("KDMV".utf8)),
        (.vmdk, 0, Array("COWD".utf8)),
        (.vmdk, 0, Array("# Disk DescriptorFile\nversion=1\n".utf8)),
        (.vmdk, 0, Array("# DISK DescriptorFile\r\n".utf8)),
        (.vmdk, 0, Array("# anything\n\n  \r\n# more\nversion = 3\n".utf8)),
        (.vmdk, 0, Array("\nVERSION=2\n".utf8)),
        (.vmdk, 0, Array("version=1\nRW 20 FLAT \"/etc/shadow\" 0\n".utf8)),
        (.vhd, 0, Array("conectix".utf8)),
        (.vhd, 200_000 - 512, Array("conectix".utf8)),
        (.dmg, 200_000 - 512, Array("koly".utf8)),
        (.vhdx, 0, Array("vhdxfile".utf8)),
        (.vdi, 0x40, [0x7f, 0x10, 0xda, 0xbe]),
        (.luks, 0, [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 2]),
        (.ploop, 0, Array("WithoutFreeSpace".utf8)),
        (.bochs, 0, Array("Bochs Virtual HD Image".utf8)),
        (.cloop, 0, Array("#!/bin/sh\n#V2.0 Format\nmodprobe cloop".utf8)),
        (.gzip, 0, [0x1f, 0x8b, 0x08]),
        (.xz, 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
        (.zstd, 0, [0x28, 0xb5, 0x2f, 0xfd]),
        (.iso, 0x8001, Array("CD001".utf8)),
        (.iso, 0x9001, Array("CD001".utf8)),
    ]

    @Test(arguments: marks)
    func rawThatIsSomethingElseIsRefused(format: DiskImageFormat, offset: Int, mark: [UInt8]) {
        var disk = [UInt8](repeating: 0, count: 200_000)
        disk.replaceSubrange(offset..<offset + mark.count, with: mark)
        let expected = DiskFormatError.formatMismatch(declared: .raw, found: format)
        #expect(refusal(disk, as: .raw) == expected)
        #expect(expected.description.contains("raw"))
        #expect(expected.description.contains(format.rawValue))
    }

    @Test(arguments: DiskImageFormat.allCases.filter { !$0.isSupported })
    func declaringAnUnsupportedFormatIsRefused(format: DiskImageFormat) {
        let disk = [UInt8](repeating: 0, count: 1000)
        #expect(refusal(disk, as: format) == .unsupportedFormat(format))
    }

    @Test func qcow2ThatIsRawIsRefused() {
        let disk = [UInt8](repeating: 0, count: 1000)
        let expected = DiskFormatError.formatMismatch(declared: .qcow2, found: .raw)
        #expect(refusal(disk, as: .qcow2) == expected)
    }

    @Test func imageOfTwoFormatsIsRefused() {
        let image = HandBuiltQcow2.with(.snapshotsOffset, 0x7f10_dabe_0000_0000)
        let expected = DiskFormatError.ambiguousFormat(declared: .qcow2, found: [.qcow2, .vdi])
        #expect(refusal(image.bytes, as: .qcow2) == expected)
    }

    @Test(arguments: ["#!/bin/sh\necho hi\n", "versions=1", "# only\n# comments\n", "# a\nx=1\n"])
    func harmlessTextIsRaw(text: String) throws {
        var disk = [UInt8](repeating: 0, count: 5000)
        disk.replaceSubrange(0..<text.utf8.count, with: Array(text.utf8))
        #expect(try inspect(disk, as: .raw).format == .raw)
    }
}
