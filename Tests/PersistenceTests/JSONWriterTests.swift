import Foundation
import Testing

@testable import Persistence

/// What is written by hand is what the encoder writes.
@Suite struct JSONWriterTests {
    private static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func written(_ body: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        body(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func textIsEscapedAlike() throws {
        let scalars = (0...0x2FF).compactMap { Unicode.Scalar($0) }
        let others = ["\u{2028}", "\u{FEFF}", "\u{1F600}", "e\u{301}", "\r\n", "", "a/b\\\"c"]
        for text in scalars.map({ "x\($0)y" }) + others {
            #expect(Self.written { $0.string(text) } == (try Self.encoded(text)))
        }
    }

    @Test func numbersAreWrittenAlike() throws {
        var random = SeededNumbers()
        let fixed: [Double] = [0, -0.0, 1, -1, 0.1, 1e15, 1e16, 1e17, 1e-7, .pi, 811_000_000.25]
        let drawn = (0..<2_000).map { _ in Double(bitPattern: random.next()) }
        for number in (fixed + drawn).filter(\.isFinite) {
            let text = Self.written { $0.number(number) }
            #expect(text == (try Self.encoded(number)), "\(number.bitPattern)")
            #expect(try JSONDecoder().decode(Double.self, from: Data(text.utf8)) == number)
        }
        for number in [Int.min, -1, 0, 7, Int.max] {
            #expect(Self.written { $0.number(number) } == (try Self.encoded(number)))
        }
    }

    @Test func objectsAndListsNest() {
        let text = Self.written { json in
            json.object { json in
                json.key("a")
                json.array([1, 2])
                json.key("b")
                json.array([])
                json.key("c\"")
                json.object { _ in }
                json.key("d")
                json.array([true, false]) { $0.bool($1) }
            }
        }
        #expect(text == #"{"a":[1,2],"b":[],"c\"":{},"d":[true,false]}"#)
    }

    /// A value that writes itself by hand, or leaves it.
    private struct Reading: StoredValue, Equatable {
        static let collection = "readings"
        var documentKey: String { "r" }
        var share: Double
        var isByHand = true

        func write(to json: inout JSONWriter) -> Bool {
            json.object { json in
                json.key("isByHand")
                json.bool(isByHand)
                json.key("share")
                json.number(share)
            }
            return isByHand
        }
    }

    @Test(arguments: [true, false])
    func eitherWayTheDocumentIsTheSame(isByHand: Bool) throws {
        let value = Reading(share: 0.25, isByHand: isByHand)
        let stored = try DocumentCoding.encode(value, key: key("readings/r"))
        #expect(
            String(decoding: stored, as: UTF8.self)
                == #"{"d":{"isByHand":\#(isByHand),"share":0.25},"v":1}"#)
        #expect(
            try DocumentCoding.decode(Reading.self, from: stored, key: key("readings/r"))
                == value)
    }

    @Test func aNumberWithoutAFormIsAnError() throws {
        let key = try key("readings/r")
        #expect(throws: StoreError.self) {
            try DocumentCoding.encode(Reading(share: .infinity), key: key)
        }
    }
}

/// SplitMix64: the same numbers each time.
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64 = 20_260_801

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
