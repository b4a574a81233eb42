import AgentProtocol
import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

/// Copies of root disks on their way to the control plane.
@Suite(.endsTheHung) struct AgentExportTests {
    private let image = ImageID("copy")

    private func export(_ goal: AssignmentGoal, _ generation: Int) -> Assignment {
        var assignment = Fixture.assignment(goal, generation: generation)
        assignment.export = DiskExport(imageID: image)
        return assignment
    }

    /// A guest that has written something to its disk.
    private func begin(_ stage: Stage) async throws {
        stage.plane.assign(Fixture.assignment(.running))
        try await stage.plane.report(.settled)
        stage.host.write("mine", toDiskOf: Fixture.instance)
    }

    @Test(arguments: [
        (AssignmentGoal.running, GuestPower.running, 1), (.paused, .paused, 1),
        (.stopped, .shutdown, 0), (.suspended, .suspended, 0),
    ])
    func storesACopy(_ goal: AssignmentGoal, power: GuestPower, copies: Int) async throws {
        let stage = Stage()
        try await stage.withAgent {
            try await begin(stage)
            stage.plane.assign(export(goal, 2))
            let report = try await stage.plane.report(.settled, generation: 2)
            #expect(report.exported == image)
            #expect(report.power == power)
            #expect(stage.count(.copyRoot) == copies)
            #expect(stage.plane.state.stored[image]?.count == 4 << 16)
            #expect(stage.host.snapshot.disks[Fixture.instance]?.copy == nil)
            // It is not settled before.
            let early = stage.plane.state.reports.filter {
                $0.generation == 2 && $0.exported == nil
            }
            #expect(early.allSatisfy { $0.phase == .working })
        }
        // The next agent knows that it was done.
        try await stage.withAgent {
            try await stage.plane.awaiting("the second agent to have taken over the batch") {
                $0.hellos == 2 && $0.polls > 3
            }
            try await stage.plane.report(.settled, generation: 2)
            #expect(stage.count(.export) == 1)
        }
    }

    /// What a guest wrote comes along to the guest that is built from the copy.
    @Test func aCopyHasTheGuestsData() async throws {
        let stage = Stage()
        let other = InstanceID("i2")
        try await stage.withAgent {
            try await begin(stage)
            stage.plane.assign(export(.running, 2))
            try await stage.plane.report(.settled, generation: 2)
            var assignment = Fixture.assignment(.running, ports: [3], instance: other)
            assignment.guest.image = GuestImage(
                id: image, format: "qcow2", sizeBytes: 4 << 16, virtualSizeBytes: 1 << 30,
                sha512: "")
            stage.plane.assign(export(.running, 2), assignment)
            try await stage.plane.report(.settled, of: other)
        }
        let disk = stage.host.snapshot.disks[other]?.disks[.root(build: 0)]
        #expect(disk?.content == "mine")
        #expect(disk?.image == image)
    }

    @Test func aCopyThatIsCutOffIsMadeAgain() async throws {
        let stage = Stage()
        try await stage.withAgent {
            try await begin(stage)
            stage.host.set(.transient(), on: .copyRoot, call: 1)
            stage.host.set(.transient(), on: .export, call: 1)
            stage.plane.assign(export(.running, 2))
            try await stage.plane.report(.settled, generation: 2)
            #expect(stage.count(.copyRoot) == 3)
            #expect(stage.host.snapshot.running == [Fixture.instance])
        }
    }

    @Test(arguments: [SimulatedOperation.copyRoot, .export])
    func givesUpAfterTheBound(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        try await stage.withAgent {
            try await begin(stage)
            stage.host.set(.transient(), on: operation)
            stage.plane.assign(export(.running, 2))
            let report = try await stage.plane.report(.failed, generation: 2, power: .running)
            #expect(report.failure == "A copy of the server's disk could not be stored.")
            #expect(report.exported == nil)
            #expect(stage.count(operation) == AgentSettings().attemptsMax)
        }
    }

    @Test func aRefusalIsFinalAndAnAbsenceIsNot() async throws {
        let stage = Stage()
        try await stage.withAgent {
            try await begin(stage)
            stage.plane.change { $0.storeProblem = .unreachable("restarting") }
            stage.plane.assign(export(.running, 2))
            try await stage.plane.awaiting("the twentieth attempt to have failed") {
                $0.latest(Fixture.instance)?.detail.hasPrefix("attempt 20 failed") == true
            }
            stage.plane.change { $0.storeProblem = .refused("no space") }
            try await stage.plane.report(.failed, generation: 2, power: .running)
            stage.plane.change { $0.storeProblem = nil }
            stage.plane.assign(export(.running, 3))
            try await stage.plane.report(.settled, generation: 3)
        }
    }

    @Test func anotherGenerationCancelsIt() async throws {
        let stage = Stage()
        try await stage.withAgent {
            try await begin(stage)
            stage.plane.change { $0.storeIsStalled = true }
            stage.plane.assign(export(.running, 2))
            try await stage.plane.awaiting("the whole copy to be on its way") {
                $0.latest(Fixture.instance)?.detail == "storing a copy of the root disk 100 %"
            }
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(stage.plane.state.stored.isEmpty)
            #expect(stage.host.snapshot.disks[Fixture.instance]?.copy == nil)
        }
    }

    @Test func aCopyLeftByAKilledAgentIsRemoved() async throws {
        let stage = Stage()
        try await stage.withAgent {
            try await begin(stage)
            stage.plane.change { $0.storeIsStalled = true }
            stage.plane.assign(export(.running, 2))
            try await stage.plane.awaiting("a store to have begun") { $0.storesBegun == 1 }
            stage.host.sever()
        }
        #expect(stage.host.snapshot.disks[Fixture.instance]?.copy != nil)
        stage.plane.change { $0.storeIsStalled = false }
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.host("the copy to be gone") { $0.disks[Fixture.instance]?.copy == nil }
            try await stage.plane.report(.settled, generation: 3)
        }
    }

    /// A guest that ends while it is copied is not started for that.
    @Test func aGuestThatPowersOffIsCopiedAsItIs() async throws {
        let stage = Stage()
        try await stage.withAgent {
            try await begin(stage)
            stage.host.set(.stall, on: .copyRoot)
            stage.plane.assign(export(.running, 2))
            try await stage.plane.awaiting("the copying of the root disk") {
                $0.latest(Fixture.instance)?.detail == "copying the root disk"
            }
            stage.host.powerOff(Fixture.instance)
            stage.host.heal()
            let report = try await stage.plane.report(.settled, generation: 2, power: .shutdown)
            #expect(report.exported == image)
            #expect(stage.count(.start) == 1)
        }
    }
}
