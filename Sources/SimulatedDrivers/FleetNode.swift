/// A decoded tree of a fleet file, whatever its syntax was. Keys keep their order, and a key that
/// comes twice is still there twice, so that it can be refused.
public indirect enum FleetNode: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([FleetNode])
    case map([FleetEntry])

    /// What a message calls it.
    var kind: String {
        switch self {
        case .null: "nothing"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .text: "text"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

/// One key of a map with its value.
public struct FleetEntry: Sendable, Equatable {
    /// The key as written.
    public var key: String
    /// Its value.
    public var value: FleetNode

    /// `key: value`.
    public init(_ key: String, _ value: FleetNode) {
        self.key = key
        self.value = value
    }
}

extension FleetNode: Decodable {
    /// Reads any tree that a decoder offers (JSON, YAML).
    public init(from decoder: any Decoder) throws {
        // By throwing a decoder says that a value is of another kind: each `try?` here asks.
        if let map = try? decoder.container(keyedBy: AnyKey.self) {
            self = .map(
                try map.allKeys.map {
                    FleetEntry($0.stringValue, try map.decode(FleetNode.self, forKey: $0))
                })
            return
        }
        if var list = try? decoder.unkeyedContainer() {
            var items: [FleetNode] = []
            while !list.isAtEnd { items.append(try list.decode(FleetNode.self)) }
            self = .list(items)
            return
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? value.decode(Int.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try value.decode(String.self))
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
