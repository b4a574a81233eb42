/// Finds the word somebody probably meant.
enum SpecSpelling {
    /// Longer words are compared by their beginning.
    private static let comparedMax = 64

    /// Shorter words are the start of too many.
    private static let prefixMin = 3

    /// The candidate that `word` is the start of; else the one that the fewest slips of the pen
    /// turn into `word`, nil when even that one is further away than a third of the word, with
    /// two slips always forgiven.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        if word.count >= prefixMin, let whole = candidates.first(where: { $0.hasPrefix(word) }) {
            return whole
        }
        let best = candidates.map { (distance(word, $0), $0) }.min { $0 < $1 }
        guard let best, best.0 <= max(2, word.count / 3), best.0 < best.1.count else {
            return nil
        }
        return best.1
    }

    /// Characters to add, drop, replace or swap with their neighbour ("optimal string alignment").
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.prefix(comparedMax)), right = Array(right.prefix(comparedMax))
        var older: [Int] = []
        var previous = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
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
