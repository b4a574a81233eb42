/// One of the image's two folder trees: its folders' extents and its path table.
struct ISO9660Hierarchy: Sendable {
    static let sectorBytes = 2048

    let style: ISO9660NameStyle
    let tree: ISO9660Tree
    let timestamp: ISO9660Timestamp
    /// Folder indices in the order of the path table: by depth, parent, identifier.
    private let order: [Int]
    private let identifiers: [[UInt8]]
    /// Each folder's children, sorted by identifier.
    private let children: [[(identifier: [UInt8], name: String, child: ISO9660Tree.Child)]]

    init(style: ISO9660NameStyle, tree: ISO9660Tree, timestamp: ISO9660Timestamp) {
        self.style = style
        self.tree = tree
        self.timestamp = timestamp
        var own = [[UInt8]](repeating: [0], count: tree.folders.count)
        children = tree.folders.map { folder in
            let identifiers = style.identifiers(of: folder.children)
            return zip(identifiers, folder.children)
                .map { (identifier: $0, name: $1.name, child: $1.child) }
                .sorted { $0.identifier.lexicographicallyPrecedes($1.identifier) }
        }
        for entry in children.joined() {
            if case .folder(let index) = entry.child { own[index] = entry.identifier }
        }
        identifiers = own
        order = Self.breadthFirst(children)
    }

    private static func breadthFirst(
        _ children: [[(identifier: [UInt8], name: String, child: ISO9660Tree.Child)]]
    ) -> [Int] {
        var order = [0]
        var next = 0
        while next < order.count {
            for entry in children[order[next]] {
                if case .folder(let index) = entry.child { order.append(index) }
            }
            next += 1
        }
        return order
    }

    /// Where each folder and file begins, in sectors; folders' sizes in bytes.
    struct Places: Sendable {
        var folderSectors: [Int]
        var folderBytes: [Int]
        var fileSectors: [Int]
    }

    /// Folder sizes do not depend on places, so they are known beforehand.
    func folderSizes() -> [Int] {
        let nowhere = Places(
            folderSectors: tree.folders.map { _ in 0 }, folderBytes: tree.folders.map { _ in 0 },
            fileSectors: tree.contents.map { _ in 0 })
        return tree.folders.indices.map { folderBytes($0, nowhere).count }
    }

    /// A folder's extent: records never cross a sector's end (6.8.1.1).
    func folderBytes(_ index: Int, _ places: Places) -> [UInt8] {
        var extent: [UInt8] = []
        for record in records(of: index, places) {
            let room = Self.sectorBytes - extent.count % Self.sectorBytes
            if record.count > room { extent += [UInt8](repeating: 0, count: room) }
            extent += record
        }
        let rest = extent.count % Self.sectorBytes
        if rest > 0 { extent += [UInt8](repeating: 0, count: Self.sectorBytes - rest) }
        return extent
    }

    private func records(of index: Int, _ places: Places) -> [[UInt8]] {
        let parent = tree.folders[index].parent
        let ownUse = systemUse(folder: index, isRootSelf: true)
        let own = folderRecord(index, [0], systemUse: ownUse, places)
        let above = folderRecord(parent, [1], systemUse: systemUse(folder: parent), places)
        return [own, above]
            + children[index].map { identifier, name, child in
                let extra = style == .rockRidge ? RockRidge.name(name) : []
                switch child {
                case .folder(let folder):
                    let use = systemUse(folder: folder) + extra
                    return folderRecord(folder, identifier, systemUse: use, places)
                case .file(let file):
                    let attributes = RockRidge.attributes(isFolder: false, links: 1)
                    return ISO9660DirectoryRecord.bytes(
                        identifier: identifier, extent: places.fileSectors[file],
                        lengthBytes: tree.contents[file].count, isFolder: false,
                        timestamp: timestamp,
                        systemUse: style == .rockRidge ? attributes + extra : [])
                }
            }
    }

    private func systemUse(folder: Int, isRootSelf: Bool = false) -> [UInt8] {
        guard style == .rockRidge else { return [] }
        let subfolders = tree.folders[folder].children.filter {
            if case .folder = $0.child { true } else { false }
        }
        let attributes = RockRidge.attributes(isFolder: true, links: 2 + subfolders.count)
        return isRootSelf && folder == 0 ? RockRidge.announcement + attributes : attributes
    }

    private func folderRecord(
        _ folder: Int, _ identifier: [UInt8], systemUse: [UInt8], _ places: Places
    ) -> [UInt8] {
        ISO9660DirectoryRecord.bytes(
            identifier: identifier, extent: places.folderSectors[folder],
            lengthBytes: places.folderBytes[folder], isFolder: true, timestamp: timestamp,
            systemUse: systemUse)
    }

    /// The root's record as the volume descriptor holds it: 34 bytes, no system use.
    func rootRecord(_ places: Places) -> [UInt8] {
        folderRecord(0, [0], systemUse: [], places)
    }

    /// The path table (9.4) in one of the two byte orders.
    func pathTable(_ places: Places, bigEndian: Bool) -> [UInt8] {
        let integer = bigEndian ? ISO9660Bytes.big : ISO9660Bytes.little
        var numbers = [Int](repeating: 1, count: tree.folders.count)
        for (position, folder) in order.enumerated() { numbers[folder] = position + 1 }
        return order.flatMap { folder -> [UInt8] in
            let identifier = identifiers[folder]
            let entry =
                [UInt8(truncatingIfNeeded: identifier.count), 0]
                + integer(places.folderSectors[folder], 4)
                + integer(numbers[tree.folders[folder].parent], 2) + identifier
            return identifier.count % 2 == 1 ? entry + [0] : entry
        }
    }
}
