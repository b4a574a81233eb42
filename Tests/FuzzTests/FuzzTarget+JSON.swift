import Foundation
import JSON

extension FuzzTarget {
    /// Any JSON text: bodies of requests, OVSDB's messages, files.
    static let json = FuzzTarget(
        name: "json",
        words: [
            "null", "true", "false", "[", "]", "{", "}", ":", ",", "\"", "\\", "\\u0041",
            "\\ud83d\\ude00", "\\ud83d", "{\"a\":1}", "[[[[", "]]]]", "\"\":", "-0", "1.0", "1e5",
            "1e400", "9223372036854775808", "0.1", "\u{feff}", "\u{301}", "\0",
        ]
    ) { bytes in
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            return (0...bytes.count).contains(error.offset) && !error.description.isEmpty
                ? nil : "an error without a place or a word"
        }
        let other = try? JSONSerialization.jsonObject(
            with: Data(bytes), options: .fragmentsAllowed)
        if other == nil { return "accepts what is no JSON" }
        for form in [JSONWriter.Form.compact, .spaced] {
            guard (try? JSONValue(parsing: JSONWriter.encode(value, as: form))) == value else {
                return "written and read again, it differs"
            }
        }
        let canonical = JSONWriter.encode(value, as: .canonical)
        guard let again = try? JSONValue(parsing: canonical),
            JSONWriter.encode(again, as: .canonical) == canonical
        else { return "the canonical form is not one" }
        return nil
    }
}
