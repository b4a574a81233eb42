internal import Glibc

/// Bounded reads below one folder, `/sys` or a test's copy of it.
///
/// Everything in sysfs can vanish between two reads: what isn't there any more is nil or
/// ``VDPAError/missing(path:)``, never a trap.
public struct SysfsTree: Sendable {
    /// Bounds on what is read.
    public enum Limits {
        /// Bytes of a file: the kernel gives a page at most.
        public static let fileSizeBytesMax = 4096
        /// Entries of a folder; a host with thousands of VFs has as many network interfaces.
        public static let entryCountMax = 65_536
    }

    /// The folder that stands for `/sys`, without a slash at its end.
    public let root: String
    /// Told of each file before it is read.
    private var note: ReadingNote?

    /// Reads below `root`.
    public init(root: String = "/sys") {
        var root = root[...]
        while root.count > 1, root.hasSuffix("/") { root = root.dropLast() }
        self.root = String(root)
    }

    /// The same tree, which tells `note` what it is about to read.
    public func noting(_ note: ReadingNote) -> SysfsTree {
        var tree = self
        tree.note = note
        return tree
    }

    /// Where `path` (without a leading slash) is in the file system.
    func absolute(_ path: String) -> String { root + "/" + path }

    private func begin(_ path: String) -> String {
        let path = absolute(path)
        note?.begin(path)
        return path
    }

    /// The names in a folder, sorted; empty if the folder isn't there.
    func entries(_ path: String) throws(VDPAError) -> [String] {
        let path = begin(path)
        guard let folder = opendir(path) else {
            let number = errno
            if Self.isAbsence(number) { return [] }
            throw .unreadable(path: path, errno: number)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            guard names.count < Limits.entryCountMax else {
                throw .unexpected(
                    path: path, wanted: "at most \(Limits.entryCountMax) entries", found: "more")
            }
            names.append(name)
        }
        return names.sorted()
    }

    /// A file's text without the newline at its end. nil if it isn't there, or if the driver has
    /// nothing to say: `phys_switch_id` exists for every interface and fails with EOPNOTSUPP on
    /// most, `phys_port_name` the same.
    func attribute(_ path: String) throws(VDPAError) -> String? {
        let path = begin(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let number = errno
            if Self.isAbsence(number) { return nil }
            throw .unreadable(path: path, errno: number)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Limits.fileSizeBytesMax)
        var count = 0
        while count < bytes.count {
            let added = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count)
            }
            if added < 0 {
                let number = errno
                if number == EINTR { continue }
                if Self.isAbsence(number) || number == EOPNOTSUPP || number == EINVAL {
                    return nil
                }
                throw .unreadable(path: path, errno: number)
            }
            if added == 0 { break }
            count += added
        }
        var text = String(decoding: bytes[..<count], as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// The real path of `path`, as components; nil if it isn't there.
    func resolved(_ path: String) throws(VDPAError) -> [String]? {
        let path = begin(path)
        guard let real = realpath(path, nil) else {
            let number = errno
            if Self.isAbsence(number) { return nil }
            throw .unreadable(path: path, errno: number)
        }
        defer { free(real) }
        return String(cString: real).split(separator: "/").map(String.init)
    }

    /// The last component of a link's target, such as the driver's name; nil without a link.
    func linkName(_ path: String) throws(VDPAError) -> String? {
        let path = begin(path)
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.bindMemory(to: CChar.self).baseAddress.map {
                readlink(path, $0, buffer.count)
            } ?? -1
        }
        guard count >= 0 else {
            let number = errno
            // EINVAL: there, but not a link.
            if Self.isAbsence(number) || number == EINVAL { return nil }
            throw .unreadable(path: path, errno: number)
        }
        let target = String(decoding: bytes[..<count], as: UTF8.self)
        return target.split(separator: "/").last.map(String.init)
    }

    /// ENODEV and ENXIO: the file was still open when its device went.
    private static func isAbsence(_ number: Int32) -> Bool {
        number == ENOENT || number == ENOTDIR || number == ENODEV || number == ENXIO
    }
}
