/// Reads the dialect of ``SpecRegex``.
struct SpecRegexParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0

    private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    /// The tree of all of `pattern`.
    static func parse(_ pattern: String) throws(SpecRegexError) -> SpecRegexTree {
        var parser = SpecRegexParser(pattern)
        let count = parser.scalars.count
        guard count > 0 else { throw .empty }
        guard count <= SpecLimits.regexLengthMax else { throw .tooLong(count: count) }
        let tree = try parser.choice()
        guard parser.peek == nil else { throw .strayParenthesis(column: parser.column) }
        return tree
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    private var column: Int { index + 1 }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard peek == wanted else { return false }
        index += 1
        return true
    }

    /// `a|b|c`
    private mutating func choice() throws(SpecRegexError) -> SpecRegexTree {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(SpecRegexError) -> SpecRegexTree {
        var parts: [SpecRegexTree] = []
        while let next = peek, next != "|", next != ")" {
            parts.append(try repetition(of: try atom()))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func atom() throws(SpecRegexError) -> SpecRegexTree {
        let start = column
        guard let next = peek else { return .sequence([]) }
        switch next {
        case "*", "+", "?", "{": throw .nothingToRepeat(column: start)
        case "(": return try group()
        case "[": return .character(try characterClass())
        case "\\": return .character(try escape())
        default: break
        }
        index += 1
        switch next {
        case ".": return .character(.any)
        case "^": return .start
        case "$": return .end
        default:
            guard let code = UInt8(exactly: next.value), code < 128 else {
                throw .unsupported(column: start, what: "a character beyond ASCII")
            }
            var set = SpecCharacters()
            set.insert(code...code)
            return .character(set)
        }
    }

    private mutating func group() throws(SpecRegexError) -> SpecRegexTree {
        let start = column
        index += 1
        if take("?"), !take(":") {
            throw .unsupported(column: start, what: "'(?' other than '(?:'")
        }
        depth += 1
        guard depth <= SpecLimits.regexDepthMax else { throw .tooDeep(column: start) }
        let tree = try choice()
        guard take(")") else { throw .unclosedGroup(column: start) }
        depth -= 1
        return tree
    }

    // MARK: Repetitions

    private mutating func repetition(
        of part: SpecRegexTree
    ) throws(SpecRegexError) -> SpecRegexTree {
        let start = column
        let bounds: (min: Int, max: Int?)
        switch peek {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{": bounds = try counted()
        default: return part
        }
        // `^*` would be an anchor that may be missing: certainly not what was meant.
        if part == .start || part == .end { throw .nothingToRepeat(column: start) }
        index += 1
        // Lazy or not: where the whole field has to fit, both take the same fields.
        _ = take("?")
        if let next = peek, ["*", "+", "?", "{"].contains(next) {
            throw .repeatedTwice(column: column)
        }
        return .repeated(part, min: bounds.min, max: bounds.max)
    }

    /// `{m}`, `{m,}`, `{,n}` or `{m,n}`; stops at the `}`.
    private mutating func counted() throws(SpecRegexError) -> (min: Int, max: Int?) {
        let start = column
        index += 1
        let low = try number(start)
        let hasComma = take(",")
        let high = hasComma ? try number(start) : low
        guard peek == "}", low != nil || high != nil else { throw .badRepetition(column: start) }
        if let high, high < low ?? 0 { throw .badRepetition(column: start) }
        return (low ?? 0, high)
    }

    private mutating func number(_ start: Int) throws(SpecRegexError) -> Int? {
        var value: Int?
        while let digit = peek, ("0"..."9").contains(digit) {
            value = (value ?? 0) * 10 + Int(digit.value) - 48
            guard let value, value <= SpecLimits.regexRepeatMax else {
                throw .repetitionTooLarge(column: start)
            }
            index += 1
        }
        return value
    }

    // MARK: Characters

    /// `\` and what follows.
    private mutating func escape() throws(SpecRegexError) -> SpecCharacters {
        let start = column
        index += 1
        var set = SpecCharacters()
        guard let next = peek, let code = UInt8(exactly: next.value), code < 128 else {
            throw .unsupported(column: start, what: "'\\' without a sign behind it")
        }
        index += 1
        switch next {
        case "d": set.insert(UInt8(ascii: "0")...UInt8(ascii: "9"))
        case "w":
            set.insert(UInt8(ascii: "0")...UInt8(ascii: "9"))
            set.insert(UInt8(ascii: "a")...UInt8(ascii: "z"))
            set.insert(UInt8(ascii: "_")...UInt8(ascii: "_"))
        case "a"..."z", "A"..."Z", "0"..."9":
            throw .unsupported(column: start, what: "'\\\(next)'")
        default: set.insert(code...code)
        }
        return set
    }

    /// `[0-9a-f]`, `[^0-3]`; a `-` at either end is itself.
    private mutating func characterClass() throws(SpecRegexError) -> SpecCharacters {
        let start = column
        index += 1
        var set = SpecCharacters()
        let isNegated = take("^")
        let first = index
        while let next = peek, next != "]" {
            let place = column
            if next == "\\" {
                set = set.union(try escape())
                guard !isRange else {
                    throw .unsupported(column: place, what: "a range that begins with '\\'")
                }
                continue
            }
            let low = try code(next)
            index += 1
            guard isRange else {
                set.insert(low...low)
                continue
            }
            let high = try code(scalars[index + 1])
            guard scalars[index + 1] != "\\" else {
                throw .unsupported(column: place, what: "a range that ends with '\\'")
            }
            guard low <= high else { throw .badRange(column: place) }
            index += 2
            set.insert(low...high)
        }
        guard index > first, take("]") else { throw .badClass(column: start) }
        set.isNegated = isNegated
        return set
    }

    /// Whether a `-` comes that doesn't end the class.
    private var isRange: Bool {
        peek == "-" && index + 1 < scalars.count && scalars[index + 1] != "]"
    }

    private func code(_ scalar: Unicode.Scalar) throws(SpecRegexError) -> UInt8 {
        guard let code = UInt8(exactly: scalar.value), code < 128 else {
            throw .unsupported(column: column, what: "a character beyond ASCII")
        }
        return code
    }
}
