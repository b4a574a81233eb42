import Foundation

/// The query of a request, decoded as browsers and Python write it: `+` is a space.
public struct QueryItems: Sendable {
    /// In the order written.
    public let items: [(name: String, value: String)]

    /// Those of a request.
    public init(_ request: APIRequest) {
        self.init(path: request.head.path ?? "")
    }

    /// The items behind the `?` of `path`.
    public init(path: String) {
        guard let mark = path.firstIndex(of: "?") else {
            items = []
            return
        }
        items = path[path.index(after: mark)...].split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    /// All values under `name`.
    public func values(_ name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    /// The last value under `name`.
    public func value(_ name: String) -> String? { values(name).last }

    /// The query as text, without some names and with others at its end.
    public func text(without names: [String], adding added: [(String, String)]) -> String {
        let kept = items.filter { !names.contains($0.name) }.map { ($0.name, $0.value) }
        return (kept + added).map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }
            .joined(separator: "&")
    }

    private static func decoded(_ text: Substring) -> String {
        let spaced = text.replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? String(spaced)
    }

    private static let plain = CharacterSet.urlQueryAllowed.subtracting(.init(charactersIn: "&=+"))

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }
}
