/// The header extensions that matter here, out of all that a qcow2 header may carry.
struct Qcow2Extensions: Sendable, Hashable {
    /// Content of the extension "backing file format name".
    var backingFormat: [UInt8]?
    var namesExternalDataFile = false
    var isEncrypted = false

    /// Types of extensions (qcow2.txt).
    private enum Kind {
        static let end: UInt32 = 0
        static let backingFormat: UInt32 = 0xE279_2ACA
        static let externalDataFile: UInt32 = 0x4441_5441
        static let fullDiskEncryption: UInt32 = 0x0537_BE77
    }

    /// QEMU writes fewer than ten; the bound keeps a hostile header cheap.
    static let maximumCount = 64

    /// Walks the extensions from the end of the fixed header to `limit`: the backing file's name
    /// or the end of the first cluster, whichever comes first.
    init(_ bytes: HeaderBytes, header: Qcow2Header) throws(DiskFormatError) {
        var limit = min(header.clusterSizeBytes, UInt64(bytes.count))
        if header.backingFileOffset != 0 { limit = min(limit, header.backingFileOffset) }
        var offset = UInt64(header.headerLength)
        for _ in 0..<Self.maximumCount {
            guard offset + 8 <= limit, let kind = bytes.uint32(at: Int(offset)),
                let length = bytes.uint32(at: Int(offset) + 4)
            else { return }
            if kind == Kind.end { return }
            let content = offset + 8
            guard content + UInt64(length) <= limit else {
                throw .badHeader(
                    field: "extension 0x\(String(kind, radix: 16)) length", found: UInt64(length),
                    expected: "to end before byte \(limit)")
            }
            note(kind, bytes.slice(at: Int(content), count: Int(length)))
            offset = content + (UInt64(length) + 7) / 8 * 8
        }
        throw .badHeader(
            field: "extension count", found: UInt64(Self.maximumCount) + 1,
            expected: "at most \(Self.maximumCount)")
    }

    private mutating func note(_ kind: UInt32, _ content: ArraySlice<UInt8>?) {
        switch kind {
        case Kind.backingFormat: backingFormat = content.map(Array.init)
        case Kind.externalDataFile: namesExternalDataFile = true
        case Kind.fullDiskEncryption: isEncrypted = true
        default: break
        }
    }

    func check() throws(DiskFormatError) {
        if namesExternalDataFile { throw .externalDataFile }
        if isEncrypted { throw .encrypted }
    }
}
