/// Hex numbers as the language writes them: no sign, no separators, ASCII digits of any case.
enum SpecHex {
    /// The digit's value.
    static func digit(_ scalar: Unicode.Scalar) -> Int? {
        switch scalar {
        case "0"..."9": Int(scalar.value) - 48
        case "a"..."f": Int(scalar.value) - 87
        case "A"..."F": Int(scalar.value) - 55
        default: nil
        }
    }

    /// The number, of at most `digitsMax` digits behind an optional `0x`.
    static func number(_ text: String, digitsMax: Int) -> Int? {
        var digits = Array(text.unicodeScalars)
        if digits.count > 2, digits[0] == "0", digits[1] == "x" || digits[1] == "X" {
            digits.removeFirst(2)
        }
        guard (1...digitsMax).contains(digits.count) else { return nil }
        var value = 0
        for scalar in digits {
            guard let digit = digit(scalar) else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    /// `value` with leading zeros.
    static func padded(_ value: Int, width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// `text` without blanks (spaces, tabs) around it.
    static func trimmed(_ text: String) -> String {
        let isBlank = { (scalar: Unicode.Scalar) in scalar == " " || scalar == "\t" }
        let rest = text.unicodeScalars.drop(while: isBlank)
        return String(String.UnicodeScalarView(rest.reversed().drop(while: isBlank).reversed()))
    }
}
