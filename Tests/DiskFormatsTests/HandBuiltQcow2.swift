/// Builds qcow2 headers field by field: offsets as in QEMU's qcow2.txt.
struct HandBuiltQcow2 {
    enum Field: Int, CaseIterable {
        case version = 4
        case backingFileOffset = 8
        case backingFileSize = 16
        case clusterBits = 20
        case size = 24
        case cryptMethod = 32
        case l1Size = 36
        case l1TableOffset = 40
        case refcountTableOffset = 48
        case refcountTableClusters = 56
        case snapshotCount = 60
        case snapshotsOffset = 64
        case incompatibleFeatures = 72
        case autoclearFeatures = 88
        case refcountOrder = 96
        case headerLength = 100

        var width: Int {
            switch self {
            case .backingFileOffset, .size, .l1TableOffset, .refcountTableOffset,
                .snapshotsOffset, .incompatibleFeatures, .autoclearFeatures:
                8
            default: 4
            }
        }
    }

    static let clusterSizeBytes = 65536
    static let virtualSizeBytes: UInt64 = 1 << 30

    var bytes: [UInt8]

    /// A sound image of 1 GiB: header, refcount table and L1 table in a cluster each.
    init(version: UInt32 = 3) {
        bytes = [UInt8](repeating: 0, count: 3 * Self.clusterSizeBytes)
        bytes.replaceSubrange(0..<4, with: [0x51, 0x46, 0x49, 0xfb])
        set(.version, UInt64(version))
        set(.clusterBits, 16)
        set(.size, Self.virtualSizeBytes)
        set(.l1Size, 2)
        set(.l1TableOffset, 2 * 65536)
        set(.refcountTableOffset, 65536)
        set(.refcountTableClusters, 1)
        if version >= 3 {
            set(.refcountOrder, 4)
            set(.headerLength, 104)
        }
    }

    mutating func set(_ field: Field, _ value: UInt64) {
        put(value, width: field.width, at: field.rawValue)
    }

    mutating func put(_ value: UInt64, width: Int, at offset: Int) {
        for index in 0..<width {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * (width - 1 - index)))
        }
    }

    mutating func put(_ text: String, at offset: Int) {
        bytes.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
    }

    /// Writes one header extension and gives the offset behind it.
    mutating func putExtension(_ kind: UInt32, _ content: [UInt8], at offset: Int) -> Int {
        put(UInt64(kind), width: 4, at: offset)
        put(UInt64(content.count), width: 4, at: offset + 4)
        bytes.replaceSubrange(offset + 8..<offset + 8 + content.count, with: content)
        return offset + 8 + (content.count + 7) / 8 * 8
    }

    static func with(_ field: Field, _ value: UInt64, version: UInt32 = 3) -> HandBuiltQcow2 {
        var image = HandBuiltQcow2(version: version)
        image.set(field, value)
        return image
    }
}
