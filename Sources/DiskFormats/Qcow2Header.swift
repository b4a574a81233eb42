/// The fields of a qcow2 header that decide whether an image is safe. Source: QEMU's
/// `docs/interop/qcow2.txt`; all integers are big-endian.
struct Qcow2Header: Sendable, Hashable {
    let version: UInt32
    let backingFileOffset: UInt64
    let backingFileSize: UInt32
    let clusterBits: UInt32
    let virtualSizeBytes: UInt64
    let cryptMethod: UInt32
    let l1EntryCount: UInt32
    let l1TableOffset: UInt64
    let refcountTableOffset: UInt64
    let refcountTableClusters: UInt32
    let snapshotCount: UInt32
    let incompatibleFeatures: UInt64
    let autoclearFeatures: UInt64
    let refcountOrder: UInt32
    let headerLength: UInt32
    let compressionType: UInt8

    static let version2Length = 72
    static let version3Length = 104

    var clusterSizeBytes: UInt64 { 1 << UInt64(clusterBits) }

    /// Reads the fixed fields and checks those on which all later arithmetic rests.
    init(_ bytes: HeaderBytes) throws(DiskFormatError) {
        version = try Self.uint32(bytes, 4)
        guard version == 2 || version == 3 else {
            throw .badHeader(field: "version", found: UInt64(version), expected: "2 or 3")
        }
        backingFileOffset = try Self.uint64(bytes, 8)
        backingFileSize = try Self.uint32(bytes, 16)
        clusterBits = try Self.uint32(bytes, 20)
        virtualSizeBytes = try Self.uint64(bytes, 24)
        cryptMethod = try Self.uint32(bytes, 32)
        l1EntryCount = try Self.uint32(bytes, 36)
        l1TableOffset = try Self.uint64(bytes, 40)
        refcountTableOffset = try Self.uint64(bytes, 48)
        refcountTableClusters = try Self.uint32(bytes, 56)
        snapshotCount = try Self.uint32(bytes, 60)
        let isVersion3 = version == 3
        incompatibleFeatures = isVersion3 ? try Self.uint64(bytes, 72) : 0
        autoclearFeatures = isVersion3 ? try Self.uint64(bytes, 88) : 0
        refcountOrder = isVersion3 ? try Self.uint32(bytes, 96) : 4
        headerLength = isVersion3 ? try Self.uint32(bytes, 100) : UInt32(Self.version2Length)
        let hasCompressionType = isVersion3 && headerLength > UInt32(Self.version3Length)
        compressionType =
            hasCompressionType ? bytes.slice(at: Self.version3Length, count: 1)?.first ?? 0 : 0
        guard (9...21).contains(clusterBits) else {
            throw .badHeader(field: "cluster_bits", found: UInt64(clusterBits), expected: "9 to 21")
        }
    }

    private static func uint32(
        _ bytes: HeaderBytes, _ offset: Int
    ) throws(DiskFormatError) -> UInt32 {
        guard let value = bytes.uint32(at: offset) else { throw cutOff(bytes, offset + 4) }
        return value
    }

    private static func uint64(
        _ bytes: HeaderBytes, _ offset: Int
    ) throws(DiskFormatError) -> UInt64 {
        guard let value = bytes.uint64(at: offset) else { throw cutOff(bytes, offset + 8) }
        return value
    }

    private static func cutOff(_ bytes: HeaderBytes, _ end: Int) -> DiskFormatError {
        .truncated(
            structure: "header", endsAtBytes: UInt64(end), fileSizeBytes: UInt64(bytes.count))
    }
}

extension Qcow2Header {
    /// Bits of `incompatible_features` (qcow2.txt).
    enum Incompatible {
        static let corrupt: UInt64 = 1 << 1
        static let externalDataFile: UInt64 = 1 << 2
        static let compressionType: UInt64 = 1 << 3
        static let extendedL2: UInt64 = 1 << 4
        /// All that QEMU knows; bit 0, dirty, only means that reference counts may be stale.
        static let known: UInt64 = 0b1_1111
    }

    /// Bit 1 of `autoclear_features`: the external data file is a raw image.
    static let rawExternalData: UInt64 = 1 << 1

    /// Refuses everything that reaches outside the file or that hides content.
    func checkFeatures() throws(DiskFormatError) {
        if backingFileOffset != 0 || backingFileSize != 0 { throw .backingFile }
        try checkFeaturesOfOverlay()
    }

    /// The same for an overlay, which must have a backing file.
    func checkFeaturesOfOverlay() throws(DiskFormatError) {
        if incompatibleFeatures & Incompatible.externalDataFile != 0
            || autoclearFeatures & Self.rawExternalData != 0
        {
            throw .externalDataFile
        }
        if cryptMethod != 0 { throw .encrypted }
        let unknown = incompatibleFeatures & ~Incompatible.known
        if unknown != 0 { throw .unknownIncompatibleFeatures(mask: unknown) }
        if incompatibleFeatures & Incompatible.corrupt != 0 { throw .markedCorrupt }
        if snapshotCount != 0 { throw .internalSnapshots(count: snapshotCount) }
        try checkCompression()
    }

    private func checkCompression() throws(DiskFormatError) {
        let announced = incompatibleFeatures & Incompatible.compressionType != 0
        guard compressionType <= 1, announced == (compressionType != 0) else {
            throw .badHeader(
                field: "compression_type", found: UInt64(compressionType),
                expected: "0 or 1, as bit 3 of the incompatible features says")
        }
    }
}
