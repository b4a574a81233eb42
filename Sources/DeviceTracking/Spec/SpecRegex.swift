/// A regular expression that is held against one whole field of a PCI address.
///
/// The dialect: characters, `.`, `\d`, `\w`, `\` before a sign, classes `[0-9a-f]` and `[^0-3]`,
/// groups `(...)` and `(?:...)`, `|`, `*`, `+`, `?`, `{m}`, `{m,}`, `{,n}`, `{m,n}` (each with a
/// `?` behind it, which changes nothing where the whole field has to fit), `^` and `$`. Letters
/// count in any case, as addresses are hex.
///
/// It is run as a nondeterministic automaton that follows all alternatives at once: a match costs
/// at most `(field length + 1) * regexStatesMax` steps, whatever the expression, where
/// backtracking engines may take exponential time.
public struct SpecRegex: Sendable, Equatable {
    /// As written.
    public let pattern: String
    private let program: [Instruction]

    /// One state of the automaton; numbers are the states that come next.
    enum Instruction: Sendable, Equatable {
        case character(SpecCharacters, next: Int)
        case either(Int, Int)
        case atStart(next: Int)
        case atEnd(next: Int)
        case accept
    }

    /// Compiles `pattern`.
    public init(_ pattern: String) throws(SpecRegexError) {
        let tree = try SpecRegexParser.parse(pattern)
        var compiler = SpecRegexCompiler()
        self.pattern = pattern
        program = try compiler.compile(tree)
    }

    /// Whether the expression fits all of `field`.
    public func matches(_ field: String) -> Bool {
        let field = Array(field.unicodeScalars)
        var states = StateSet(count: program.count)
        follow([0], at: 0, of: field.count, into: &states)
        for (index, scalar) in field.enumerated() {
            let next = states.members.compactMap { state -> Int? in
                guard case .character(let set, let next) = program[state],
                    set.contains(scalar)
                else { return nil }
                return next
            }
            states = StateSet(count: program.count)
            follow(next, at: index + 1, of: field.count, into: &states)
        }
        return states.members.contains { program[$0] == .accept }
    }

    /// Adds what can be reached from `starts` without reading a character. Each state is entered
    /// once, so loops around nothing end.
    private func follow(
        _ starts: [Int], at index: Int, of count: Int, into states: inout StateSet
    ) {
        var waiting = starts
        while let state = waiting.popLast() {
            guard states.insert(state) else { continue }
            switch program[state] {
            case .either(let one, let two): waiting += [two, one]
            case .atStart(let next): if index == 0 { waiting.append(next) }
            case .atEnd(let next): if index == count { waiting.append(next) }
            case .character, .accept: break
            }
        }
    }

    private struct StateSet {
        private(set) var members: [Int] = []
        private var isMember: [Bool]

        init(count: Int) { isMember = Array(repeating: false, count: count) }

        mutating func insert(_ state: Int) -> Bool {
            guard !isMember[state] else { return false }
            isMember[state] = true
            members.append(state)
            return true
        }
    }
}

/// A set of ASCII characters.
struct SpecCharacters: Sendable, Equatable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    /// Whether it has everything but its members, characters beyond ASCII included.
    var isNegated = false

    static var any: SpecCharacters {
        var set = SpecCharacters()
        set.isNegated = true
        return set
    }

    /// Adds ASCII codes, letters in both cases.
    mutating func insert(_ codes: ClosedRange<UInt8>) {
        for code in codes {
            add(code)
            switch code {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): add(code - 32)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): add(code + 32)
            default: break
            }
        }
    }

    func union(_ other: SpecCharacters) -> SpecCharacters {
        var both = self
        both.low |= other.low
        both.high |= other.high
        return both
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let code = scalar.value
        guard code < 128 else { return isNegated }
        let word = code < 64 ? low : high
        return (word >> UInt64(code & 63) & 1 == 1) != isNegated
    }

    private mutating func add(_ code: UInt8) {
        let bit = UInt64(1) << UInt64(code & 63)
        if code < 64 { low |= bit } else { high |= bit }
    }
}
