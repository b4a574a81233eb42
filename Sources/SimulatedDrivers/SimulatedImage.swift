/// The bytes of a simulated disk's copy: a valid, empty qcow2 that says in the unused rest of its
/// first cluster what is on the disk. Layout: QEMU's `docs/interop/qcow2.txt`, version 3.
struct SimulatedImage {
    private static let clusterBits: UInt32 = 16
    private static let clusterBytes = 1 << Int(clusterBits)
    /// Where the content stands; before it, only the header and the end of its extensions.
    private static let contentOffset = 1_024
    private static let mark = "simulated disk: "
    /// So much of the start of an image holds the whole content.
    static let headBytes = 4_096
    /// Longer contents are cut off, so that they stay within the head.
    private static let contentBytesMax = 2_048

    let virtualSizeBytes: UInt64
    let content: String

    /// Entries of the L1 table: each covers one cluster full of entries for data clusters.
    private var l1Entries: Int {
        let covered = UInt64(Self.clusterBytes) * UInt64(Self.clusterBytes / 8)
        return Int((virtualSizeBytes + covered - 1) / covered)
    }

    /// Header, reference count table and block, L1 table.
    var bytes: [UInt8] {
        let size = Self.clusterBytes
        let l1Clusters = max(1, (l1Entries * 8 + size - 1) / size)
        let clusters = 3 + l1Clusters
        var header = BigEndianBytes()
        header.append([0x51, 0x46, 0x49, 0xfb])
        header.append(UInt32(3))
        header.append(UInt64(0))  // no backing file
        header.append(UInt32(0))
        header.append(Self.clusterBits)
        header.append(virtualSizeBytes)
        header.append(UInt32(0))  // not encrypted
        header.append(UInt32(l1Entries))
        header.append(UInt64(3 * size))  // L1 table
        header.append(UInt64(size))  // reference count table
        header.append(UInt32(1))
        header.append(UInt32(0))  // no snapshots
        header.append(UInt64(0))
        header.append(UInt64(0))  // snapshots' offset, then the three sets of features
        header.append(UInt64(0))
        header.append(UInt64(0))
        header.append(UInt32(4))  // reference counts of 16 bits
        header.append(UInt32(104))
        var bytes = [UInt8](repeating: 0, count: clusters * size)
        bytes.replaceSubrange(0..<header.bytes.count, with: header.bytes)
        let text = Array((Self.mark + content).utf8.prefix(Self.contentBytesMax)) + [0]
        bytes.replaceSubrange(Self.contentOffset..<Self.contentOffset + text.count, with: text)
        var table = BigEndianBytes()
        table.append(UInt64(2 * size))
        bytes.replaceSubrange(size..<size + 8, with: table.bytes)
        for cluster in 0..<clusters { bytes[2 * size + 2 * cluster + 1] = 1 }
        return bytes
    }

    /// What an image that begins with `head` has on its disk; nil for one that no simulated host
    /// made.
    static func content(inHead head: [UInt8]) -> String? {
        let text = head.dropFirst(contentOffset)
        guard head.starts(with: [0x51, 0x46, 0x49, 0xfb]), text.starts(with: mark.utf8) else {
            return nil
        }
        return String(decoding: text.dropFirst(mark.utf8.count).prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// Integers as qcow2 has them.
private struct BigEndianBytes {
    var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) { bytes += more }

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }
}
