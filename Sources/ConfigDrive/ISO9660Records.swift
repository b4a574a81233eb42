/// Integers as ISO 9660 writes them.
enum ISO9660Bytes {
    static func little(_ value: Int, width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    static func big(_ value: Int, width: Int) -> [UInt8] {
        little(value, width: width).reversed()
    }

    /// "Both-byte orders": little-endian, then big-endian.
    static func both(_ value: Int, width: Int) -> [UInt8] {
        little(value, width: width) + big(value, width: width)
    }

    /// Cut or filled to exactly `length` bytes.
    static func padded(_ bytes: [UInt8], to length: Int, with filler: [UInt8] = [0x20]) -> [UInt8] {
        var result = Array(bytes.prefix(length))
        while result.count < length { result.append(contentsOf: filler) }
        return Array(result.prefix(length))
    }
}

/// The entries of the System Use Sharing Protocol and of Rock Ridge (RRIP 1.09) used here.
enum RockRidge {
    private static let folderMode = 0o040555
    private static let fileMode = 0o100444

    /// Owner root, readable for all, like every other file of the metadata service.
    static func attributes(isFolder: Bool, links: Int) -> [UInt8] {
        let mode = isFolder ? folderMode : fileMode
        return Array("PX".utf8) + [36, 1] + ISO9660Bytes.both(mode, width: 4)
            + ISO9660Bytes.both(links, width: 4) + ISO9660Bytes.both(0, width: 4)
            + ISO9660Bytes.both(0, width: 4)
    }

    static func name(_ name: String) -> [UInt8] {
        Array("NM".utf8) + [UInt8(truncatingIfNeeded: 5 + name.utf8.count), 1, 0]
            + Array(name.utf8)
    }

    /// Stands in the root's own record and tells readers that the entries are there.
    static var announcement: [UInt8] {
        let identifier = Array("RRIP_1991A".utf8)
        return Array("SP".utf8) + [7, 1, 0xbe, 0xef, 0] + Array("ER".utf8)
            + [UInt8(8 + identifier.count), 1, UInt8(identifier.count), 0, 0, 1] + identifier
    }
}

/// A directory record (9.1).
enum ISO9660DirectoryRecord {
    static func bytes(
        identifier: [UInt8], extent: Int, lengthBytes: Int, isFolder: Bool,
        timestamp: ISO9660Timestamp, systemUse: [UInt8]
    ) -> [UInt8] {
        var record: [UInt8] = [0, 0]
        record += ISO9660Bytes.both(extent, width: 4)
        record += ISO9660Bytes.both(lengthBytes, width: 4)
        record += timestamp.recordBytes
        record += [isFolder ? 2 : 0, 0, 0]
        record += ISO9660Bytes.both(1, width: 2)
        record.append(UInt8(truncatingIfNeeded: identifier.count))
        record += identifier
        if identifier.count % 2 == 0 { record.append(0) }
        record += systemUse
        if record.count % 2 == 1 { record.append(0) }
        record[0] = UInt8(truncatingIfNeeded: record.count)
        return record
    }
}
