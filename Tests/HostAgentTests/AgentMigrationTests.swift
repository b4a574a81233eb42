import AgentProtocol
import ComputeModel
import Foundation
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

/// Live migration, each side with its agent.
@Suite(.endsTheHung) struct AgentMigrationTests {
    private let pair = MigrationStage()
    private var source: Stage { pair.source }
    private var destination: Stage { pair.destination }

    /// Everything up to the departure.
    private func prepare() async throws {
        try await pair.run()
        destination.plane.assign(MigrationStage.arrival())
        try await destination.plane.report(.prepared, generation: 2)
    }

    @Test func moves() async throws {
        try await pair.withAgents {
            try await prepare()
            #expect(pair.guest(destination) == nil)
            #expect(destination.host.snapshot.vifs.count == 2)
            source.plane.assign(MigrationStage.departure())
            let left = try await source.plane.report(.departed, generation: 3)
            #expect(left.migration?.migrationID == Fixture.migrationID)
            #expect(left.migration?.networkLostAt == Fixture.now)
            #expect(left.migration?.memoryTotalBytes == 1 << 30)
            #expect(left.migration?.memoryRemainingBytes == 0)
            let come = try await destination.plane.report(.settled, generation: 2, power: .running)
            #expect(come.migration?.networkBackAt == Fixture.now)
            #expect(come.portsUp == [Fixture.port(1), Fixture.port(2)])
            #expect(pair.isComplete(at: destination))
            #expect(destination.count(.announce) == 2)
            #expect(destination.count(.start) == 0)
            #expect(source.host.snapshot.vifs.isEmpty)
            // Detached and unplugged, one after the other, and only then sent.
            let order: Set<SimulatedOperation> = [.detach, .unplug, .migrate]
            #expect(
                source.host.calls.map(\.operation).filter { order.contains($0) } == [
                    .detach, .unplug, .detach, .unplug, .migrate,
                ])
            source.plane.assign(MigrationStage.assignment(.absent, generation: 4, on: "h"))
            try await source.plane.report(.absent, generation: 4)
            #expect(source.host.snapshot.disks.isEmpty)
            #expect(pair.isComplete(at: destination))
        }
        #expect(source.record.current?.guests.isEmpty == true)
    }

    @Test func comesBack() async throws {
        try await pair.withAgents {
            try await prepare()
            source.plane.assign(MigrationStage.departure())
            try await destination.plane.report(.settled, generation: 2)
            try await source.plane.report(.departed, generation: 3)
            // The source was not cleared when the guest returns.
            var arrival = MigrationStage.assignment(.running, generation: 4, on: "h")
            arrival.arrival = GuestArrival(migrationID: MigrationID("n"), sourceHostName: "g")
            source.plane.assign(arrival)
            try await source.plane.report(.prepared, generation: 4)
            var departure = MigrationStage.assignment(.running, generation: 5, on: "g")
            departure.departure = Fixture.departure
            departure.departure?.migrationID = MigrationID("n")
            departure.departure?.destinationURI = source.host.migrationURI
            destination.plane.assign(departure)
            try await destination.plane.report(.departed, generation: 5)
            try await source.plane.report(.settled, generation: 4, power: .running)
            #expect(pair.isComplete(at: source))
        }
    }

    @Test func aRememberedDepartureOutlivesTheAgent() async throws {
        try await pair.withAgents {
            try await prepare()
            source.plane.assign(MigrationStage.departure())
            try await source.plane.report(.departed, generation: 3)
        }
        source.plane.change { $0.reports = [] }
        try await pair.withAgents {
            try await source.plane.report(.departed, generation: 3)
            // Not even wanted back is it built anew: it runs elsewhere.
            source.plane.assign(MigrationStage.assignment(.running, generation: 4, on: "h"))
            try await source.plane.report(.departed, generation: 4)
            try await destination.plane.report(.settled, generation: 2)
            #expect(pair.isComplete(at: destination))
        }
    }

    /// How the Conductor asks where the guest is: it shall be taken, and only where it is.
    @Test func saysWhetherItLeft() async throws {
        try await pair.withAgents {
            try await prepare()
            var stay = MigrationStage.assignment(.running, generation: 4, on: "h")
            stay.arrival = Fixture.arrival
            source.host.set(.stall, on: .transfer)
            source.plane.assign(MigrationStage.departure())
            try await source.host("the guest to be on its way") {
                $0.guests[Fixture.instance]?.transit == .leaving
            }
            source.plane.assign(stay)
            try await source.plane.report(.settled, generation: 4, power: .running)
            #expect(pair.isComplete(at: source))
            source.host.heal()
            var departure = MigrationStage.departure()
            departure.generation = 5
            source.plane.assign(departure)
            try await source.plane.report(.departed, generation: 5)
            stay.generation = 6
            source.plane.assign(stay)
            try await source.plane.report(.departed, generation: 6, power: GuestPower.none)
            try await destination.plane.report(.settled, generation: 2)
            // Not a wire of it is plugged where it is not.
            #expect(pair.isComplete(at: destination))
            #expect(source.host.snapshot.vifs.isEmpty)
        }
    }

    @Test func aDestinationThatIsNotReadyIsRefused() async throws {
        try await pair.withAgents {
            try await pair.run()
            source.plane.assign(MigrationStage.departure())
            let report = try await source.plane.report(.failed, generation: 3, power: .running)
            #expect(report.failure == "The server could not be migrated.")
            // In this generation nothing comes back by itself.
            #expect(pair.guest(source)?.plan.interfaces == [])
            source.plane.assign(MigrationStage.assignment(.running, generation: 4, on: "h"))
            try await source.plane.report(.settled, generation: 4, power: .running)
            #expect(pair.isComplete(at: source))
        }
    }

    @Test func aGuestThatKeepsItsNICsStays() async throws {
        var settings = Stage.settings
        settings.detachAttempts = 2
        try await pair.withAgents(settings: settings) {
            try await prepare()
            source.host.ignoreUnplug(Fixture.instance)
            source.plane.assign(MigrationStage.departure())
            try await source.plane.report(.failed, generation: 3, power: .running)
            #expect(pair.isComplete(at: source))
            #expect(source.count(.migrate) == 0)
        }
    }

    @Test func aMigrationThatBreaksLeavesTheGuestHere() async throws {
        try await pair.withAgents {
            try await prepare()
            source.host.set(.transient("the network broke"), on: .transfer)
            source.plane.assign(MigrationStage.departure())
            let report = try await source.plane.report(.failed, generation: 3, power: .running)
            #expect(report.detail.contains("the network broke"))
            #expect(pair.guest(destination) == nil)
            #expect(source.count(.migrate) == 1)
            source.plane.assign(MigrationStage.assignment(.running, generation: 4, on: "h"))
            try await source.plane.report(.settled, generation: 4)
            #expect(pair.isComplete(at: source))
        }
    }

    @Test func anAbortBringsEverythingBack() async throws {
        try await pair.withAgents {
            try await prepare()
            source.host.set(.stall, on: .transfer)
            source.plane.assign(MigrationStage.departure())
            try await source.host("the guest to be on its way") {
                $0.guests[Fixture.instance]?.transit == .leaving
            }
            source.plane.assign(MigrationStage.assignment(.running, generation: 4, on: "h"))
            try await source.plane.report(.settled, generation: 4, power: .running)
            destination.plane.assign(MigrationStage.assignment(.absent, generation: 5, on: "g"))
            try await destination.plane.report(.absent, generation: 5)
            #expect(pair.isComplete(at: source))
            #expect(destination.host.snapshot.disks.isEmpty)
        }
    }

    @Test func isForcedOnce() async throws {
        try await pair.withAgents {
            try await prepare()
            source.host.set(.stall, on: .transfer)
            source.plane.assign(MigrationStage.departure())
            try await source.plane.awaiting("a report of the migration in numbers") {
                $0.latest(Fixture.instance)?.migration?.memoryTotalBytes == 1 << 30
            }
            #expect(source.plane.state.latest(Fixture.instance)?.phase == .working)
            source.plane.assign(MigrationStage.departure(isForced: true))
            try await source.plane.report(.departed, generation: 3)
            try await destination.plane.report(.settled, generation: 2)
            #expect(source.count(.forceMigration) == 1)
            #expect(source.count(.migrate) == 1)
            #expect(pair.isComplete(at: destination))
        }
    }

    @Test func forcedFromTheBeginning() async throws {
        try await pair.withAgents {
            try await prepare()
            source.host.set(.stall, on: .transfer)
            source.plane.assign(MigrationStage.departure(isForced: true))
            try await source.plane.report(.departed, generation: 3)
            #expect(source.count(.forceMigration) == 1)
        }
    }

    @Test func aGuestThatPowersOffIsNoSuccess() async throws {
        try await pair.withAgents {
            try await prepare()
            source.host.set(.stall, on: .migrate)
            source.plane.assign(MigrationStage.departure())
            try await source.host("the guest to be without NICs") {
                $0.guests[Fixture.instance]?.plan.interfaces.isEmpty == true
            }
            source.host.powerOff(Fixture.instance)
            source.host.heal()
            try await source.plane.report(.failed, generation: 3, power: .shutdown)
            #expect(pair.running == 0)
        }
    }

    @Test func anAttachThatFailsThereIsTriedAgain() async throws {
        try await pair.withAgents {
            try await prepare()
            destination.host.set(.transient(), on: .attach, call: 1)
            destination.host.set(.transient(), on: .announce, call: 1)
            source.plane.assign(MigrationStage.departure())
            try await destination.plane.report(.settled, generation: 2, power: .running)
            #expect(pair.isComplete(at: destination))
        }
    }

    @Test func onlySoManyLeaveAtATime() async throws {
        var settings = Stage.settings
        settings.parallelMigrations = 1
        let other = InstanceID("i2")
        try await source.withAgent(settings: settings) {
            let first = MigrationStage.assignment(.running, generation: 1, on: "h", ports: [1])
            var second = MigrationStage.assignment(.running, generation: 1, on: "h", ports: [2])
            second.instanceID = other
            source.plane.assign(first, second)
            try await source.plane.report(.settled)
            try await source.plane.report(.settled, of: other)
            source.host.set(.stall, on: .detach)
            var leaving = [first, second]
            for index in leaving.indices {
                leaving[index].generation = 2
                leaving[index].departure = Fixture.departure
            }
            let assigned = leaving
            source.plane.change { state in
                state.assignments = assigned
                state.revision += 1
            }
            try await source.plane.awaiting("work on generation 2") {
                $0.reports.contains { $0.generation == 2 && $0.phase == .working }
            }
            source.host.setConditions([])
            try await source.plane.awaiting("a host report") { !$0.hostReports.isEmpty }
            #expect(source.count(.detach) <= 1)
        }
    }
}
