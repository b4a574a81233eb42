/// CPU numbers as people write them: `0-3,8`. `^2` takes a number out again, wherever it stands.
public struct CPUSet: Sendable, Equatable {
    /// Largest CPU number that is read.
    public static let numberMax = 65_535
    /// Longest text that is read, in bytes.
    public static let textBytesMax = 4_096

    /// Ascending, each once; may be empty only when everything was taken out again.
    public let numbers: [Int]

    /// Reads `text`; nil when it is no such list, or longer or higher than the limits.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.textBytesMax else { return nil }
        var found: Set<Int> = []
        var excluded: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var part = part.drop { $0 == " " }
            while part.last == " " { part.removeLast() }
            if part.first == "^" {
                guard let number = Self.number(part.dropFirst()) else { return nil }
                excluded.insert(number)
            } else {
                let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                guard (1...2).contains(ends.count), let first = Self.number(ends[0]),
                    let last = Self.number(ends[ends.count - 1]), first <= last
                else { return nil }
                found.formUnion(first...last)
            }
        }
        numbers = found.subtracting(excluded).sorted()
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), number <= numberMax
        else { return nil }
        return number
    }
}
