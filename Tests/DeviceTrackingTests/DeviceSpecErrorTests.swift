import JSON
import Testing

@testable import DeviceTracking

@Suite struct DeviceSpecErrorTests {
    /// Values, and where which error is found in them.
    struct Wrong: Sendable, CustomTestStringConvertible {
        var values: [String]
        var entry: Int
        var column: Int
        var line = 1
        /// What the message has to say.
        var says: String
        var testDescription: String { values.joined(separator: " + ") }

        init(
            _ values: String..., entry: Int = 0, column: Int, line: Int = 1, says: String
        ) {
            self.values = values
            self.entry = entry
            self.column = column
            self.line = line
            self.says = says
        }
    }

    @Test(arguments: [
        // What is no entry.
        Wrong(#""0000:06:00.3""#, column: 1, says: "found '0000:06:00.3', expected an object"),
        Wrong("7", column: 1, says: "found the number 7"),
        Wrong("null", column: 1, says: "found null"),
        Wrong("true", column: 1, says: "boolean true"),
        Wrong("[{}, []]", entry: 1, column: 6, says: "found a list"),
        Wrong("[{}, {}, 1]", entry: 2, column: 10, says: "the number 1"),
        Wrong("{}", "[{}]", "[null]", entry: 2, column: 2, says: "found null"),
        // Keys.
        Wrong(
            #"{"vendor_id":"*","adress":"*"}"#, column: 18,
            says: "unknown key 'adress'. Did you mean 'address'? Known keys: address, devname"),
        Wrong(#"{"venodr_id":"*"}"#, column: 2, says: "mean 'vendor_id'?"),
        Wrong(#"{"physical_net":"a"}"#, column: 2, says: "mean 'physical_network'?"),
        Wrong(#"{"vendor":"15b3"}"#, column: 2, says: "mean 'vendor_id'?"),
        Wrong(#"{"trait":"a"}"#, column: 2, says: "mean 'traits'?"),
        Wrong(#"{"Address":"*"}"#, column: 2, says: "mean 'address'?"),
        Wrong(#"{"zz":1}"#, column: 2, says: "unknown key 'zz'. Known keys"),
        Wrong(#"{"":1}"#, column: 2, says: "unknown key ''. Known keys"),
        Wrong("{\"a\\u001b[2J\":1}", column: 2, says: "'a\\u{1b}[2J'"),
        Wrong(
            #"{"trusted":true, "trusted":true}"#, column: 18, says: "'trusted' is there twice"),
        Wrong(#"{"one_time_use":false}"#, column: 2, says: "Placement"),
        Wrong(
            #"{"devname":"ens1","address":""}"#, column: 19,
            says: "'address' and 'devname' exclude each other"),
        Wrong(
            #"{"address":"*","devname":"ens1"}"#, column: 16,
            says: "'devname' and 'address' exclude each other"),
        // Values.
        Wrong("{}", #"[{},{"vendor_id": 15}]"#, entry: 2, column: 19, says: "the number 15"),
        Wrong(#"{"product_id":"fffff"}"#, column: 15, says: "up to four hex digits"),
        Wrong(#"{"address":"0000:06:20.0"}"#, column: 12, says: "its slot '20' to be a hex"),
        Wrong(#"{"address":"0:0:06:00.0"}"#, column: 12, says: "at most two colons"),
        Wrong(#"{"address":["x"]}"#, column: 12, says: "'address' is a list"),
        Wrong(#"{"devname":""}"#, column: 12, says: "1 to 15 characters"),
        Wrong(#"{"devname":"sixteen-letters-"}"#, column: 12, says: "1 to 15 characters"),
        Wrong(#"{"devname":"../ens1"}"#, column: 12, says: "no '/'"),
        Wrong(#"{"devname":null}"#, column: 12, says: "'devname' is null"),
        Wrong(#"{"physical_network":""}"#, column: 21, says: "1 to 64 characters"),
        Wrong(#"{"physical_network":1}"#, column: 21, says: "the number 1"),
        Wrong(#"{"trusted":"maybe"}"#, column: 12, says: "one of true, false"),
        Wrong(#"{"resource_class":"-"}"#, column: 19, says: "resource class"),
        Wrong(#"{"traits":["a"]}"#, column: 11, says: "between commas"),
        Wrong(#"{"traits":"a,!"}"#, column: 11, says: "between commas"),
        // Expressions.
        Wrong(
            #"{"address":{"slot":"[0-"}}"#, column: 20,
            says: "'[0-' of 'address.slot' can't be used: at its column 1 the class"),
        Wrong(#"{"address":{"bus":"0(6"}}"#, column: 19, says: "at its column 2 the group"),
        Wrong(#"{"address":{"slot":"*"}}"#, column: 20, says: "for any value write '.*'"),
        Wrong(#"{"address":{"bus":6}}"#, column: 19, says: "'address.bus' is the number 6"),
        Wrong(#"{"address":{"bus":null}}"#, column: 19, says: "'address.bus' is null"),
        Wrong(#"{"address":{"buss":"06"}}"#, column: 13, says: "mean 'address.bus'?"),
        Wrong(#"{"address":{"bus":"06","bus":"06"}}"#, column: 24, says: "there twice"),
        // Several lines.
        Wrong(
            "[{},\n  {\"trusted\":\n 7}]", entry: 1, column: 2, line: 3,
            says: "line 3, column 2"),
    ])
    func isFoundWhereItIs(wrong: Wrong) {
        let error = #expect(throws: DeviceSpecError.self) { try DeviceSpec(json: wrong.values) }
        #expect(error?.entry == wrong.entry)
        #expect(error?.position == TextPosition(line: wrong.line, column: wrong.column))
        let text = error?.description ?? ""
        #expect(text.contains(wrong.says), "\(text)")
        #expect(text.hasPrefix("device_spec entry \(wrong.entry), "))
        #expect(text.hasSuffix("."))
    }

    @Test("decoded trees have entries and no columns, and may hold texts that have both")
    func trees() {
        let tree: [JSONValue] = [["trusted": "maybe"]]
        let error = #expect(throws: DeviceSpecError.self) { try DeviceSpec(reading: tree) }
        #expect(error?.position == nil)
        #expect(error?.description.hasPrefix("device_spec entry 0: 'trusted' is ") == true)
        let mixed: [JSONValue] = [
            [:], [[:], [:]], .string(#"[{}, {"trusted": 3}]"#),
        ]
        let second = #expect(throws: DeviceSpecError.self) { try DeviceSpec(reading: mixed) }
        #expect(second?.entry == 4)
        #expect(second?.column == 18)
        let nested: [JSONValue] = [["{}"]]
        #expect(throws: DeviceSpecError.notAnEntry(entry: 0, at: nil, found: "'{}'")) {
            try DeviceSpec(reading: nested)
        }
        let twice: [JSONValue] = [
            ["trusted": true, "trusted": true]
        ]
        #expect(throws: DeviceSpecError.duplicateKey(entry: 0, at: nil, key: "trusted")) {
            try DeviceSpec(reading: twice)
        }
    }

    @Test("limits over all values")
    func limits() throws {
        let full = Array(repeating: "{}", count: SpecLimits.entriesMax)
        #expect(try DeviceSpec(json: full).entries.count == SpecLimits.entriesMax)
        let list = "[" + full.joined(separator: ",") + "]"
        #expect(try DeviceSpec(json: [list]).entries.count == SpecLimits.entriesMax)
        for json in [full + ["{}"], [list, "[{}]"], [list.dropLast() + ",{}]"]] {
            let error = #expect(throws: DeviceSpecError.self) { try DeviceSpec(json: json) }
            guard case .overLimit(SpecLimits.entriesMax, _, _, SpecLimits.entriesMax)? = error
            else {
                Issue.record("found \(String(describing: error))")
                return
            }
        }
        let traits = (0...SpecLimits.traitsMax).map { "t\($0)" }.joined(separator: ",")
        let long = String(repeating: "n", count: 64)
        #expect(throws: DeviceSpecError.self) {
            try DeviceSpec(json: [#"{"traits":"\#(traits)"}"#])
        }
        #expect(throws: DeviceSpecError.self) {
            try DeviceSpec(json: [#"{"physical_network":"\#(long)n"}"#])
        }
        #expect(
            try DeviceSpec(json: [#"{"physical_network":"\#(long)"}"#]).entries[0].physicalNetwork
                == long)
    }
}
