/// The marks by which formats are told apart. Offsets and values: the formats' specifications
/// and the probes of QEMU's block drivers.
enum FormatSignatures {
    private struct Signature {
        let format: DiskImageFormat
        let offset: Int
        let bytes: [UInt8]

        init(_ format: DiskImageFormat, at offset: Int, _ bytes: [UInt8]) {
            self.format = format
            self.offset = offset
            self.bytes = bytes
        }

        init(_ format: DiskImageFormat, at offset: Int, _ text: String) {
            self.init(format, at: offset, Array(text.utf8))
        }
    }

    private static let head: [Signature] = [
        Signature(.qcow2, at: 0, [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 2]),
        Signature(.qcow2, at: 0, [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]),
        Signature(.qcow, at: 0, [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 1]),
        Signature(.qed, at: 0, [0x51, 0x45, 0x44, 0]),
        Signature(.vmdk, at: 0, "KDMV"),
        Signature(.vmdk, at: 0, "COWD"),
        Signature(.vhd, at: 0, "conectix"),
        Signature(.vhdx, at: 0, "vhdxfile"),
        Signature(.vdi, at: 0x40, [0x7f, 0x10, 0xda, 0xbe]),
        Signature(.luks, at: 0, [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]),
        Signature(.ploop, at: 0, "WithoutFreeSpace"),
        Signature(.ploop, at: 0, "WithouFreSpacExt"),
        Signature(.bochs, at: 0, "Bochs Virtual HD Image"),
        Signature(.cloop, at: 0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop"),
        Signature(.gzip, at: 0, [0x1f, 0x8b, 0x08]),
        Signature(.xz, at: 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
        Signature(.zstd, at: 0, [0x28, 0xb5, 0x2f, 0xfd]),
        Signature(.iso, at: 0x8001, "CD001"),
        Signature(.iso, at: 0x8801, "CD001"),
        Signature(.iso, at: 0x9001, "CD001"),
        Signature(.iso, at: 0x8001, "BEA01"),
    ]

    /// Formats whose mark is at the start, each once. Empty for raw.
    static func found(in window: HeaderBytes) -> [DiskImageFormat] {
        var formats: [DiskImageFormat] = []
        for signature in head where window.has(signature.bytes, at: signature.offset) {
            if !formats.contains(signature.format) { formats.append(signature.format) }
        }
        // A qcow2 of a version nobody knows is still no raw disk.
        let qcow: Set<DiskImageFormat> = [.qcow, .qcow2]
        if window.has([0x51, 0x46, 0x49, 0xfb], at: 0), qcow.isDisjoint(with: formats) {
            formats.append(.qcow2)
        }
        if isVMDKDescriptor(window), !formats.contains(.vmdk) { formats.append(.vmdk) }
        return formats
    }

    /// Formats whose mark is in the last 512 bytes: fixed VHD disks and Apple disk images.
    static func found(inTail tail: HeaderBytes) -> DiskImageFormat? {
        guard tail.count == DiskInspectionLimits.tailWindowBytes else { return nil }
        if tail.has("conectix", at: 0) { return .vhd }
        if tail.has("koly", at: 0) { return .dmg }
        return nil
    }

    static func partitionTable(in window: HeaderBytes) -> PartitionTable {
        if window.has("EFI PART", at: 512) || window.has("EFI PART", at: 4096) { return .gpt }
        return window.has([0x55, 0xaa], at: 510) ? .mbr : .none
    }

    /// A VMDK descriptor is text: comments and blank lines, then `version=1`. It may name any file
    /// of the host, so it must not pass as raw.
    private static func isVMDKDescriptor(_ window: HeaderBytes) -> Bool {
        let text = window.bytes.prefix(maximumDescriptorBytes)
        let title = Array("# disk descriptorfile".utf8)
        if text.prefix(title.count).map(lowercased).elementsEqual(title) { return true }
        guard let first = text.first,
            first == hash || first == newline || first == carriage
                || first == space || first == UInt8(ascii: "v")
        else { return false }
        for line in text.split(separator: newline) {
            let content = line.drop { $0 == space || $0 == tab }.filter { $0 != carriage }
            if content.isEmpty || content.first == hash { continue }
            return isVersionLine(content.map(lowercased))
        }
        return false
    }

    private static func isVersionLine(_ line: [UInt8]) -> Bool {
        let bare = line.filter { $0 != space && $0 != tab }
        return bare.starts(with: Array("version=".utf8))
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }

    private static let maximumDescriptorBytes = 4096
    private static let newline = UInt8(ascii: "\n")
    private static let carriage = UInt8(ascii: "\r")
    private static let space = UInt8(ascii: " ")
    private static let tab = UInt8(ascii: "\t")
    private static let hash = UInt8(ascii: "#")
}
