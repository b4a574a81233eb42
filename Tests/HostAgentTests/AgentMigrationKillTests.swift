import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

/// An agent that is killed before any of its calls, on either side of a live migration: the guest
/// runs once, and has its NICs in the end.
@Suite(.bounded) struct AgentMigrationKillTests {
    /// More calls than source or destination need for their part, looks included.
    static let callsMax = 40
    /// An agent that was done so often before it could be killed makes no more calls: some come at
    /// other times than before, so once is not enough.
    static let survivalsMax = 2

    private func prepared() async throws -> MigrationStage {
        let pair = MigrationStage()
        try await pair.withAgents {
            try await pair.run()
            pair.destination.plane.assign(MigrationStage.arrival())
            try await pair.destination.plane.report(.prepared, generation: 2)
        }
        return pair
    }

    @Test(arguments: [OrphanedMigrations.abort, .complete, .goOn])
    func theSourceIsKilled(_ rule: OrphanedMigrations) async throws {
        var (kills, survivals) = (0, 0)
        for call in 1...Self.callsMax where survivals < Self.survivalsMax {
            let pair = try await prepared()
            let (source, destination) = (pair.source, pair.destination)
            source.host.setOrphanedMigrations(rule)
            try await destination.withAgent {
                source.plane.assign(MigrationStage.departure())
                let wasKilled = try await source.isKilled(atCall: call) {
                    try await source.plane.report(.departed, generation: 3)
                }
                if wasKilled { kills += 1 } else { survivals += 1 }
                #expect(pair.running == 1, "killed at call \(call)")
                try await source.withAgent {
                    try await source.plane.awaiting("a report of generation 3") {
                        $0.latest(Fixture.instance)?.generation == 3
                    }
                    source.host.completeMigration(of: Fixture.instance)
                    try await source.plane.report(.departed, generation: 3)
                    try await destination.plane.report(.settled, generation: 2, power: .running)
                    source.plane.assign(
                        MigrationStage.assignment(.absent, generation: 4, on: "h"))
                    try await source.plane.report(.absent, generation: 4)
                }
            }
            #expect(pair.isComplete(at: destination), "killed at call \(call)")
            #expect(source.host.snapshot.disks.isEmpty)
        }
        #expect(kills >= 15)
    }

    /// The Conductor takes the departure back, wherever the agent was killed.
    @Test(arguments: [OrphanedMigrations.abort, .goOn])
    func theSourceIsKilledAndTheMoveTakenBack(_ rule: OrphanedMigrations) async throws {
        var survivals = 0
        for call in 1...Self.callsMax where survivals < Self.survivalsMax {
            let pair = try await prepared()
            let (source, destination) = (pair.source, pair.destination)
            source.host.setOrphanedMigrations(rule)
            try await destination.withAgent {
                source.plane.assign(MigrationStage.departure())
                let wasKilled = try await source.isKilled(atCall: call) {
                    try await source.plane.report(.departed, generation: 3)
                }
                if !wasKilled { survivals += 1 }
                source.plane.assign(MigrationStage.assignment(.running, generation: 4, on: "h"))
                try await source.withAgent {
                    try await source.plane.awaiting("generation 4 to be settled or departed") {
                        let latest = $0.latest(Fixture.instance)
                        return latest?.generation == 4
                            && [.settled, .departed].contains(latest?.phase)
                    }
                }
                let hasLeft = pair.guest(source) == nil
                #expect(!hasLeft || !wasKilled || call > 12, "killed at call \(call)")
                if hasLeft {
                    try await destination.plane.report(.settled, generation: 2)
                } else {
                    destination.plane.assign(
                        MigrationStage.assignment(.absent, generation: 5, on: "g"))
                    try await destination.plane.report(.absent, generation: 5)
                }
                #expect(
                    pair.isComplete(at: hasLeft ? destination : source), "killed at call \(call)")
            }
        }
    }

    @Test func theDestinationIsKilledWhilePreparing() async throws {
        var survivals = 0
        for call in 1...Self.callsMax where survivals < Self.survivalsMax {
            let pair = MigrationStage()
            let (source, destination) = (pair.source, pair.destination)
            try await source.withAgent {
                try await pair.run()
                destination.plane.assign(MigrationStage.arrival())
                let wasKilled = try await destination.isKilled(atCall: call) {
                    try await destination.plane.report(.prepared, generation: 2)
                }
                if !wasKilled { survivals += 1 }
                try await destination.withAgent {
                    try await destination.plane.report(.prepared, generation: 2)
                    source.plane.assign(MigrationStage.departure())
                    try await destination.plane.report(.settled, generation: 2, power: .running)
                    try await source.plane.report(.departed, generation: 3)
                }
            }
            #expect(pair.isComplete(at: destination), "killed at call \(call)")
        }
    }

    @Test func theDestinationIsKilledWhenTheGuestComes() async throws {
        var (kills, survivals) = (0, 0)
        for call in 1...Self.callsMax where survivals < Self.survivalsMax {
            let pair = try await prepared()
            let (source, destination) = (pair.source, pair.destination)
            try await source.withAgent {
                source.plane.assign(MigrationStage.departure())
                let wasKilled = try await destination.isKilled(atCall: call) {
                    try await destination.plane.report(.settled, generation: 2, power: .running)
                }
                if wasKilled { kills += 1 } else { survivals += 1 }
                try await destination.withAgent {
                    let report = try await destination.plane.report(
                        .settled, generation: 2, power: .running)
                    #expect(report.migration?.networkBackAt == Fixture.now)
                }
                try await source.plane.report(.departed, generation: 3)
            }
            #expect(pair.isComplete(at: destination), "killed at call \(call)")
        }
        #expect(kills >= 10)
    }

    /// Nobody at the destination: the guest waits there without its NICs, and runs.
    @Test func theDestinationIsAwayWhileTheGuestComes() async throws {
        let pair = try await prepared()
        let (source, destination) = (pair.source, pair.destination)
        try await source.withAgent {
            source.plane.assign(MigrationStage.departure())
            try await source.plane.report(.departed, generation: 3)
        }
        #expect(pair.running == 1)
        try await destination.withAgent {
            try await destination.plane.report(.settled, generation: 2, power: .running)
        }
        #expect(pair.isComplete(at: destination))
    }
}
