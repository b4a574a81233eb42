import ComputeModel
import Conductor
import Foundation
import Persistence
import SimulatedDrivers
import Workflow
import Synchronization

/// One run: phases of operations and disturbances, each of which ends at rest with everything
/// checked.
final class Simulation: Sendable {
    /// What the command line says.
    struct Options: Sendable {
        var seed: UInt64 = 1
        var operations = 10_000
        var operationsPerPhase = 100
        var isTraced = false
        var eventsShown = 200
    }

    private struct State {
        var requests = 0
        /// Requests that have no answer yet.
        var unanswered: [String: String] = [:]
        var accepted: [AcceptedOperation] = []
    }

    let options: Options
    let log: EventLog
    private let world: SimulatedWorld
    private let chance: Chance
    private let disturbances: Disturbances
    private let state = Mutex(State())

    init(_ options: Options, imageDirectory: URL, log: EventLog) async throws {
        self.options = options
        self.log = log
        let world = try await SimulatedWorld(
            seed: options.seed, imageDirectory: imageDirectory, log: log)
        self.world = world
        chance = Chance(options.seed &+ 10)
        disturbances = Disturbances(world: world, chance: Chance(options.seed &+ 11))
        let hosts = world.fleet.hosts
        for host in hosts {
            host.observe { changed in
                log.count("host changes")
                Invariants.check(changed, among: hosts, log)
            }
        }
    }

    /// Until enough was asked for, or something was found to be wrong.
    func run() async throws {
        var left = options.operations
        while left > 0, log.violations.isEmpty {
            let count = min(left, options.operationsPerPhase)
            try await phase(count)
            left -= count
        }
        await world.fleet.stop()
        try await world.server.kill()
    }

    private func phase(_ count: Int) async throws {
        // Every third phase is in good order, so that faults don't hide what never works.
        let isCalm = chance.happens(0.3)
        log.note(isCalm ? "a calm phase" : "a rough phase")
        world.network.setFaulty(!isCalm)
        var asked = 0
        while asked < count {
            try await world.clock.sleep(for: chance.duration(0...2))
            if !isCalm, chance.happens(0.12) { try await disturbances.strike() }
            if try await ask() { asked += 1 }
        }
        world.network.setFaulty(false)
        try await disturbances.heal()
        try await rest()
    }

    // MARK: Asking

    /// False when nothing could be asked for.
    private func ask() async throws -> Bool {
        guard let conductor = world.server.conductor else { return false }
        let operation: Operation
        do {
            guard
                let next = try await OperationChooser(world: world, chance: chance)
                    .next(conductor)
            else { return false }
            operation = next
        } catch is StoreError {
            return false
        }
        let number = state.withLock { state in
            state.requests += 1
            return state.requests
        }
        let request = "req-\(number)"
        let role: Role = chance.happens(0.3) ? .member : .admin
        let caller = SimulatedWorld.caller(
            operation.instanceID == nil ? .member : role, request: request)
        log.note("\(request) asks for \(operation.kind) of \(operation.instanceID?.text ?? "-")")
        log.count("operations \(operation.kind)")
        state.withLock { $0.unanswered[request] = operation.kind }
        Task.detached { [self] in
            defer { state.withLock { $0.unanswered[request] = nil } }
            await ask(operation, conductor, caller)
        }
        return true
    }

    private func ask(_ operation: Operation, _ conductor: Conductor, _ caller: Caller) async {
        let request = caller.requestID.text
        do {
            let ids = try await operation.ask(conductor, caller)
            log.note("\(request) was accepted")
            log.count("accepted \(operation.kind)")
            guard operation.hasEvents else { return }
            state.withLock { state in
                for id in ids {
                    state.accepted.append(
                        AcceptedOperation(
                            kind: operation.kind, requestID: request, instanceID: id))
                }
            }
        } catch let error as DomainError {
            log.note("\(request) was refused: \(error)")
            log.count("refused \(operation.kind)")
            if case .internalFailure(let why) = error { log.violate("internal failure: \(why)") }
        } catch {
            // The server died: nobody knows.
            log.note("\(request) got no answer: \(error)")
            log.count("unanswered \(operation.kind)")
        }
    }

    // MARK: Rest

    /// Lets time pass until nothing is under way, then checks everything.
    private func rest() async throws {
        let begin = world.clock.now
        while let what = try busy() {
            guard begin.duration(to: world.clock.now) < .seconds(4 * 3_600) else {
                log.violate("still not at rest: \(what)")
                return
            }
            try await world.clock.sleep(for: .seconds(5))
        }
        // Two looks of each agent, and what they report.
        try await world.clock.sleep(for: .seconds(150))
        if let what = try busy() {
            log.note("busy again: \(what)")
            return try await rest()
        }
        guard let conductor = world.server.conductor else {
            return log.violate("the server is gone while nothing was done to it")
        }
        try await removeSnapshots(conductor)
        let accepted = state.withLock { state in
            defer { state.accepted = [] }
            return state.accepted
        }
        try await Invariants(world: world, conductor: conductor).check(accepted)
        log.count("phases")
        log.note("at rest")
    }

    /// What is still under way; nil when nothing is.
    private func busy() throws -> String? {
        guard let conductor = world.server.conductor else { return "the server doesn't run" }
        if let request = state.withLock({ $0.unanswered.min { $0.key < $1.key } }) {
            return "\(request.key) (\(request.value)) has no answer"
        }
        if world.network.underWay > 0 { return "messages are under way" }
        for record in try conductor.context.documents.list(WorkflowRecord.self).map(\.value)
        where !record.status.isFinished {
            return "workflow \(record.id) \(record.kind) is \(record.status.rawValue)"
        }
        for assignment in try conductor.context.documents.list(Assignment.self).map(\.value)
        where assignment.goal == .absent {
            return "\(assignment.instanceID) is not removed from \(assignment.hostID) yet"
        }
        return nil
    }

    /// Copies that tenants asked for would fill the disk.
    private func removeSnapshots(_ conductor: Conductor) async throws {
        let admin = SimulatedWorld.caller(.admin, request: "req-snapshots")
        for image in try conductor.context.documents.list(Image.self).map(\.value)
        where image.name == "snapshot" {
            try await conductor.hub.images.delete(image.id, admin)
        }
    }
}
