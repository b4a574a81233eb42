/// How names are written in each of the image's two folder trees.
enum ISO9660NameStyle: Sendable {
    /// Upper-case names of at most 31 characters; the true name stands beside it in Rock Ridge.
    case rockRidge
    /// The true name in UCS-2.
    case joliet

    /// The identifiers of a folder's children, unique within it, in the order given.
    func identifiers(of children: [(name: String, child: ISO9660Tree.Child)]) -> [[UInt8]] {
        switch self {
        case .joliet: return children.map { Self.ucs2($0.name) }
        case .rockRidge:
            var taken: Set<[UInt8]> = []
            return children.map { name, child in
                let isFile = if case .file = child { true } else { false }
                return Self.uniqueIdentifier(name, isFile: isFile, taken: &taken)
            }
        }
    }

    static func ucs2(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    /// Base plus extension of a file's identifier, without dot and version (7.5.1).
    private static let maximumPlainLength = 30

    private static func uniqueIdentifier(
        _ name: String, isFile: Bool, taken: inout Set<[UInt8]>
    ) -> [UInt8] {
        var attempt = 0
        while true {
            let identifier = identifier(name, isFile: isFile, attempt: attempt)
            if taken.insert(identifier).inserted { return identifier }
            attempt += 1
        }
    }

    /// From the second attempt on, a number takes the place of the base's end.
    private static func identifier(_ name: String, isFile: Bool, attempt: Int) -> [UInt8] {
        var bytes = Array(name.utf8)
        var suffix: [UInt8] = []
        if isFile {
            let dot = bytes.lastIndex(of: UInt8(ascii: "."))
            let fileExtension = dot.map { Array(bytes[($0 + 1)...].prefix(8)) } ?? []
            if let dot { bytes.removeSubrange(dot...) }
            suffix = [UInt8(ascii: ".")] + fileExtension.map(dCharacter) + Array(";1".utf8)
            bytes = Array(bytes.prefix(maximumPlainLength - fileExtension.count))
        } else {
            bytes = Array(bytes.prefix(maximumPlainLength))
        }
        var base = bytes.map(dCharacter)
        if attempt > 0 {
            let number = Array(String(attempt).utf8)
            base = base.prefix(maximumPlainLength - 8 - number.count) + number
        }
        return base + suffix
    }

    private static func dCharacter(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
        default: UInt8(ascii: "_")
        }
    }
}
