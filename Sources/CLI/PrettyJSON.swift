import RequestPipeline

/// JSON for people and scripts: one value, indented, keys in alphabetical order, so that two
/// answers can be compared line by line.
enum PrettyJSON {
    private static let indent = "  "

    /// The text of `value`, with a line feed at its end.
    static func text(_ value: JSONValue) -> String {
        render(value, margin: "") + "\n"
    }

    private static func render(_ value: JSONValue, margin: String) -> String {
        let inner = margin + indent
        switch value {
        case .array(let values) where !values.isEmpty:
            let lines = values.map { inner + render($0, margin: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(margin)]"
        case .object(let members) where !members.isEmpty:
            let lines = members.sorted { $0.key < $1.key }.map {
                inner + scalar(.string($0.key)) + ": " + render($0.value, margin: inner)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
        default: return scalar(value)
        }
    }

    private static func scalar(_ value: JSONValue) -> String {
        String(decoding: JSONWriter.encode(value), as: UTF8.self)
    }
}
