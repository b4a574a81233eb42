/// What a regular expression says.
indirect enum SpecRegexTree: Sendable, Equatable {
    case character(SpecCharacters)
    case sequence([SpecRegexTree])
    case choice([SpecRegexTree])
    /// `max` nil: without end.
    case repeated(SpecRegexTree, min: Int, max: Int?)
    case start
    case end

    /// States that it will need, never more than just beyond the limit: repetitions multiply.
    var size: Int {
        let size: Int
        switch self {
        case .character, .start, .end: size = 1
        // What is empty counts, or repetitions of nothing would take time and no room.
        case .sequence(let parts): size = Swift.max(1, Self.sum(parts))
        case .choice(let parts): size = Self.sum(parts) + parts.count
        case .repeated(let part, let min, let max):
            size = part.size * min + (part.size + 1) * (max.map { $0 - min } ?? 1)
        }
        return Swift.min(size, SpecLimits.regexStatesMax + 1)
    }

    private static func sum(_ parts: [SpecRegexTree]) -> Int {
        parts.reduce(0) { $0 + $1.size }
    }
}

/// Turns trees into automata, back to front: each part is told the state that follows it.
struct SpecRegexCompiler {
    private var program: [SpecRegex.Instruction] = []

    /// The automaton; it starts at state 0.
    mutating func compile(
        _ tree: SpecRegexTree
    ) throws(SpecRegexError) -> [SpecRegex.Instruction] {
        guard tree.size < SpecLimits.regexStatesMax else { throw .tooLarge }
        // State 0 leads to where the expression begins, which is known last.
        let entry = add(.accept)
        let first = emit(tree, before: add(.accept))
        program[entry] = .either(first, first)
        return program
    }

    private mutating func add(_ instruction: SpecRegex.Instruction) -> Int {
        program.append(instruction)
        return program.count - 1
    }

    /// Adds `tree`, after which `next` follows, and returns where it begins.
    private mutating func emit(_ tree: SpecRegexTree, before next: Int) -> Int {
        switch tree {
        case .character(let set): return add(.character(set, next: next))
        case .start: return add(.atStart(next: next))
        case .end: return add(.atEnd(next: next))
        case .sequence(let parts):
            return parts.reversed().reduce(next) { next, part in emit(part, before: next) }
        case .choice(let parts):
            let starts = parts.map { emit($0, before: next) }
            return starts.dropLast().reversed().reduce(starts[starts.count - 1]) { rest, start in
                add(.either(start, rest))
            }
        case .repeated(let part, let min, let max):
            let tail =
                max.map { optional(part, times: $0 - min, before: next) }
                ?? loop(part, before: next)
            return (0..<min).reduce(tail) { next, _ in emit(part, before: next) }
        }
    }

    /// `part` any number of times.
    private mutating func loop(_ part: SpecRegexTree, before next: Int) -> Int {
        let turn = add(.either(next, next))
        program[turn] = .either(emit(part, before: turn), next)
        return turn
    }

    /// `part` up to `times` times.
    private mutating func optional(
        _ part: SpecRegexTree, times: Int, before next: Int
    ) -> Int {
        (0..<times).reduce(next) { rest, _ in
            add(.either(emit(part, before: rest), next))
        }
    }
}
