import ComputeModel
import JSON

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
                    + " known here." + Spelling.hint(unknown, among: known) + " There are: "
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
