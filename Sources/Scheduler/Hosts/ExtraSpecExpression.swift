/// The right side of an extra spec: an operator with operands, or a plain value that must be equal.
/// Source: Nova's documented extra spec operators (`=`, `==`, `!=`, `>=`, `<=`, `s==`, `s!=`, `s<`,
/// `s<=`, `s>`, `s>=`, `<in>`, `<all-in>`, `<or>`).
struct ExtraSpecExpression: Sendable {
    private let words: [String]
    private let text: String

    init(_ text: String) {
        self.text = text
        words = text.split(separator: " ").map(String.init)
    }

    /// Whether `value` satisfies it. Numbers that are none satisfy nothing.
    func matches(_ value: String) -> Bool {
        guard let first = words.first, words.count > 1 else { return value == text }
        let rest = words.dropFirst().joined(separator: " ")
        switch first {
        case "=": return compare(value, rest) { $0 >= $1 }
        case "==": return compare(value, rest) { $0 == $1 }
        case "!=": return compare(value, rest) { $0 != $1 }
        case ">=": return compare(value, rest) { $0 >= $1 }
        case "<=": return compare(value, rest) { $0 <= $1 }
        case "s==": return value == rest
        case "s!=": return value != rest
        case "s<": return value < rest
        case "s<=": return value <= rest
        case "s>": return value > rest
        case "s>=": return value >= rest
        case "<in>": return value.contains(rest)
        case "<all-in>": return words.dropFirst().allSatisfy { value.contains($0) }
        case "<or>": return alternatives.contains(value)
        default: return value == text
        }
    }

    /// `<or> a <or> b`: a, b.
    private var alternatives: [String] {
        text.components(separatedBy: "<or>").map { trimmed($0) }.filter { !$0.isEmpty }
    }

    private func trimmed(_ text: String) -> String {
        text.split(separator: " ").joined(separator: " ")
    }

    private func compare(
        _ found: String, _ wanted: String, _ holds: (Double, Double) -> Bool
    ) -> Bool {
        guard let found = Double(found), let wanted = Double(wanted) else { return false }
        return holds(found, wanted)
    }
}

extension String {
    /// As Foundation's, which pure modules do without.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
