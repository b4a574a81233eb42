import AgentProtocol
import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

@Suite(.endsTheHung) struct AgentFailureTests {
    static let buildOperations: [SimulatedOperation] = [
        .prepareRoot, .writeConfigDrive, .resolve, .setMAC, .plug, .define, .start,
    ]
    static let removalOperations: [SimulatedOperation] = [
        .destroy, .unplug, .undefine, .removeStorage,
    ]
    static let lookOperations: [SimulatedOperation] = [.guests, .listVIFs, .listStorage]

    @Test(arguments: buildOperations)
    func repeatsWhatMayPass(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        stage.host.set(.transient(), on: operation, call: 1)
        stage.host.set(.transient(), on: operation, call: 2)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            let report = try await stage.plane.report(.settled)
            #expect(report.power == .running)
        }
    }

    @Test(arguments: buildOperations)
    func givesUpAfterTheBound(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        stage.host.set(.transient("no luck"), on: operation)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            let report = try await stage.plane.report(.failed)
            #expect(report.failure?.isEmpty == false)
            #expect(report.failure?.contains("no luck") == false)
            #expect(report.detail.contains("no luck"))
            #expect(stage.count(operation) >= AgentSettings().attemptsMax)
        }
        // Nothing more is tried for this generation, not even by the next agent.
        let calls = stage.count(operation)
        stage.host.heal()
        try await stage.withAgent {
            let other = InstanceID("i2")
            stage.plane.assign(
                Fixture.assignment(.running),
                Fixture.assignment(.running, ports: [3], instance: other))
            try await stage.plane.report(.settled, of: other)
            try await stage.plane.report(.failed)
            let mine = stage.host.calls.filter {
                $0.operation == operation && $0.object == Fixture.instance.text
            }
            #expect(mine.count <= calls)
            #expect(stage.host.snapshot.guests[Fixture.instance]?.power != .running)
            stage.plane.assign(Fixture.assignment(.running, generation: 2))
            try await stage.plane.report(.settled, generation: 2)
        }
    }

    @Test(arguments: buildOperations)
    func givesUpAtOnceOnARefusal(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        stage.host.set(.permanent(), on: operation)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.failed)
        }
        let instances = stage.host.calls.filter { $0.operation == operation }
        // A refused MAC or plug is looked at once more, to tell the reason.
        #expect(instances.count <= (operation == .resolve ? 2 : 1))
    }

    @Test(arguments: removalOperations)
    func removalsNeverEndEarly(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.set(.transient("busy"), on: operation)
            stage.plane.assign(Fixture.assignment(.absent, generation: 2))
            try await stage.plane.awaiting("the twentieth attempt to have failed") {
                $0.latest(Fixture.instance)?.detail.hasPrefix("attempt 20 failed") == true
            }
            #expect(stage.plane.state.latest(Fixture.instance)?.phase == .working)
            stage.host.heal()
            try await stage.plane.report(.absent, generation: 2)
        }
    }

    @Test(arguments: lookOperations)
    func looksAgainWhenDaemonsComeBack(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        stage.host.set(.transient(), on: operation)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.awaiting("a host report that guests are unreadable") {
                $0.hostReports.last?.conditions.map(\.code) == ["guests-unreadable"]
            }
            stage.host.heal()
            try await stage.plane.report(.settled)
            try await stage.plane.awaiting("a host report without conditions") {
                $0.hostReports.last?.conditions == []
            }
        }
    }

    /// `define` that only says it worked makes `start` fail; a lying `start` looks like a guest
    /// that went off at once; lying removals never look clean.
    @Test func driversThatLieAreFoundOut() async throws {
        let stage = Stage()
        stage.host.set(.lie, on: .define)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            let report = try await stage.plane.report(.failed)
            #expect(report.failure == "The server could not be started on its host.")
            stage.host.heal()
            stage.host.set(.lie, on: .start)
            stage.plane.assign(Fixture.assignment(.running, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .shutdown)
            stage.host.set(.lie, on: .unplug)
            stage.plane.assign(Fixture.assignment(.absent, generation: 3))
            try await stage.plane.awaiting("a report that steps are without effect") {
                $0.latest(Fixture.instance)?.detail.contains("All steps succeeded") == true
            }
            stage.host.heal()
            try await stage.plane.report(.absent, generation: 3)
        }
    }

    @Test func aStalledGuestHoldsNobodyUp() async throws {
        let stage = Stage()
        let other = InstanceID("i2")
        stage.host.set(.stall, on: .start, call: 1)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.host("the guest to be defined") { $0.guests[Fixture.instance] != nil }
            stage.plane.assign(
                Fixture.assignment(.running),
                Fixture.assignment(.running, ports: [3], instance: other))
            try await stage.plane.report(.settled, of: other)
            stage.host.release(.start)
            try await stage.plane.report(.settled)
        }
    }

    @Test func aDeviceThatVanishedFailsTheGuest() async throws {
        let stage = Stage()
        stage.host.vanish(DeviceID("sim-h-pf0/vf2/vdpa2"))
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            let report = try await stage.plane.report(.failed)
            #expect(report.failure == "Port p2 could not be connected to the network.")
            #expect(report.detail.contains("sim-h-pf0/vf2/vdpa2"))
        }
    }

    @Test func aFixedMACMustBeThePorts() async throws {
        let stage = Stage()
        let device = try #require(stage.host.snapshot.devices.last { $0.kind == .vdpa })
        let mac = try #require(device.macAddress)
        var assignment = Fixture.assignment(.running, ports: [1])
        assignment.guest.interfaces[0].deviceID = device.id
        try await stage.withAgent {
            stage.plane.assign(assignment)
            let report = try await stage.plane.report(.failed)
            #expect(
                report.failure == "The network device claimed for port p1 cannot take the"
                    + " port's MAC address fa:16:3e:00:00:01.")
            #expect(report.detail.contains(mac))
            assignment.generation = 2
            assignment.guest.interfaces[0].macAddress = mac.uppercased()
            stage.plane.assign(assignment)
            try await stage.plane.report(.settled, generation: 2)
            #expect(stage.count(.setMAC) == 0)
        }
    }

    @Test func aMACThatDoesNotStickIsFoundOut() async throws {
        let stage = Stage()
        stage.host.set(.lie, on: .setMAC)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            let report = try await stage.plane.report(.failed)
            #expect(report.failure?.contains("cannot take the port's MAC") == true)
            #expect(stage.host.snapshot.guests.isEmpty)
        }
    }

    @Test func anImageThatIsTooLongIsRefused() async throws {
        let stage = Stage()
        var assignment = Fixture.assignment(.running)
        assignment.guest.image.sizeBytes = 1500
        try await stage.withAgent { [assignment] in
            stage.plane.assign(assignment)
            let report = try await stage.plane.report(.failed)
            #expect(report.failure == "The server's disk could not be made from its image.")
            #expect(stage.plane.state.imageBytesSent <= 2048)
        }
    }

    @Test func aFetchWaitsForTheControlPlane() async throws {
        let stage = Stage()
        stage.plane.change { $0.imageProblem = .unreachable("restarting") }
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.awaiting("the twentieth attempt to have failed") {
                $0.latest(Fixture.instance)?.detail.hasPrefix("attempt 20 failed") == true
            }
            stage.plane.change { $0.imageProblem = nil }
            try await stage.plane.report(.settled)
        }
    }

    @Test func aCallThatHangsEndsAtItsBound() async throws {
        let host = SimulatedHost(Fixture.spec)
        let storage = host.drivers().storage
        host.set(.stall, on: .capacity)
        // On this clock every wait passes at once.
        let clock = ImmediateClock(bound: .seconds(1000))
        await #expect {
            try await bounded(.seconds(120), clock, "measure", "storage") {
                () throws(DriverError) in try await storage.capacity()
            }
        } throws: {
            if case DriverError.timedOut = $0 { true } else { false }
        }
        #expect(clock.waits == [.seconds(120)])
    }

    @Test func reportsAreRepeatedUntilTheyAreTaken() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.host.set(.stall, on: .start)
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.host("the guest to be defined") { $0.guests[Fixture.instance] != nil }
            stage.plane.change { $0.problem = .garbled("noise") }
            stage.host.heal()
            try await stage.host("the guest to run") { !$0.running.isEmpty }
            let hellos = stage.plane.state.hellos
            try await stage.plane.awaiting("five more hellos") { $0.hellos > hellos + 5 }
            #expect(stage.plane.state.latest(Fixture.instance)?.phase != .settled)
            stage.plane.change { $0.problem = nil }
            try await stage.plane.report(.settled)
        }
    }
}
