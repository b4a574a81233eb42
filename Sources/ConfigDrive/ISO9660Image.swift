/// Writes an ISO 9660 image (ECMA-119) with Rock Ridge names for Linux and Joliet names for
/// Windows. The same input gives the same bytes.
public enum ISO9660Image {
    private static let sectorBytes = ISO9660Hierarchy.sectorBytes
    /// Sectors 0 to 15 are the system area; the two volume descriptors and their end follow.
    private static let firstFreeSector = 19

    /// - Parameters:
    ///   - volumeID: the label by which guests find the disk; `config-2` for config drives.
    ///   - files: at most `ISO9660Limits.maximumFiles`, in any order.
    ///   - secondsSince1970: time stamp of the volume and of everything in it.
    /// - Returns: the image, a whole number of 2,048-byte sectors.
    /// - Throws: `ISO9660Error` if names or sizes are not allowed.
    public static func bytes(
        volumeID: String, files: [ISO9660File], secondsSince1970: Int64
    ) throws(ISO9660Error) -> [UInt8] {
        guard (1...ISO9660Limits.maximumVolumeIDLength).contains(volumeID.utf8.count),
            volumeID.utf8.allSatisfy({ ISO9660Tree.isAllowed($0) && $0 != UInt8(ascii: ".") })
        else { throw .badVolumeID(volumeID) }
        let timestamp = try ISO9660Timestamp(secondsSince1970: secondsSince1970)
        let tree = try ISO9660Tree(files: files)
        let hierarchies = [ISO9660NameStyle.rockRidge, .joliet].map {
            ISO9660Hierarchy(style: $0, tree: tree, timestamp: timestamp)
        }
        let layout = Layout(hierarchies, tree: tree, firstSector: firstFreeSector)
        return assemble(volumeID, timestamp, hierarchies, layout, tree)
    }

    /// Where everything lies: path tables, folders, files.
    private struct Layout {
        var pathTables: [(little: Int, big: Int, lengthBytes: Int)] = []
        var places: [ISO9660Hierarchy.Places] = []
        var totalSectors: Int

        init(_ hierarchies: [ISO9660Hierarchy], tree: ISO9660Tree, firstSector: Int) {
            var next = firstSector
            func take(_ lengthBytes: Int) -> Int {
                defer { next += (lengthBytes + sectorBytes - 1) / sectorBytes }
                return next
            }
            for hierarchy in hierarchies {
                let sizes = hierarchy.folderSizes()
                let empty = ISO9660Hierarchy.Places(
                    folderSectors: sizes.map { _ in 0 }, folderBytes: sizes, fileSectors: [])
                let length = hierarchy.pathTable(empty, bigEndian: false).count
                pathTables.append((take(length), take(length), length))
                let sectors = sizes.map(take)
                places.append(.init(folderSectors: sectors, folderBytes: sizes, fileSectors: []))
            }
            let fileSectors = tree.contents.map { take($0.count) }
            for index in places.indices { places[index].fileSectors = fileSectors }
            totalSectors = next
        }
    }

    private static func assemble(
        _ volumeID: String, _ timestamp: ISO9660Timestamp, _ hierarchies: [ISO9660Hierarchy],
        _ layout: Layout, _ tree: ISO9660Tree
    ) -> [UInt8] {
        var image = [UInt8](repeating: 0, count: layout.totalSectors * sectorBytes)
        func put(_ bytes: [UInt8], sector: Int) {
            let start = sector * sectorBytes
            image.replaceSubrange(start..<start + bytes.count, with: bytes)
        }
        for (index, hierarchy) in hierarchies.enumerated() {
            let places = layout.places[index]
            let tables = layout.pathTables[index]
            put(hierarchy.pathTable(places, bigEndian: false), sector: tables.little)
            put(hierarchy.pathTable(places, bigEndian: true), sector: tables.big)
            for folder in tree.folders.indices {
                put(hierarchy.folderBytes(folder, places), sector: places.folderSectors[folder])
            }
            let descriptor = ISO9660VolumeDescriptor(
                style: hierarchy.style, volumeID: volumeID, totalSectors: layout.totalSectors,
                pathTable: tables, rootRecord: hierarchy.rootRecord(places),
                timestamp: timestamp)
            put(descriptor.bytes, sector: 16 + index)
        }
        put(ISO9660VolumeDescriptor.terminator, sector: 18)
        for (file, content) in tree.contents.enumerated() {
            put(content, sector: layout.places[0].fileSectors[file])
        }
        return image
    }
}
