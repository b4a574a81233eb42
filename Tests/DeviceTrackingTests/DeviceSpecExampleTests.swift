import ComputeModel
import Testing

@testable import DeviceTracking

/// 32 worked examples of Nova's language on one host (`SpecHost`), each with what Nova makes of it
/// or, where `instead` says so, with what is done better here.
@Suite struct DeviceSpecExampleTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var number: String
        var json: String
        var offered: [String] = []
        /// Which error; nil for none.
        var error: String?
        /// Problems found when the devices are known.
        var problems: [DeviceSpecProblem] = []
        /// How this differs from Nova.
        var instead: String?
        var testDescription: String { "\(number) \(json)" }
    }

    static let all = Array(SpecHost.mellanox)
    static let children = Array(SpecHost.mellanox.dropFirst())
    static let pf = PCIAddress("0000:06:00.0") ?? SpecHost.devices[0].address

    static let matching: [Example] = [
        Example(number: "1", json: #"{"address":"0000:06:00.0"}"#, offered: all),
        Example(number: "2", json: #"{"address":"0000:06:00.3"}"#, offered: [all[3]]),
        Example(number: "3", json: #"{"address":"0000:06:00.*"}"#, offered: all),
        Example(number: "4", json: #"{"address":"0000:06:00"}"#, offered: all),
        Example(number: "5", json: #"{"address":":06:00."}"#, offered: all),
        Example(number: "6", json: #"{"address":"0a:00.0"}"#, offered: SpecHost.graphics),
        Example(
            number: "7", json: #"{"address":":00."}"#,
            offered: all + ["0000:81:00.0"] + SpecHost.graphics),
        Example(
            number: "8", json: #"{"vendor_id":"15b3","product_id":"101e"}"#, offered: children),
        Example(
            number: "9", json: #"{"vendor_id":"15B3","product_id":"0x101E"}"#,
            offered: children),
        Example(
            number: "10", json: #"{"address":"0000:06:00.0","product_id":"101e"}"#,
            offered: children),
        Example(
            number: "11", json: #"{"address":{"bus":"06","function":"[3-4]"}}"#,
            offered: [all[3], all[4]]),
        Example(
            number: "12", json: #"{"address":{"bus":"0"}}"#, problems: [.idle(entry: 0)],
            instead: "matches nothing and says so: expressions fit whole fields"),
        Example(
            number: "12, meant", json: #"{"address":{"bus":"0."}}"#,
            offered: all + SpecHost.graphics,
            instead: "how to write what Nova took 12 for"),
        Example(
            number: "13",
            json: #"{"address":{"domain":"0000","bus":"06","slot":"00","function":"0"}}"#,
            offered: all),
        Example(number: "20", json: #"{"devname":"ens1"}"#, offered: all),
        Example(
            number: "20, gone", json: #"{"devname":"ens9"}"#,
            problems: [.interfaceMissing(entry: 0, name: "ens9")],
            instead: "matches nothing, as there, and says so"),
        Example(
            number: "23", json: #"{"vendor_id":"ffff"}"#, problems: [.idle(entry: 0)]),
        Example(
            number: "24", json: #"{"vendor_id":"*","physical_network":null}"#,
            offered: SpecHost.everything),
        Example(
            number: "30", json: #"{"address":"0000:06:00.0","remote_managed":"true"}"#,
            problems: [.remoteManagedPF(entry: 0, address: pf)],
            instead: "found when the devices are known; it gets nothing, the agent runs on"),
        Example(
            number: "31",
            json: #"{"address":"0000:06:00.0","product_id":"101e","remote_managed":"true"}"#,
            offered: [all[1], all[2], all[3]]),
        Example(
            number: "32", json: #"{"devname":"nope","remote_managed":"true"}"#,
            problems: [.interfaceMissing(entry: 0, name: "nope")],
            instead: "a problem of the host's report, not the end of the agent"),
    ]

    static let refused: [Example] = [
        Example(number: "14", json: #"{"address":"0000:06:00.[0-2]"}"#, error: "badValue"),
        Example(number: "15", json: #"{"address":"0000:06:20.0"}"#, error: "badValue"),
        Example(number: "16", json: #"{"address":"0000:06:00.8"}"#, error: "badValue"),
        Example(number: "17", json: #"{"address":"0:0:06:00.0"}"#, error: "badValue"),
        Example(number: "18", json: #"{"address":{"slot":"[0-"}}"#, error: "badExpression"),
        Example(number: "18, or", json: #"{"address":{"slot":"*"}}"#, error: "badExpression"),
        Example(number: "19", json: #"{"address":["0000:06:00.3"]}"#, error: "badValue"),
        Example(
            number: "21", json: #"{"devname":"ens1","address":"0000:06:00.0"}"#,
            error: "conflictingKeys"),
        Example(number: "22", json: #"{"vendor_id":"fffff"}"#, error: "badValue"),
        Example(
            number: "26", json: #"{"adress":"0000:06:00.3"}"#, error: "unknownKey",
            instead: "a typing error is an error, not a tag that every device has"),
        Example(number: "27a", json: #""0000:06:00.3""#, error: "notAnEntry"),
        Example(number: "27b", json: #"[["x"]]"#, error: "notAnEntry"),
        Example(number: "27c", json: #"{address:1}"#, error: "malformed"),
        Example(
            number: "28", json: #"{"address":"0000:06:00.3","live_migratable":"maybe"}"#,
            error: "badValue"),
        Example(
            number: "29", json: #"{"address":"0000:06:00.3","one_time_use":true}"#,
            error: "unsupportedKey",
            instead: "refused whatever its value: there is no Placement service to reserve in"),
    ]

    @Test(arguments: matching)
    func match(example: Example) throws {
        let spec = try DeviceSpec(json: [example.json])
        let offered = spec.offered(SpecHost.devices).map { "\($0.address)" }
        #expect(offered == example.offered)
        #expect(spec.problems(against: SpecHost.devices) == example.problems)
    }

    @Test(arguments: refused)
    func areErrors(example: Example) {
        let error = #expect(throws: DeviceSpecError.self) { try DeviceSpec(json: [example.json]) }
        #expect(
            error.map { "\(Mirror(reflecting: $0).children.first?.label ?? "")" }
                == example.error)
        #expect(error?.entry == 0)
        #expect(error?.column != nil)
    }

    @Test("25: the first match wins, and only its tags count")
    func firstMatchWins() throws {
        let json =
            #"[{"address":"0000:06:00.3","physical_network":"A"},"#
            + #"{"vendor_id":"15b3","physical_network":"B"}]"#
        let offered = try DeviceSpec(json: [json]).offered(SpecHost.devices)
        #expect(offered.map { "\($0.address)" } == Self.all)
        #expect(offered.map(\.physicalNetwork) == ["B", "B", "B", "A", "B"])
    }

    /// 1 to 32, each there once at least: 25 has a test of its own.
    @Test func noneIsMissing() {
        let numbers = (Self.matching + Self.refused).compactMap { example in
            Int(example.number.prefix { $0.isNumber })
        }
        #expect(Set(numbers).union([25]) == Set(1...32))
    }
}
