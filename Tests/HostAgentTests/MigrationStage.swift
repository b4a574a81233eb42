import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers

/// Two hosts, `h` with a guest that shall go to `g`. A test is the Conductor of both.
final class MigrationStage: Sendable {
    let source: Stage
    let destination: Stage

    init() {
        let neighbours = SimulatedNeighbours()
        source = Stage(name: "h", neighbours: neighbours)
        destination = Stage(name: "g", neighbours: neighbours)
    }

    /// The guest, with devices of its host.
    static func assignment(
        _ goal: AssignmentGoal, generation: Int, on name: String, ports: [Int] = [1, 2]
    ) -> Assignment {
        var assignment = Fixture.assignment(goal, generation: generation, ports: ports)
        for (index, port) in ports.enumerated() {
            assignment.guest.interfaces[index].deviceID = DeviceID(
                "sim-\(name)-pf0/vf\(port)/vdpa\(port)")
        }
        return assignment
    }

    static func arrival(ports: [Int] = [1, 2]) -> Assignment {
        var assignment = assignment(.running, generation: 2, on: "g", ports: ports)
        assignment.arrival = Fixture.arrival
        return assignment
    }

    static func departure(ports: [Int] = [1, 2], isForced: Bool = false) -> Assignment {
        var assignment = assignment(.running, generation: 3, on: "h", ports: ports)
        assignment.departure = Fixture.departure
        assignment.departure?.isForced = isForced
        return assignment
    }

    /// The guest runs at the source and has written something.
    func run(ports: [Int] = [1, 2]) async throws {
        source.plane.assign(Self.assignment(.running, generation: 1, on: "h", ports: ports))
        try await source.plane.report(.settled)
        source.host.write("mine", toDiskOf: Fixture.instance)
    }

    /// Both agents run while `body` does.
    @discardableResult
    func withAgents<Answer: Sendable>(
        settings: AgentSettings = Stage.settings, _ body: () async throws -> Answer
    ) async rethrows -> Answer {
        try await source.withAgent(settings: settings) {
            try await destination.withAgent(settings: settings) { try await body() }
        }
    }

    /// On how many hosts the guest runs.
    var running: Int {
        [source, destination].count { $0.host.snapshot.running.contains(Fixture.instance) }
    }

    func guest(_ stage: Stage) -> SimulatedGuest? {
        stage.host.snapshot.guests[Fixture.instance]
    }

    /// The guest is at `stage` with all that it needs, and nowhere else.
    func isComplete(at stage: Stage) -> Bool {
        let other = stage === source ? destination : source
        let ports = Set(guest(stage)?.plan.interfaces.map(\.portID) ?? [])
        let disk = stage.host.snapshot.disks[Fixture.instance]?.disks[.root(build: 0)]
        return running == 1 && guest(stage)?.power == .running && guest(stage)?.transit == nil
            && ports == [Fixture.port(1), Fixture.port(2)]
            && Set(stage.host.snapshot.vifs.keys) == ports && disk?.content == "mine"
            && guest(other) == nil
    }
}
