import ComputeModel

/// Checks of texts that several network nouns have.
enum NetworkText {
    /// Throws `invalid` when there are too many tags, or one is too long or empty.
    static func checkTags(_ tags: [String], _ noun: Noun) throws(DomainError) {
        guard tags.count <= NetworkLimits.tagsMax else {
            throw .invalid(
                noun, field: "tags",
                "At most \(NetworkLimits.tagsMax) tags are allowed, not \(tags.count).")
        }
        for tag in tags where !(1...NetworkLimits.tagLengthMax).contains(tag.count) {
            throw .invalid(
                noun, field: "tags",
                "A tag has 1 to \(NetworkLimits.tagLengthMax) characters, not \(tag.count).")
        }
    }

    /// Applies `change`, drops repetitions and checks the outcome.
    static func retag(
        _ tags: inout [String], _ noun: Noun, _ change: (inout [String]) throws -> Void
    ) throws {
        try change(&tags)
        var seen: Set<String> = []
        tags = tags.filter { seen.insert($0).inserted }
        try checkTags(tags, noun)
    }
}
