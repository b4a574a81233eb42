/// A qcow2 disk with a backing file, as Millrace itself makes them for guests. Read to check
/// that a disk which already exists is the one wanted; never to accept an uploaded image.
public struct Qcow2Overlay: Sendable, Hashable {
    /// Size in bytes of the disk that the guest sees.
    public let virtualSizeBytes: UInt64
    /// The backing file's name as written in the header.
    public let backingFile: String
    /// The backing file's format (QEMU's driver name); nil if the header leaves it to guesswork.
    public let backingFormat: String?

    /// qcow2's limit for the name of a backing file, in bytes.
    public static let maximumBackingFileBytes = 1023

    /// - Parameters:
    ///   - head: the file's first bytes, `DiskInspectionLimits.headWindowBytes` of them or all.
    ///   - fileSizeBytes: the file's size.
    /// - Throws: `DiskFormatError` if this is no sound qcow2 overlay.
    public init(head: [UInt8], fileSizeBytes: UInt64) throws(DiskFormatError) {
        let bytes = HeaderBytes(bytes: head)
        let found = FormatSignatures.found(in: bytes)
        guard found == [.qcow2] else {
            throw .formatMismatch(declared: .qcow2, found: found.first ?? .raw)
        }
        let header = try Qcow2Header(bytes)
        try header.checkFeaturesOfOverlay()
        try header.checkLayout(maximumVirtualSizeBytes: .max)
        try header.checkExtents(fileSizeBytes: fileSizeBytes)
        let extensions = try Qcow2Extensions(bytes, header: header)
        try extensions.check()
        virtualSizeBytes = header.virtualSizeBytes
        backingFile = try Self.backingFile(bytes, header)
        backingFormat = extensions.backingFormat.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func backingFile(
        _ bytes: HeaderBytes, _ header: Qcow2Header
    ) throws(DiskFormatError) -> String {
        guard header.backingFileOffset != 0 else { throw .noBackingFile }
        guard header.backingFileSize <= UInt32(maximumBackingFileBytes),
            let offset = Int(exactly: header.backingFileOffset),
            let name = bytes.slice(at: offset, count: Int(header.backingFileSize))
        else {
            throw .badHeader(
                field: "backing_file_offset", found: header.backingFileOffset,
                expected: "a name of at most \(maximumBackingFileBytes) bytes beside the header")
        }
        return String(decoding: name, as: UTF8.self)
    }
}
