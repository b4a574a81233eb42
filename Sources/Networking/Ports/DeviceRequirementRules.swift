import ComputeModel

/// What may be asked of a device, on a port or by a flavor: bounds and names.
public enum DeviceRequirementRules {
    /// Pairs of queues; virtio-net has at most 32,768.
    public static let queuePairs = 1...32_768
    /// Link speed in Mbit/s.
    public static let linkSpeedMbps = 1...10_000_000
    /// Packet size in bytes; virtio's field has 16 bits.
    public static let mtuBytes = 68...65_535
    /// Longest list of features, as text.
    public static let featuresLengthMax = 1_024

    /// The names in a list written as one text, between commas, semicolons or blanks: the client's
    /// way to write a dictionary leaves no other.
    public static func names(in text: String) -> [String] {
        text.split { $0 == "," || $0 == ";" || $0 == " " }.map(String.init)
    }

    /// `names` sorted, each once. Throws `invalid` under `field` for one that is no feature.
    public static func features(
        _ names: [String], _ noun: Noun, field: String
    ) throws(DomainError) -> [String] {
        let known = VirtioFeature.allCases.map(\.name)
        if let unknown = names.first(where: { !known.contains($0) }) {
            throw .invalid(
                noun, field: field,
                "'\(field)' names '\(unknown.prefix(64))', which is no feature of virtio devices"
                    + " known here." + NearestName.hint(unknown, among: known) + " There are: "
                    + known.sorted().joined(separator: ", ") + ".")
        }
        return Set(names).sorted()
    }

    /// What a text such as `true` or `no` says; nil when it says nothing of the kind.
    package static func truth(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes", "on", "t", "y": true
        case "false", "0", "no", "off", "f", "n": false
        default: nil
        }
    }
}

/// Finds the word that somebody probably meant.
package enum NearestName {
    /// Longer words are compared by their beginning.
    private static let comparedMax = 64

    /// ` Did you mean 'x'?`, or nothing when no candidate is like `word`.
    package static func hint(_ word: String, among candidates: [String]) -> String {
        let word = word.prefix(comparedMax)
        let best = candidates.map { (word.difference(from: $0).count, $0) }.min { $0 < $1 }
        guard let best, best.0 <= max(3, word.count / 2) else { return "" }
        return " Did you mean '\(best.1)'?"
    }
}
