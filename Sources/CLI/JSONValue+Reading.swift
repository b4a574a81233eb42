import JSON

extension JSONValue {
    /// The member at the end of `path`, such as `capacity.total.vcpus`; nil where it is absent or
    /// null.
    func at(_ path: String) -> JSONValue? {
        var value: JSONValue? = self
        for key in path.split(separator: ".") { value = value?[String(key)] }
        return value == .null ? nil : value
    }

    /// The member as text for a table; nil where it is absent, null or no scalar.
    func text(_ path: String) -> String? {
        switch at(path) {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let flag): flag ? "yes" : "no"
        default: nil
        }
    }

    /// The member as a whole number.
    func number(_ path: String) -> Int? {
        guard case .integer(let number) = at(path) else { return nil }
        return Int(exactly: number)
    }

    /// The member as a list; empty where it is none.
    func list(_ path: String) -> [JSONValue] {
        at(path)?.elements ?? []
    }

    /// The texts of a list.
    func texts(_ path: String) -> [String] {
        list(path).compactMap(\.text)
    }
}
