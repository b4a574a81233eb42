/// The folders and files of an image. Folder 0 is the root; parents come before children.
struct ISO9660Tree: Sendable {
    enum Child: Sendable, Hashable {
        case folder(Int)
        case file(Int)
    }

    struct Folder: Sendable {
        let parent: Int
        let depth: Int
        var children: [(name: String, child: Child)] = []
    }

    private(set) var folders = [Folder(parent: 0, depth: 0)]
    private(set) var contents: [[UInt8]] = []

    init(files: [ISO9660File]) throws(ISO9660Error) {
        guard files.count <= ISO9660Limits.maximumFiles else {
            throw .tooManyFiles(found: files.count, maximum: ISO9660Limits.maximumFiles)
        }
        let total = files.reduce(0) { $0 + $1.content.count }
        guard total <= ISO9660Limits.maximumContentBytes else {
            throw .tooLarge(foundBytes: total, maximumBytes: ISO9660Limits.maximumContentBytes)
        }
        for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
            try add(file)
        }
    }

    private mutating func add(_ file: ISO9660File) throws(ISO9660Error) {
        let names = file.path.split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        guard (1...ISO9660Limits.maximumPathNames).contains(names.count),
            names.allSatisfy(Self.isAllowed)
        else { throw .badPath(file.path) }
        var folder = 0
        for name in names.dropLast() {
            folder = try self.folder(name, in: folder, of: file.path)
        }
        let name = names[names.count - 1]
        guard child(name, in: folder) == nil else { throw .duplicatePath(file.path) }
        folders[folder].children.append((name, .file(contents.count)))
        contents.append(file.content)
    }

    private func child(_ name: String, in folder: Int) -> Child? {
        folders[folder].children.first { $0.name == name }?.child
    }

    private mutating func folder(
        _ name: String, in parent: Int, of path: String
    ) throws(ISO9660Error) -> Int {
        switch child(name, in: parent) {
        case .folder(let found): return found
        case .file: throw .duplicatePath(path)
        case nil:
            let index = folders.count
            folders.append(Folder(parent: parent, depth: folders[parent].depth + 1))
            folders[parent].children.append((name, .folder(index)))
            return index
        }
    }

    private static func isAllowed(_ name: String) -> Bool {
        (1...ISO9660Limits.maximumNameLength).contains(name.utf8.count) && name != "."
            && name != ".." && name.utf8.allSatisfy(isAllowed)
    }

    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
