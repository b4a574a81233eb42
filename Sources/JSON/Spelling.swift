/// Finds the word somebody probably meant.
public enum Spelling {
    /// Longer words are compared by their beginning, so that a huge one costs little.
    private static let comparedMax = 64
    /// Shorter words are the start of too many.
    private static let prefixMin = 3
    /// So many slips of the pen are always forgiven.
    private static let slipsForgiven = 2

    /// The shortest candidate that `word` is the start of; else the one that the fewest slips of
    /// the pen turn into `word`, the first by its letters of equals. Nil when even that one is
    /// further away than a third of the word, or as far as any word of its length.
    public static func nearest(
        to word: String, among candidates: some Sequence<String>
    ) -> String? {
        let word = letters(word)
        let known = candidates.map { (name: $0, letters: letters($0)) }
        if word.count >= prefixMin {
            let whole = known.filter { $0.letters.starts(with: word) }
                .min { ($0.letters.count, $0.name) < ($1.letters.count, $1.name) }
            if let whole { return whole.name }
        }
        let best = known.map { (slips: slips(word, $0.letters), name: $0.name) }.min { $0 < $1 }
        guard let best, best.slips <= max(slipsForgiven, word.count / 3),
            best.slips < best.name.unicodeScalars.count
        else { return nil }
        return best.name
    }

    /// ` Did you mean 'x'?`, to end a message with; nothing when no candidate is like `word`.
    public static func hint(_ word: String, among candidates: some Sequence<String>) -> String {
        nearest(to: word, among: candidates).map { " Did you mean '\($0)'?" } ?? ""
    }

    private static func letters(_ word: String) -> [Unicode.Scalar] {
        Array(word.unicodeScalars.prefix(comparedMax))
    }

    /// Letters to add, drop, replace or swap with their neighbour ("optimal string alignment").
    private static func slips(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var older: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    best = min(best, older[column - 1] + 1)
                }
                current.append(best)
            }
            older = previous
            previous = current
        }
        return previous[right.count]
    }
}
