/// What is wrong with a regular expression. Columns count characters of the expression, from 1.
public enum SpecRegexError: Error, Sendable, Equatable {
    /// It has no character: it would fit no field.
    case empty
    /// It has more characters than the limit.
    case tooLong(count: Int)
    /// Its repetitions multiply to more states than the limit.
    case tooLarge
    /// Groups inside each other beyond the limit.
    case tooDeep(column: Int)
    /// `*`, `+`, `?` or `{` with nothing before it that could be repeated.
    case nothingToRepeat(column: Int)
    /// A second repetition right behind the first.
    case repeatedTwice(column: Int)
    /// `{` that no numbers and `}` follow, or with its numbers the wrong way round.
    case badRepetition(column: Int)
    /// A number in `{m,n}` beyond the limit.
    case repetitionTooLarge(column: Int)
    /// `(` without its `)`.
    case unclosedGroup(column: Int)
    /// `)` without its `(`.
    case strayParenthesis(column: Int)
    /// `[` without its `]`, or with nothing between them.
    case badClass(column: Int)
    /// A range such as `f-a` whose end comes before its start.
    case badRange(column: Int)
    /// Something that other dialects have: look-arounds, back-references, named groups.
    case unsupported(column: Int, what: String)
}

extension SpecRegexError: CustomStringConvertible {
    /// Where in the expression; nil where it is the whole.
    public var column: Int? {
        switch self {
        case .empty, .tooLong, .tooLarge: nil
        case .tooDeep(let column), .nothingToRepeat(let column), .repeatedTwice(let column),
            .badRepetition(let column), .repetitionTooLarge(let column),
            .unclosedGroup(let column), .strayParenthesis(let column), .badClass(let column),
            .badRange(let column), .unsupported(let column, _):
            column
        }
    }

    /// What is wrong and what to do, without a full stop.
    public var description: String {
        let place = column.map { "at its column \($0) " } ?? ""
        return place + reason
    }

    private var reason: String {
        switch self {
        case .empty: "it is empty and would fit no field; leave the key out or write '.*'"
        case .tooLong(let count):
            "it has \(count) characters, at most \(SpecLimits.regexLengthMax) are allowed"
        case .tooLarge: "it repeats too much inside what is repeated; write smaller repetitions"
        case .tooDeep: "groups lie more than \(SpecLimits.regexDepthMax) deep; write it flatter"
        case .nothingToRepeat: "nothing stands before the repetition; for any value write '.*'"
        case .repeatedTwice: "a repetition follows a repetition; put the first into a group"
        case .badRepetition:
            "expected {m}, {m,}, {,n} or {m,n} with m up to n; a brace itself is \\{"
        case .repetitionTooLarge:
            "a repetition is beyond \(SpecLimits.regexRepeatMax); a field has 4 digits at most"
        case .unclosedGroup: "the group has no ')'; a parenthesis itself is \\("
        case .strayParenthesis: "')' closes no group; a parenthesis itself is \\)"
        case .badClass: "the class needs characters and a ']'; a bracket itself is \\["
        case .badRange: "the range ends before it starts; write the lower end first"
        case .unsupported(_, let what):
            "\(what) is not supported; write it with classes, groups, '|' and repetitions"
        }
    }
}
