/// Container formats that the inspector can tell apart.
///
/// Only `raw` and `qcow2` may be stored and booted; the rest exist to be named in a refusal.
/// Raw values are the `disk_format` names of OpenStack's Image API where it has one, and QEMU's
/// driver names otherwise.
public enum DiskImageFormat: String, Sendable, Hashable, CaseIterable, Codable {
    case raw
    case qcow2
    case vmdk
    case vdi
    /// Virtual PC, fixed or dynamic. QEMU calls its driver `vpc`.
    case vhd
    case vhdx
    case qed
    case luks
    case iso
    case qcow
    case ploop
    case bochs
    case dmg
    case cloop
    case gzip
    case xz
    case zstd

    /// Whether Millrace stores and boots images of this format.
    public var isSupported: Bool {
        switch self {
        case .raw, .qcow2: true
        default: false
        }
    }
}

/// The partition table at the start of a raw image.
public enum PartitionTable: String, Sendable, Hashable {
    case none
    /// A boot signature in sector 0: an MBR, or the boot sector of one file system.
    case mbr
    /// A GUID partition table, with 512-byte or 4096-byte sectors.
    case gpt
}

/// What the inspector found out about an image that it accepts.
public struct DiskImageInspection: Sendable, Hashable {
    /// `raw` or `qcow2`: equal to the format declared.
    public let format: DiskImageFormat
    /// Size in bytes of the disk that a guest sees.
    public let virtualSizeBytes: UInt64
    /// Size of the file in bytes.
    public let fileSizeBytes: UInt64
    /// Raw images only; `none` for qcow2, whose content is not looked at.
    public let partitionTable: PartitionTable
    /// 2 or 3 for qcow2; nil for raw.
    public let qcow2Version: Int?
}

/// The inspector's limits. Images beyond them are refused.
public struct DiskInspectionLimits: Sendable, Hashable {
    /// Bytes kept from the start of the image: enough for every signature (ISO's last one is at
    /// 36,865) and for all qcow2 header extensions that QEMU writes.
    public static let headWindowBytes = 64 * 1024
    /// Bytes kept from the end of the image, where VHD and DMG have their signatures.
    public static let tailWindowBytes = 512

    /// Largest disk a guest may see, in bytes.
    public var maximumVirtualSizeBytes: UInt64
    /// Largest file, in bytes. A full qcow2 is a little larger than its disk.
    public var maximumFileSizeBytes: UInt64

    /// - Parameters:
    ///   - maximumVirtualSizeBytes: 16 TiB unless told.
    ///   - maximumFileSizeBytes: 17 TiB unless told.
    public init(
        maximumVirtualSizeBytes: UInt64 = 16 << 40, maximumFileSizeBytes: UInt64 = 17 << 40
    ) {
        self.maximumVirtualSizeBytes = maximumVirtualSizeBytes
        self.maximumFileSizeBytes = maximumFileSizeBytes
    }
}
