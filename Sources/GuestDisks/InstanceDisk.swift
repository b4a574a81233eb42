/// A disk of an instance that it can boot from.
public enum InstanceDisk: Sendable, Hashable {
    /// The instance's own disk; each build is another disk.
    case root(build: Int)
    /// The disk that it is rescued with.
    case rescue

    private static let buildPrefix = "root-"
    private static let suffix = ".qcow2"

    /// The file's name. Part of what is stored: it never changes.
    var fileName: String {
        switch self {
        case .root(0): "disk" + Self.suffix
        case .root(let build): "\(Self.buildPrefix)\(build)\(Self.suffix)"
        case .rescue: "rescue" + Self.suffix
        }
    }

    /// The disk in a file of that name; nil if it is none.
    init?(fileName: String) {
        for known in [InstanceDisk.root(build: 0), .rescue] where known.fileName == fileName {
            self = known
            return
        }
        let digits = fileName.dropFirst(Self.buildPrefix.count).dropLast(Self.suffix.count)
        guard let build = Int(digits), build > 0,
            InstanceDisk.root(build: build).fileName == fileName
        else { return nil }
        self = .root(build: build)
    }
}

extension InstanceDisks {
    /// Which disk of the instance the file at `path` is; nil if it is none.
    public func disk(atPath path: String, instanceID: String) -> InstanceDisk? {
        let prefix = "\(directory)/\(instanceID)/"
        guard path.hasPrefix(prefix) else { return nil }
        return InstanceDisk(fileName: String(path.dropFirst(prefix.count)))
    }
}
