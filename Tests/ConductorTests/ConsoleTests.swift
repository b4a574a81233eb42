import AgentProtocol
import ComputeModel
import Foundation
import SimulatedDrivers
import TestSupport
import Testing

@testable import Conductor

@Suite struct ConsoleTests {
    private static func console(
        _ bed: InstanceTestbed, _ id: InstanceID, lines: Int? = nil
    ) async throws -> String {
        try await bed.conductor.instances.consoleOutput(
            id, InstanceTestbed.member, lines: lines)
    }

    @Test func theEndOfTheLogComesFromTheHost() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            bed.fleet.hosts[0].writeConsole(id, "\none\ntwo\nthree\n")
            let all = try await Self.console(bed, id)
            #expect(all.hasPrefix("[    0.000000] Linux"))
            #expect(all.hasSuffix("two\nthree\n"))
            #expect(try await Self.console(bed, id, lines: 2) == "two\nthree")
            #expect(try await Self.console(bed, id, lines: 0) == "")
            #expect(try await Self.console(bed, id, lines: 1_000_000).hasPrefix("[    0.0"))
        }
    }

    @Test func onlyTheEndIsFetched() async throws {
        try await InstanceTestbed.run(change: { $0.consoleBytesMax = 10 }) { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            bed.fleet.hosts[0].writeConsole(id, "0123456789abcdef")
            #expect(try await Self.console(bed, id) == "6789abcdef")
        }
    }

    @Test func manyMayAskAtOnce() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            bed.fleet.hosts[0].writeConsole(id, "\nlast")
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await Self.console(bed, id, lines: 1) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "last", count: 8))
        }
    }

    @Test func aHostWithoutALogAnswersWithNothing() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            bed.fleet.hosts[0].set(.permanent(), on: .consoleTail)
            #expect(try await Self.console(bed, id) == "")
        }
    }

    @Test func aHostThatDoesNotAnswerIsNotWaitedForLong() async throws {
        try await InstanceTestbed.run(change: { $0.questionTimeout = .milliseconds(20) }) { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            try await bed.fleet.stopAgent("h1")
            let refusal = await Refusal.of { _ = try await Self.console(bed, id) }
            #expect(refusal == .unavailable)
            // An answer that nobody waits for any more changes nothing.
            try await bed.conductor.link(hostName: "h1").answer(
                HostAnswer(id: UUID().uuidString, text: "late"))
        }
    }

    @Test func anInstanceWithoutAHostHasNoConsole() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 0)]) { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .error)
            let refusal = await Refusal.of { _ = try await Self.console(bed, id) }
            #expect(refusal == .conflict(.server, .state))
            let foreign = await Refusal.of {
                _ = try await bed.conductor.instances.consoleOutput(
                    id, InstanceTestbed.other, lines: nil)
            }
            #expect(foreign == .notFound(.server))
        }
    }
}
