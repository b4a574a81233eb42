import AgentProtocol
import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

/// Guests that are taken down and built anew.
@Suite(.endsTheHung) struct AgentRebuildTests {
    private let root = GuestDisk.root(build: 0)
    private let rebuilt = GuestDisk.root(build: 1)

    private func restart(_ generation: Int, _ kind: GuestRestart?) -> Assignment {
        var assignment = Fixture.assignment(.running, generation: generation)
        assignment.definedSince = generation
        assignment.restart = kind
        return assignment
    }

    private func rebuild(_ generation: Int, build: Int = 1, kept: [Int] = [0]) -> Assignment {
        var assignment = restart(generation, .hard)
        assignment.guest.rootBuild = build
        assignment.guest.keptRootBuilds = kept
        return assignment
    }

    private func disks(_ stage: Stage) -> Set<GuestDisk> {
        Set(stage.host.snapshot.disks[Fixture.instance]?.disks.keys.map { $0 } ?? [])
    }

    private func bootsFrom(_ stage: Stage) -> [String] {
        stage.host.snapshot.guests[Fixture.instance]?.plan.disks.map {
            String($0.path.split(separator: "/").last ?? "")
        } ?? []
    }

    @Test(arguments: [(GuestRestart?.none, 0, 1), (.hard, 0, 1), (.soft, 1, 0)])
    func restarts(_ kind: GuestRestart?, shutdowns: Int, destroys: Int) async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.renumberDevices(by: 5)
            stage.plane.assign(restart(2, kind))
            try await stage.plane.report(.settled, generation: 2, power: .running)
            #expect(stage.count(.shutdown) == shutdowns)
            #expect(stage.count(.destroy) == destroys)
            #expect(stage.count(.start) == 2)
            let plan = stage.host.snapshot.guests[Fixture.instance]?.plan
            #expect(plan?.generation == 2)
            #expect(plan?.interfaces.first?.characterDevice == "/dev/vhost-vdpa-6")
        }
        // What was restarted once is not restarted by the next agent.
        try await stage.withAgent {
            try await stage.plane.awaiting("the second agent to have taken over the batch") {
                $0.hellos == 2 && $0.polls > 3
            }
            try await stage.plane.report(.settled, generation: 2)
            #expect(stage.count(.start) == 2)
        }
    }

    @Test func aGuestThatDoesNotListenIsRestartedTheHardWay() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.ignoreShutdown(Fixture.instance)
            stage.plane.assign(restart(2, .soft))
            try await stage.plane.report(.settled, generation: 2, power: .running)
            #expect(stage.count(.shutdown) == 1)
            #expect(stage.count(.destroy) == 1)
        }
    }

    @Test func theOldDiskStaysUntilTheNewOneRuns() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.write("mine", toDiskOf: Fixture.instance)
            stage.host.set(.stall, on: .prepareRoot)
            stage.plane.assign(rebuild(2))
            try await stage.plane.awaiting("the preparing of the root disk") {
                $0.latest(Fixture.instance)?.detail == "preparing the root disk"
            }
            // It runs on for as long as the new disk is being made.
            #expect(stage.host.snapshot.running == [Fixture.instance])
            stage.host.heal()
            try await stage.plane.report(.settled, generation: 2, power: .running)
            #expect(bootsFrom(stage) == ["root-1.qcow2"])
            #expect(disks(stage) == [root, rebuilt])
            // There is no way back any more.
            stage.plane.assign(rebuild(3, kept: []))
            try await stage.host("the old disk to be gone") {
                $0.disks[Fixture.instance]?.disks.keys.map { $0 } == [rebuilt]
            }
            try await stage.plane.report(.settled, generation: 3, power: .running)
        }
    }

    @Test(arguments: [SimulatedOperation.prepareRoot, .define, .start])
    func aRebuildThatFailsGoesBack(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.write("mine", toDiskOf: Fixture.instance)
            stage.host.set(.permanent(), on: operation)
            stage.plane.assign(rebuild(2))
            try await stage.plane.report(.failed, generation: 2)
            stage.host.heal()
            stage.plane.assign(rebuild(3, build: 0, kept: []))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(bootsFrom(stage) == ["root.qcow2"])
            try await stage.host("the other disk to be gone") {
                $0.disks[Fixture.instance]?.disks.keys.map { $0 } == [root]
            }
            let disk = stage.host.snapshot.disks[Fixture.instance]?.disks[root]
            #expect(disk?.content == "mine")
        }
    }

    @Test func aDiskThatIsGoneIsNotMadeAnew() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.plane.assign(rebuild(2, kept: []))
            try await stage.plane.report(.settled, generation: 2)
            try await stage.host("the old disk to be gone") {
                $0.disks[Fixture.instance]?.disks.count == 1
            }
            stage.plane.assign(rebuild(3, build: 0))
            let report = try await stage.plane.report(.failed, generation: 3)
            #expect(report.failure == "The server's disk could not be found.")
            #expect(stage.host.snapshot.running == [Fixture.instance])
        }
    }

    @Test func aRescuedGuestBootsFromTheRescueImage() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.write("mine", toDiskOf: Fixture.instance)
            var assignment = restart(2, .hard)
            assignment.guest.rescue = Fixture.image
            stage.plane.assign(assignment)
            try await stage.plane.report(.settled, generation: 2, power: .running)
            #expect(bootsFrom(stage) == ["rescue.qcow2", "root.qcow2"])
            stage.host.write("tools", toDiskOf: Fixture.instance)
            stage.plane.assign(restart(3, .hard))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(bootsFrom(stage) == ["root.qcow2"])
            try await stage.host("the other disk to be gone") {
                $0.disks[Fixture.instance]?.disks.keys.map { $0 } == [root]
            }
            let disk = stage.host.snapshot.disks[Fixture.instance]?.disks[root]
            #expect(disk?.content == "mine")
        }
    }
}
