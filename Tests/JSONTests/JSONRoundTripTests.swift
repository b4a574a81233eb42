import Foundation
import JSON
import Testing

/// What is written is read again as it was, by us and by Foundation.
@Suite struct JSONRoundTripTests {
    private static let forms: [JSONWriter.Form] = [.compact, .canonical, .spaced, .indented]

    static let hostile: [String] = [
        "", "\"", "\\", "\\\"", "\n\r\t", "\u{0}\u{1}\u{1f}\u{7f}", "</script>", "\u{2028}\u{2029}",
        "é e\u{301} ß 漢字 🏳️‍🌈", "\u{FFFF}\u{10FFFF}", "a/b", "\u{8}\u{c}", "\u{FEFF}bom",
        String(repeating: "\"\\", count: 500),
    ]

    @Test(arguments: hostile)
    func everyTextComesBackAsItWas(text: String) throws {
        for form in Self.forms {
            let parsed = try JSONValue(parsing: JSONWriter.encode([text: .string(text)], as: form))
            let member = try #require(parsed.members?.first)
            let back = try #require(member.value.text)
            #expect(Array(back.unicodeScalars) == Array(text.unicodeScalars))
            #expect(Array(member.key.unicodeScalars) == Array(text.unicodeScalars))
        }
    }

    /// But for a byte order mark, which Foundation's older reader drops.
    @Test(arguments: hostile.filter { !$0.hasPrefix("\u{FEFF}") })
    func foundationReadsEveryText(text: String) throws {
        let bytes = JSONWriter.encode([.string(text)])
        let read = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String]
        #expect(read?.first.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    }

    @Test func drawnValuesComeBackAsTheyWere() throws {
        var random = SeededNumbers(seed: 8_259)
        for _ in 0..<400 {
            let value = Self.value(&random, depth: 5)
            for form in Self.forms {
                let bytes = JSONWriter.encode(value, as: form)
                let back = try JSONValue(parsing: bytes)
                if form == .compact || form == .spaced { #expect(back == value) }
                #expect(JSONWriter.encode(back, as: form) == bytes)
                #expect(
                    JSONWriter.encode(back, as: .canonical)
                        == JSONWriter.encode(value, as: .canonical))
            }
        }
    }

    /// Text with one byte changed is read or refused, and what is read is JSON to Foundation too.
    @Test func changedBytesNeverTrap() throws {
        var random = SeededNumbers(seed: 1)
        for _ in 0..<2_000 {
            var bytes = JSONWriter.encode(Self.value(&random, depth: 3))
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            #expect(
                try JSONValue(parsing: JSONWriter.encode(value)) == value,
                "\(String(decoding: bytes, as: UTF8.self))")
            _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        }
    }

    private static func value(_ random: inout SeededNumbers, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2:
            return .integer(
                Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random)))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &random) + 0.123_456_7)
        case 4, 5: return .string(text(&random))
        case 6:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    value(&random, depth: depth - 1)
                })
        default:
            return .object(
                (0..<Int.random(in: 0...12, using: &random)).map { number in
                    .init("\(number)" + text(&random), value(&random, depth: depth - 1))
                })
        }
    }

    private static func text(_ random: inout SeededNumbers) -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0x00...0x1F, 0xA0...0x2FF, 0x300...0x36F, 0x4E00...0x4FFF,
            0x1F600...0x1F64F,
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            text.append(
                contentsOf: Unicode.Scalar(.random(in: range, using: &random)).map { [$0] } ?? [])
        }
        return String(text)
    }
}
