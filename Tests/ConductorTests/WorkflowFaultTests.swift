import ComputeModel
import Foundation
import Persistence
import SimulatedDrivers
import TestSupport
import Testing
import Workflow
import WorkflowTesting

@testable import Conductor

/// What can go wrong in the workflows of instances, produced mechanically: each step fails before
/// and after its work, every undo and every step runs twice, the engine dies at each commit, also
/// while it takes things back.
@Suite(.bounded) struct WorkflowFaultTestsOfInstances {
    /// The workflows that are tried here: they begin or end without an instance that is there.
    static let kinds: Set = [Worlds<CreateInstance>.kind, Worlds<DeleteInstance>.kind]

    @Test func buildsSucceedWhateverIsRepeated() async throws {
        let tests = Worlds.ofCreation()
        try await tests.generator.succeed()
        try await tests.generator.repeatEachRun()
        try await tests.close()
    }

    @Test func buildsUnwindFromEachStep() async throws {
        let tests = Worlds.ofCreation()
        try await tests.generator.failEachStep()
        try await tests.close()
    }

    @Test func buildsUnwindTwice() async throws {
        let tests = Worlds.ofCreation()
        try await tests.generator.repeatEachUndo()
        try await tests.close()
    }

    @Test func buildsAreResumedFromEachCommit() async throws {
        let tests = Worlds.ofCreation()
        try await tests.generator.crashAtEachCommit()
        try await tests.close()
    }

    @Test func buildsUnwindFromEachCommit() async throws {
        let tests = Worlds.ofCreation()
        try await tests.generator.crashWhileUnwinding()
        try await tests.close()
    }

    @Test func deletionsSucceedWhateverIsRepeated() async throws {
        let tests = Worlds.ofDeletion()
        try await tests.generator.succeed()
        try await tests.generator.repeatEachRun()
        try await tests.close()
    }

    @Test func deletionsThatFailCanBeRepeated() async throws {
        let tests = Worlds.ofDeletion()
        try await tests.generator.failEachStep()
        try await tests.generator.repeatEachUndo()
        try await tests.close()
    }

    @Test func deletionsAreResumedFromEachCommit() async throws {
        let tests = Worlds.ofDeletion()
        try await tests.generator.crashAtEachCommit()
        try await tests.close()
    }

    @Test func deletionsThatFailAreResumedFromEachCommit() async throws {
        let tests = Worlds.ofDeletion()
        try await tests.generator.crashWhileUnwinding()
        try await tests.close()
    }
}

/// One instance in a control plane whose own engine does nothing: the test's engine does.
private struct InstanceWorld: Sendable {
    let bed: InstanceTestbed
    let port: NetworkPort
    let id: InstanceID
    let create: CreateInstance
    let delete: DeleteInstance
    let workflowID: WorkflowID?
}

/// Makes worlds, and ends each when the next one is wanted.
private actor WorldKeeper {
    private var open: InstanceTestbed?

    func next(running: Bool) async throws -> InstanceWorld {
        try await close()
        let bed = try await InstanceTestbed.open([.small("h1", devices: 1, fixedMAC: true)])
        open = bed
        let port = try await bed.port()
        var id = InstanceID("")
        if running {
            id = try await bed.create([port])
            try await bed.settled(id, .active)
            try await bed.until("the build has ended") {
                try bed.documents.list(WorkflowRecord.self).allSatisfy {
                    $0.value.status.isFinished
                }
            }
        }
        let conductor = try bed.conductor
        await conductor.engine.shutdown(grace: .zero)
        if running {
            try await bed.delete(id)
        } else {
            id = try await bed.create([port])
        }
        return InstanceWorld(
            bed: bed, port: port, id: id, create: conductor.instances.workflows.create,
            delete: conductor.instances.workflows.delete,
            workflowID: try bed.instance(id).workflowID)
    }

    func close() async throws {
        let bed = open
        open = nil
        try await bed?.close()
    }
}

/// The generator of one workflow with the worlds it runs in.
private struct Worlds<Definition: WorkflowDefinition>: Sendable {
    let keeper: WorldKeeper
    let generator: WorkflowFaultTests<InstanceWorld, Definition>

    static var kind: String { Definition.kind }

    func close() async throws { try await keeper.close() }
}

extension Worlds where Definition == CreateInstance {
    static func ofCreation() -> Worlds {
        let keeper = WorldKeeper()
        return Worlds(
            keeper: keeper,
            generator: WorkflowFaultTests(
                makeWorld: { try await keeper.next(running: false) },
                makeDefinition: { $0.create },
                makeState: { world in
                    CreateInstance.State(
                        instanceID: world.id, requestID: APIRequestID("req-test"),
                        workflowID: world.workflowID ?? WorkflowID("none"))
                },
                // What has let go of its instance does not touch it any more.
                expectation: { $0 == "finish" && $1 ? .succeeded : .unwound },
                verify: { world, outcome in
                    if outcome == .succeeded {
                        try world.verifyRunning()
                    } else {
                        try world.verifyFailed()
                    }
                }))
    }
}

extension Worlds where Definition == DeleteInstance {
    static func ofDeletion() -> Worlds {
        let keeper = WorldKeeper()
        return Worlds(
            keeper: keeper,
            generator: WorkflowFaultTests(
                makeWorld: { try await keeper.next(running: true) },
                makeDefinition: { $0.delete },
                makeState: { world in
                    DeleteInstance.State(
                        instanceID: world.id, requestID: APIRequestID("req-delete"))
                },
                verifySucceeded: { try $0.verifyGone() },
                verifyUnwound: { try await $0.verifyDeletable() }))
    }
}

extension InstanceWorld {
    func verifyRunning() throws {
        let instance = try bed.instance(id)
        let phases = try bed.claims().map(\.phase)
        let running = bed.fleet.hosts[0].snapshot.running
        guard instance.state == .active, instance.workflowID == nil, phases == [.allocated],
            running == [id], try bed.port(port.id).binding != nil
        else {
            throw TestbedError(found: "\(instance.state), \(phases), \(running)")
        }
    }

    /// Nothing is left and the instance says why, or nothing has begun.
    func verifyFailed() throws {
        let instance = try bed.instance(id)
        if instance.state == .building, instance.workflowID == workflowID {
            guard try bed.claims().isEmpty, try bed.documents.list(Assignment.self).isEmpty else {
                throw TestbedError(found: "building, with claims or assignments")
            }
            return
        }
        let remains = try bed.remains(of: id)
        guard instance.state == .error, instance.fault != nil, instance.hostID == nil,
            remains.isEmpty, try bed.isFree(port)
        else {
            throw TestbedError(
                found: "\(instance.state), fault \(String(describing: instance.fault)),"
                    + " left: \(remains), \(try bed.port(port.id))")
        }
    }

    func verifyGone() throws {
        let remains = try bed.remains(of: id)
        guard try bed.instance(id).state == .deleted, remains.isEmpty, try bed.isFree(port)
        else {
            throw TestbedError(found: "\(try bed.instance(id).state), left: \(remains)")
        }
    }

    /// A deletion that was given up is told, and the next one works.
    func verifyDeletable() async throws {
        let instance = try bed.instance(id)
        if instance.state == .deleted { return try verifyGone() }
        guard instance.deletionRequested == (instance.state == .active) else {
            throw TestbedError(found: "\(instance)")
        }
        try await bed.server.restart()
        if try !bed.instance(id).deletionRequested {
            let refusal = await Refusal.of { try await bed.delete(id, request: "req-again") }
            guard refusal == nil || refusal == .notFound(.server) else {
                throw TestbedError(found: "deleting again: \(String(describing: refusal))")
            }
        }
        try await bed.settled(id, .deleted)
        try verifyGone()
    }
}
