import Foundation
import Testing

@testable import AgentProtocol

@Suite struct AgentWireTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_800_000_000.123, "2027-01-15T08:00:00.123Z"),
            (1_800_000_000.9996, "2027-01-15T08:00:01.000Z"),
            (1_800_000_000.0004, "2027-01-15T08:00:00.000Z"), (-0.001, "1969-12-31T23:59:59.999Z"),
        ] as [(TimeInterval, String)])
    func datesAreWrittenToTheMillisecond(seconds: TimeInterval, text: String) {
        #expect(AgentWire.text(of: Date(timeIntervalSince1970: seconds)) == text)
    }

    @Test func everyMillisecondComesBack() throws {
        for millisecond in 0..<1_000 {
            let date = Date(
                timeIntervalSinceReferenceDate: Double(800_000_000_000 + millisecond) / 1_000)
            let bytes = try AgentWire.encode([date])
            #expect(try AgentWire.decode([Date].self, from: bytes) == [date])
        }
    }

    @Test(
        arguments: [
            ("2027-01-15T08:00:00Z", 1_800_000_000), ("2027-01-15T08:00:00.5Z", 1_800_000_000.5),
            ("2027-01-15T09:00:00+01:00", 1_800_000_000), ("2027-01-15", nil), ("", nil),
            ("1800000000", nil),
        ] as [(String, TimeInterval?)])
    func datesAreReadWithAndWithoutFractions(text: String, seconds: TimeInterval?) {
        #expect(AgentWire.date(from: text)?.timeIntervalSince1970 == seconds)
    }

    @Test(arguments: ["", "nonsense", "{}", "[1]", #"["yesterday"]"#])
    func whatIsNoMessageIsGarbled(text: String) {
        let error = #expect(throws: AgentLinkError.self) {
            try AgentWire.decode([Date].self, from: Array(text.utf8))
        }
        guard case .garbled? = error else {
            Issue.record("expected garbled, found \(String(describing: error))")
            return
        }
    }

    @Test func whatJSONCannotHoldIsGarbled() {
        #expect(throws: AgentLinkError.self) { try AgentWire.encode([Double.nan]) }
    }
}
