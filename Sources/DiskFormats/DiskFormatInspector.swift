/// Inspects a disk image while its bytes stream by, before any other program sees it.
///
/// Keeps a bounded window from the start and the end, whatever the image's size. Feed it with
/// `consume` and take the verdict from `finish`. The declared format is always needed: formats
/// are checked here, never guessed.
public struct DiskFormatInspector: Sendable {
    /// The format that the image's owner declared.
    public let declared: DiskImageFormat
    private let limits: DiskInspectionLimits
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var headIsChecked = false
    /// Bytes seen so far.
    public private(set) var consumedBytes: UInt64 = 0

    /// - Parameters:
    ///   - declared: the format that the image is said to have.
    ///   - limits: what is refused as too large.
    public init(declared: DiskImageFormat, limits: DiskInspectionLimits = .init()) {
        self.declared = declared
        self.limits = limits
    }

    /// Takes the image's next bytes.
    /// - Throws: as soon as the image is certain to be refused, so that an upload can stop early.
    public mutating func consume(_ chunk: [UInt8]) throws(DiskFormatError) {
        try consume(chunk[...])
    }

    /// Takes the image's next bytes, out of a larger array.
    /// - Throws: as `consume` of an array.
    public mutating func consume(_ chunk: ArraySlice<UInt8>) throws(DiskFormatError) {
        let (sum, overflow) = consumedBytes.addingReportingOverflow(UInt64(chunk.count))
        guard !overflow, sum <= limits.maximumFileSizeBytes else {
            throw .fileTooLarge(maximumBytes: limits.maximumFileSizeBytes)
        }
        consumedBytes = sum
        let missing = DiskInspectionLimits.headWindowBytes - head.count
        if missing > 0 { head.append(contentsOf: chunk.prefix(missing)) }
        let keep = DiskInspectionLimits.tailWindowBytes
        tail.append(contentsOf: chunk.suffix(keep))
        if tail.count > keep { tail.removeFirst(tail.count - keep) }
        if !headIsChecked, head.count == DiskInspectionLimits.headWindowBytes {
            headIsChecked = true
            _ = try Self.checkHead(HeaderBytes(bytes: head), declared, limits)
        }
    }

    /// Gives the verdict on the whole image.
    /// - Parameter expectedSizeBytes: the size that was announced, if one was.
    public func finish(expectedSizeBytes: UInt64? = nil) throws(DiskFormatError)
        -> DiskImageInspection
    {
        if let expectedSizeBytes, expectedSizeBytes != consumedBytes {
            throw .sizeMismatch(expectedBytes: expectedSizeBytes, foundBytes: consumedBytes)
        }
        return try Self.inspect(
            head: head, tail: tail, fileSizeBytes: consumedBytes, declared: declared,
            limits: limits)
    }

    /// The verdict on a file of which the ends are at hand.
    /// - Parameters:
    ///   - head: the first bytes: `DiskInspectionLimits.headWindowBytes`, or all there are.
    ///   - tail: the last bytes: `DiskInspectionLimits.tailWindowBytes`, or all there are.
    ///   - fileSizeBytes: the file's size.
    ///   - declared: the format that the image is said to have.
    ///   - limits: what is refused as too large.
    public static func inspect(
        head: [UInt8], tail: [UInt8], fileSizeBytes: UInt64, declared: DiskImageFormat,
        limits: DiskInspectionLimits = .init()
    ) throws(DiskFormatError) -> DiskImageInspection {
        guard declared.isSupported else { throw .unsupportedFormat(declared) }
        guard fileSizeBytes > 0 else { throw .emptyImage }
        guard fileSizeBytes <= limits.maximumFileSizeBytes else {
            throw .fileTooLarge(maximumBytes: limits.maximumFileSizeBytes)
        }
        let window = HeaderBytes(bytes: head)
        if let header = try checkHead(window, declared, limits) {
            try header.checkExtents(fileSizeBytes: fileSizeBytes)
            return DiskImageInspection(
                format: .qcow2, virtualSizeBytes: header.virtualSizeBytes,
                fileSizeBytes: fileSizeBytes, partitionTable: .none,
                qcow2Version: Int(header.version))
        }
        if let found = FormatSignatures.found(inTail: HeaderBytes(bytes: tail)) {
            throw .formatMismatch(declared: declared, found: found)
        }
        guard fileSizeBytes <= limits.maximumVirtualSizeBytes else {
            throw .virtualSizeOutOfRange(
                foundBytes: fileSizeBytes, maximumBytes: limits.maximumVirtualSizeBytes)
        }
        return DiskImageInspection(
            format: .raw, virtualSizeBytes: fileSizeBytes, fileSizeBytes: fileSizeBytes,
            partitionTable: FormatSignatures.partitionTable(in: window), qcow2Version: nil)
    }

    /// Everything that the first bytes tell; gives the header of a qcow2 and nil for raw.
    private static func checkHead(
        _ window: HeaderBytes, _ declared: DiskImageFormat, _ limits: DiskInspectionLimits
    ) throws(DiskFormatError) -> Qcow2Header? {
        guard declared.isSupported else { throw .unsupportedFormat(declared) }
        let found = FormatSignatures.found(in: window)
        guard found.count <= 1 else { throw .ambiguousFormat(declared: declared, found: found) }
        let format = found.first ?? .raw
        guard format == declared else {
            throw .formatMismatch(declared: declared, found: format)
        }
        guard format == .qcow2 else { return nil }
        let header = try Qcow2Header(window)
        try header.checkFeatures()
        try header.checkLayout(maximumVirtualSizeBytes: limits.maximumVirtualSizeBytes)
        try Qcow2Extensions(window, header: header).check()
        return header
    }
}
