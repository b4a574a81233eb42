import FoundationEssentials

/// Any JSON value (RFC 8259). Integers stay apart from reals because OVSDB's atoms do.
public enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// A number with a fraction or an exponent, or an integer outside 64 bits.
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The members of an object; `nil` for every other kind of value.
    public var members: [String: JSONValue]? {
        if case .object(let members) = self { return members }
        return nil
    }

    /// The elements of an array; `nil` for every other kind of value.
    public var elements: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// The text of a string; `nil` for every other kind of value.
    public var text: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// Reads one complete JSON document.
    ///
    /// - Throws: ``OVSDBError/malformedMessage(detail:)`` when the bytes aren't one.
    public init(parsing bytes: some Collection<UInt8>) throws(OVSDBError) {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw .malformedMessage(detail: "not JSON, in \(bytes.count) bytes: \(error)")
        }
    }

    /// The value as compact JSON with members in the order of their names, so that equal values
    /// give equal bytes.
    ///
    /// - Throws: ``OVSDBError/malformedMessage(detail:)`` for a real that is not finite, which
    ///   JSON can't express.
    public func serialized() throws(OVSDBError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(self))
        } catch {
            throw .malformedMessage(detail: "can't write a value as JSON: \(error)")
        }
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let text = Self.ifMatching({ try container.decode(String.self) }) {
            self = .string(text)
        } else if var list = Self.ifMatching({ try decoder.unkeyedContainer() }) {
            var elements: [JSONValue] = []
            while !list.isAtEnd {
                elements.append(try list.decode(JSONValue.self))
            }
            self = .array(elements)
        } else if let number = Self.ifMatching({ try container.decode(Int64.self) }) {
            self = .integer(number)
        } else if let truth = Self.ifMatching({ try container.decode(Bool.self) }) {
            self = .boolean(truth)
        } else if let number = Self.ifMatching({ try container.decode(Double.self) }) {
            self = .real(number)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let truth): try container.encode(truth)
        case .integer(let number): try container.encode(number)
        case .real(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .array(let elements): try container.encode(elements)
        case .object(let members): try container.encode(members)
        }
    }

    /// Asks the decoder for one kind of value. Any failure means "not that kind" (the decoder's
    /// errors for a number that doesn't fit are its own): the last kind tried reports for all.
    private static func ifMatching<T>(_ read: () throws -> T) -> T? {
        do {
            return try read()
        } catch {
            return nil
        }
    }
}
