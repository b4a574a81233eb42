import ComputeModel
import JSON
import RequestPipeline
import Testing

@Suite struct BodyReaderTests {
    private static func reader(_ value: JSONValue) throws -> BodyReader {
        try BodyReader(value, path: "server", noun: .server)
    }

    /// The message of the error that `read` ends with; nil when it ends well.
    private static func message(
        _ value: JSONValue, _ read: (inout BodyReader) throws -> Void
    ) throws -> String? {
        do {
            var reader = try reader(value)
            try read(&reader)
            try reader.finish()
            return nil
        } catch DomainError.invalid(.server, _, let message) {
            return message
        }
    }

    @Test(arguments: [JSONValue.null, "text", 1, [], true])
    func onlyObjectsAreRead(value: JSONValue) throws {
        let message = try Self.message(value) { _ in }
        #expect(
            message
                == "Invalid input for field 'server': expected an object, found"
                + " \(value.typeName).")
    }

    @Test(arguments: [
        ("flavourRef", " Did you mean 'flavorRef'?"), ("nane", " Did you mean 'name'?"),
        ("NAME", ""), ("completely_different", ""),
    ])
    func anUnknownKeyIsNamedWithTheNearest(key: String, hint: String) throws {
        let message = try Self.message(["name": "n", key: 1]) { reader in
            _ = try reader.string("name")
            _ = try reader.string("flavorRef")
        }
        #expect(
            message
                == "Additional properties are not allowed ('\(key)' was unexpected in"
                + " 'server').\(hint)")
    }

    @Test func whatIsIgnoredIsKnown() throws {
        let message = try Self.message(["a": 1, "b": [:]]) { $0.ignore("a", "b") }
        #expect(message == nil)
    }

    @Test func nullAndAbsentAreTheSame() throws {
        var reader = try Self.reader(["a": nil])
        let values: [Any?] = [
            try reader.string("a"), try reader.integer("a"), try reader.bool("b"),
            try reader.array("b"), try reader.object("a"), try reader.stringMap("a"),
        ]
        #expect(values.allSatisfy { $0 == nil })
        let isThere = (reader.has("a"), reader.has("b"))
        #expect(isThere == (true, false))
        try reader.finish()
        let message = try Self.message(["a": nil]) { _ = try $0.requiredString("a") }
        #expect(message == "'a' is a required property of 'server'.")
    }

    @Test(arguments: [("", false), ("a", true), ("abc", true), ("abcd", false), ("é🏳️‍🌈漢", true)])
    func stringsHaveALength(text: String, fits: Bool) throws {
        let message = try Self.message(["name": .string(text)]) { reader in
            _ = try reader.string("name", length: 1...3)
        }
        #expect((message == nil) == fits)
    }

    @Test func aLongTextIsNotRepeatedInTheMessage() throws {
        let message = try Self.message(["name": .string(String(repeating: "x", count: 999))]) {
            _ = try $0.string("name", length: 1...3)
        }
        #expect(
            message
                == "Invalid input for field 'name': A text of 999 characters must have 1 to 3"
                + " characters.")
    }

    static let integers: [(JSONValue, Int?)] = [
        (.integer(7), 7), (.string("7"), 7), (.string("-7"), nil), (.integer(11), nil),
        (.number(1.5), nil), (.string("x"), nil), (.string(""), nil), (.bool(true), nil),
        (.integer(.max), nil), (.string("99999999999999999999"), nil), (.array([]), nil),
    ]

    @Test(arguments: integers)
    func integersAreInTheirRange(value: JSONValue, expected: Int?) throws {
        var found: Int?
        let message = try Self.message(["count": value]) {
            found = try $0.integer("count", in: 0...10)
        }
        #expect(found == expected)
        #expect((message == nil) == (expected != nil))
    }

    static let truths: [(JSONValue, Bool?)] = [
        (.bool(true), true), (.bool(false), false), (1, true), (0, false),
        ("true", true), ("Yes", true), ("on", true), ("0", false), ("OFF", false), ("f", false),
        (2, nil), ("maybe", nil), ("", nil), (.object([]), nil),
    ]

    @Test(arguments: truths)
    func truthIsReadAsOpenStackDoes(value: JSONValue, expected: Bool?) throws {
        var found: Bool?
        let message = try Self.message(["flag": value]) { found = try $0.bool("flag") }
        #expect(found == expected)
        #expect((message == nil) == (expected != nil))
    }

    @Test func listsAndMapsAreBoundedAndOfOneType() throws {
        let long = JSONValue.array(Array(repeating: "x", count: 4))
        let fits = try Self.message(["l": long]) { _ = try $0.strings("l", countMax: 4) }
        #expect(fits == nil)
        let tooLong = try Self.message(["l": long]) { _ = try $0.strings("l", countMax: 3) }
        let start = "Invalid input for field"
        #expect(tooLong == "\(start) 'l': it has 4 entries, at most 3 are allowed.")
        let mixed = try Self.message(["l": ["x", 1]]) { _ = try $0.strings("l") }
        #expect(mixed == "\(start) 'l': expected strings, found an integer.")
        let map: JSONValue = ["m": ["a": "b", "c": "d"]]
        let tooMany = try Self.message(map) { _ = try $0.stringMap("m", countMax: 1) }
        #expect(tooMany == "\(start) 'm': it has 2 keys, at most 1 are allowed.")
        let number = try Self.message(["m": ["k": 1]]) { _ = try $0.stringMap("m") }
        #expect(number == "\(start) 'm.k': expected a string, found an integer.")
    }

    @Test func aKeyThatComesTwiceIsReadOnce() throws {
        let twice = JSONValue.object([.init("name", "first"), .init("name", "second")])
        var reader = try Self.reader(twice)
        let name = try reader.string("name")
        #expect(name == "first")
        #expect(reader.keys == ["name"])
        try reader.finish()
    }

    @Test func nestedObjectsAreNamedByTheirPath() throws {
        var outer = try Self.reader(["inner": ["odd": 1]])
        let inner = try #require(try outer.object("inner"))
        try outer.finish()
        let error = #expect(throws: DomainError.self) { try inner.finish() }
        #expect(error?.description.contains("in 'server.inner'") == true)
    }

    /// Canonical equivalents are two keys, and a key of marks alone costs no more than another.
    @Test func keysAreComparedByteByByte() throws {
        let marks = String(repeating: "\u{316}\u{301}", count: 100_000)
        let message = try Self.message(["e\u{301}": 1, "a\(marks)": 2]) { reader in
            let isThere = reader.has("\u{e9}")
            #expect(!isThere)
        }
        #expect(message?.contains("was unexpected in 'server'") == true)
    }
}
