import ComputeModel
import Conductor
import JSON
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// Bodies of actions, in the microversions that change them.
@Suite struct ServerCommandTests {
    /// A body that is read, from and up to which version, and the command that it is.
    struct Row: Sendable, CustomTestStringConvertible {
        let action: String
        var value: JSONValue = nil
        var minors = 1...100
        let command: InstanceCommand
        /// Nothing else reads it; false where it only means something else in other versions.
        var isRefusedElsewhere = true
        var testDescription: String { "\(action) \(value)" }
    }

    private static let image = ComputeAPITestbed.imageID
    private static let live = "os-migrateLive"

    static let rows: [Row] = [
        Row(action: "os-start", command: .start), Row(action: "os-stop", command: .stop),
        Row(action: "os-stop", value: [:], command: .stop),
        Row(action: "os-stop", value: "", command: .stop),
        Row(action: "pause", command: .pause), Row(action: "unpause", command: .unpause),
        Row(action: "suspend", command: .suspend), Row(action: "resume", command: .resume),
        Row(action: "unrescue", command: .unrescue), Row(action: "shelve", command: .shelve),
        Row(action: "shelveOffload", command: .shelveOffload),
        Row(action: "confirmResize", command: .confirmResize),
        Row(action: "revertResize", command: .revertResize),
        Row(action: "reboot", value: ["type": "HARD"], command: .reboot(.hard)),
        Row(action: "reboot", value: ["type": "Soft"], command: .reboot(.soft)),
        Row(action: "rescue", command: .rescue(image: nil)),
        Row(
            action: "rescue", value: ["adminPass": "x", "rescue_image_ref": .string(image.text)],
            command: .rescue(image: image)),
        Row(
            action: "resize", value: ["flavorRef": "84"], command: .resize(FlavorID("84"))),
        Row(
            action: "resize", value: ["flavorRef": 84, "OS-DCF:diskConfig": "AUTO"],
            command: .resize(FlavorID("84"))),
        Row(action: "migrate", command: .migrate(hostName: nil)),
        Row(
            action: "migrate", value: ["host": nil], minors: 56...100,
            command: .migrate(hostName: nil)),
        Row(
            action: "migrate", value: ["host": "h2"], minors: 56...100,
            command: .migrate(hostName: "h2")),
        Row(
            action: live,
            value: ["host": nil, "block_migration": true, "disk_over_commit": false],
            minors: 1...24, command: .liveMigrate(hostName: nil)),
        Row(
            action: live, value: ["host": "h2", "block_migration": "auto"], minors: 25...100,
            command: .liveMigrate(hostName: "h2")),
        Row(
            action: live, value: ["host": "h2", "block_migration": true, "force": true],
            minors: 30...67, command: .liveMigrate(hostName: "h2")),
        Row(
            action: "evacuate", value: ["onSharedStorage": false, "adminPass": "x"],
            minors: 1...13, command: .evacuate(hostName: nil, endsStopped: false)),
        Row(
            action: "evacuate", value: ["host": "h2"], minors: 14...94,
            command: .evacuate(hostName: "h2", endsStopped: false), isRefusedElsewhere: false),
        Row(
            action: "evacuate", value: ["host": "h2", "force": false], minors: 29...67,
            command: .evacuate(hostName: "h2", endsStopped: false)),
        Row(
            action: "evacuate", value: [:], minors: 95...100,
            command: .evacuate(hostName: nil, endsStopped: true), isRefusedElsewhere: false),
        Row(action: "unshelve", command: .unshelve(zone: nil, hostName: nil)),
        Row(
            action: "unshelve", value: ["availability_zone": "az1"], minors: 77...100,
            command: .unshelve(zone: "az1", hostName: nil)),
        Row(
            action: "unshelve", value: ["availability_zone": nil, "host": "h2"],
            minors: 91...100, command: .unshelve(zone: nil, hostName: "h2")),
    ]

    private static func read(
        _ action: String, _ value: JSONValue, _ minor: Int
    ) throws -> InstanceCommand? {
        let body = JSONValue.object([.init(action, value)])
        return try ServerCommand.read(ServerAction(body, Microversion(minor: minor)))
    }

    /// Each body is read at both ends of its versions, and refused beyond them.
    @Test(arguments: rows)
    func bodiesAreRead(row: Row) throws {
        for minor in [row.minors.lowerBound, row.minors.upperBound] {
            let read = try Self.read(row.action, row.value, minor)
            #expect(read == row.command, "2.\(minor)")
        }
        for minor in [row.minors.lowerBound - 1, row.minors.upperBound + 1]
        where (1...100).contains(minor) && row.isRefusedElsewhere {
            #expect(throws: DomainError.self, "2.\(minor)") {
                try Self.read(row.action, row.value, minor)
            }
        }
    }

    /// Wrong in every version that is named.
    static let wrong: [(String, JSONValue, [Int])] = [
        ("os-start", ["now": true], [1, 100]), ("os-start", 7, [1]), ("pause", [1], [1]),
        ("reboot", nil, [1, 100]), ("reboot", [:], [1]), ("reboot", ["type": "WARM"], [1]),
        ("reboot", ["type": "SOFT", "typ": 1], [1]), ("reboot", ["type": 1], [1]),
        ("rescue", ["rescue_image_ref": "img1"], [1]), ("rescue", ["image": "x"], [1]),
        ("resize", nil, [1]), ("resize", [:], [1]), ("resize", ["flavorRef": ""], [1]),
        ("resize", ["flavorRef": "1", "OS-DCF:diskConfig": "MAYBE"], [1]),
        ("migrate", ["host": ""], [56]), ("migrate", ["hst": "x"], [56]),
        (live, nil, [1, 25, 100]), (live, ["host": nil], [1, 25]),
        (live, ["block_migration": "auto"], [25, 100]),
        (live, ["host": nil, "block_migration": false], [25, 100]),
        (live, ["host": nil, "block_migration": "maybe"], [25]),
        (live, ["host": nil, "block_migration": true], [1, 24]),
        (live, ["host": nil, "block_migration": "auto", "force": true], [30, 68, 100]),
        ("evacuate", ["onSharedStorage": true], [1]), ("evacuate", [:], [1, 13]),
        ("evacuate", ["host": "h2"], [13]),
        ("evacuate", ["force": true], [29, 67, 68]),
        ("unshelve", ["availability_zone": nil], [77, 90]),
        ("unshelve", ["zone": "x"], [77, 100]), ("unshelve", ["host": "h"], [77, 90]),
    ]

    @Test(arguments: wrong)
    func wrongBodiesAreRefused(action: String, value: JSONValue, minors: [Int]) {
        for minor in minors {
            #expect(throws: DomainError.self, "2.\(minor)") {
                try Self.read(action, value, minor)
            }
        }
    }

    @Test func whatIsNoCommandIsLeftToOthers() throws {
        for action in ["rebuild", "createImage", "lock", "os-resetState", "dance"] {
            #expect(try Self.read(action, nil, 100) == nil)
        }
    }

    @Test(arguments: [
        ("os-start", 1, 202), ("reboot", 100, 202), ("confirmResize", 1, 204),
        ("revertResize", 100, 202), ("rescue", 1, 200), ("evacuate", 13, 200),
        ("evacuate", 14, 200), ("evacuate", 100, 200), ("os-migrateLive", 30, 202),
    ])
    func answersHaveTheirCodes(name: String, minor: Int, status: Int) throws {
        let action = try ServerAction(
            .object([.init(name, ["adminPass": "secret"])]), Microversion(minor: minor))
        let answer = try ServerCommand.answer(action)
        #expect(answer.status.code == status)
        let hasPassword = name == "rescue" || name == "evacuate" && minor < 14
        switch answer.body {
        case .json(let body): #expect(hasPassword && body == ["adminPass": "secret"])
        case .none: #expect(!hasPassword)
        case .raw: Issue.record("a raw body")
        }
    }

    @Test func aRescueMakesAPassword() throws {
        let action = try ServerAction(["rescue": nil], Microversion(minor: 100))
        guard case .json(let body) = try ServerCommand.answer(action).body else {
            Issue.record("no body")
            return
        }
        #expect(body["adminPass"]?.text?.count == 12)
    }
}
