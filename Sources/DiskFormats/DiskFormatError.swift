/// Why an image is refused.
public enum DiskFormatError: Error, Sendable, Hashable, CustomStringConvertible {
    case emptyImage
    case fileTooLarge(maximumBytes: UInt64)
    case sizeMismatch(expectedBytes: UInt64, foundBytes: UInt64)
    case virtualSizeOutOfRange(foundBytes: UInt64, maximumBytes: UInt64)
    /// Neither declared nor found formats of this kind are stored or booted.
    case unsupportedFormat(DiskImageFormat)
    case formatMismatch(declared: DiskImageFormat, found: DiskImageFormat)
    /// One file carries the signatures of several formats, as no honest image does.
    case ambiguousFormat(declared: DiskImageFormat, found: [DiskImageFormat])
    case backingFile
    case noBackingFile
    case externalDataFile
    case encrypted
    case internalSnapshots(count: UInt32)
    case markedCorrupt
    /// Bits of qcow2's incompatible feature field that this inspector does not know.
    case unknownIncompatibleFeatures(mask: UInt64)
    case badHeader(field: String, found: UInt64, expected: String)
    /// A structure that the header promises ends behind the end of the file.
    case truncated(structure: String, endsAtBytes: UInt64, fileSizeBytes: UInt64)

    /// What was found and what the image's owner can do about it.
    public var description: String {
        switch self {
        case .emptyImage:
            "The image is empty: it holds no disk. Upload the image's data."
        case .fileTooLarge(let maximum):
            "The image's file is larger than the limit of \(maximum) bytes."
        case .sizeMismatch(let expected, let found):
            "The image should have \(expected) bytes and has \(found): transfer it again."
        case .virtualSizeOutOfRange(let found, let maximum):
            "The image's disk has \(found) bytes; allowed are 1 to \(maximum)."
        case .unsupportedFormat(let format):
            "The format \(format.rawValue) is not supported: convert the image to qcow2 or raw."
        case .formatMismatch(let declared, let found):
            "The image is declared as \(declared.rawValue) but is \(found.rawValue): "
                + "declare the true format, or convert the image."
        case .ambiguousFormat(let declared, let found):
            "The image is declared as \(declared.rawValue) and carries the signatures of "
                + found.map(\.rawValue).joined(separator: " and ") + ": convert it afresh."
        default:
            qcow2Description
        }
    }

    private var qcow2Description: String {
        switch self {
        case .backingFile:
            "The qcow2 image refers to a backing file: flatten it with qemu-img convert."
        case .noBackingFile:
            "The qcow2 disk has no backing file where an overlay was expected."
        case .externalDataFile:
            "The qcow2 image keeps its data in another file: convert it with qemu-img convert."
        case .encrypted:
            "The qcow2 image is encrypted: upload it decrypted."
        case .internalSnapshots(let count):
            "The qcow2 image holds \(count) internal snapshots: convert it with qemu-img convert."
        case .markedCorrupt:
            "The qcow2 image is marked as corrupt: repair it with qemu-img check -r all."
        case .unknownIncompatibleFeatures(let mask):
            "The qcow2 image needs unknown features (bits 0x\(String(mask, radix: 16))): "
                + "convert it with qemu-img convert."
        case .badHeader(let field, let found, let expected):
            "The qcow2 header's \(field) is \(found); expected is \(expected)."
        case .truncated(let structure, let end, let size):
            "The image is cut off: its \(structure) ends at byte \(end), the file at \(size)."
        default:
            "The image is refused."
        }
    }
}
