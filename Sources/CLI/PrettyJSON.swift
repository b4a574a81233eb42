import JSON

/// JSON for people and scripts: one value, indented, keys in the order of their bytes, so that two
/// answers can be compared line by line.
enum PrettyJSON {
    /// The text of `value`, with a line feed at its end.
    static func text(_ value: JSONValue) -> String {
        String(decoding: JSONWriter.encode(value, as: .indented), as: UTF8.self) + "\n"
    }
}
