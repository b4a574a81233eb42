import ComputeModel
import Foundation
import Logging
import Persistence
import SimulatedDrivers
import Synchronization
import TestSupport
import Testing
import Workflow
import WorkflowTesting

@testable import Conductor
@testable import ControlPlaneState
@testable import Networking

/// One instance in a control plane with two hosts.
struct Scene: Sendable {
    let bed: InstanceTestbed
    let id: InstanceID
    /// The first is the instance's, the second belongs to nobody yet.
    let ports: [NetworkPort]
    /// The host where the instance was made, and the other one.
    let here: String
    let there: String

    func picture() throws -> GuestPicture {
        try GuestPicture(of: id, in: bed, here: here, ports: ports.map(\.id))
    }

    static let specs = [SimulatedHostSpec.small("h1"), .small("h2")]

    /// A running instance with one port on the first host.
    static func make(in bed: InstanceTestbed) async throws -> Scene {
        let ports = [try await bed.port(), try await bed.port()]
        let id = try await bed.create([ports[0]], InstanceTestbed.adminOfMember) {
            $0.hostName = "h1"
        }
        try await bed.settled(id, .active)
        try await bed.idle()
        return Scene(bed: bed, id: id, ports: ports, here: "h1", there: "h2")
    }

    /// Deletes the instance, after which nothing may be left of it.
    func clear() async throws {
        try await bed.delete(id)
        try await bed.settled(id, .deleted)
        try await bed.idle()
        let remains = try bed.remains(of: id)
        let findings = try findings()
        guard remains.isEmpty, findings.isEmpty else {
            throw TestbedError(found: "deleted afterwards, left: \(remains), \(findings)")
        }
        for image in try bed.documents.list(Image.self).map(\.value)
        where image.id != bed.image.id {
            guard image.ownerID != .millrace else {
                throw TestbedError(found: "deleted afterwards, left: image \(image.name ?? "")")
            }
            try await bed.conductor.instances.parts.images.discard(image.id)
        }
        for port in ports {
            try await Ports(bed.server.networking).delete(port.id, InstanceTestbed.member)
        }
    }

    /// Waits until the picture is one of those and nothing disagrees; tells which one.
    @discardableResult
    func becomes(_ wanted: [GuestPicture]) async throws -> Int {
        let deadline = ContinuousClock.now + Patience.wait
        while ContinuousClock.now < deadline {
            do {
                let index: Int = try await bed.documents.wait(
                    watching: [GuestReport.self, Assignment.self, Instance.self],
                    timeout: Self.lookInterval
                ) { _ in try match(wanted) }
                return index
            } catch StoreError.timedOut {
                // Hosts do some things without a word.
                continue
            }
        }
        let found = try picture()
        throw TestbedError(
            found: "waited for a picture; instead there was:"
                + " \(wanted.map { found.difference(from: $0) }), audit: \(try findings())")
    }

    private func match(_ wanted: [GuestPicture]) throws -> Int? {
        let found = try picture()
        guard let index = wanted.firstIndex(where: { found.difference(from: $0).isEmpty })
        else { return nil }
        return try findings().isEmpty ? index : nil
    }

    /// For what hosts do a moment after a workflow has ended.
    private static let lookInterval: Duration = .milliseconds(20)

    func findings() throws -> [String] {
        try Audit(bed.documents.snapshot()).findings().map {
            "\($0.kind) \($0.object): \($0.detail)"
        }
    }
}

extension InstanceTestbed {
    /// An administrator in the members' project.
    static var adminOfMember: Caller {
        var caller = admin
        caller.projectID = member.projectID
        return caller
    }
}

/// A workflow that was accepted and does not run: its turn is a test's.
struct Stage<Definition: WorkflowDefinition>: Sendable {
    let scene: Scene
    let definition: Definition
    let state: Definition.State
    let before: GuestPicture
}

/// Makes stages. Instances that are as before are used again, others are deleted, after which
/// nothing may be left.
actor Stages<Definition: WorkflowDefinition> {
    private let row: WorkflowRow<Definition>
    private var bed: InstanceTestbed?
    private var scene: Scene?
    private var stage: Stage<Definition>?

    init(_ row: WorkflowRow<Definition>) { self.row = row }

    /// A stage that nothing has happened on.
    func next() async throws -> Stage<Definition> {
        if let stage { return stage }
        let bed = try await openedBed()
        let scene: Scene
        if let old = self.scene {
            scene = old
        } else {
            scene = try await Scene.make(in: bed)
            try await row.prepare(scene)
            self.scene = scene
        }
        try await bed.idle()
        let before = try scene.picture()
        let record = try await accept(scene)
        let made = Stage(
            scene: scene, definition: row.definition(try bed.conductor.instances.workflows),
            state: try record.value.decodedState(as: Definition.State.self), before: before)
        try await bed.documents.transact { try $0.delete(record) }
        stage = made
        return made
    }

    private func openedBed() async throws -> InstanceTestbed {
        if let bed { return bed }
        let opened = try await Self.open(row.settings)
        bed = opened
        try await opened.conductor.flavors.create(InstanceTestbed.bigFlavor)
        return opened
    }

    private static func open(
        _ settings: @Sendable (inout ConductorSettings) -> Void
    ) async throws -> InstanceTestbed {
        try await InstanceTestbed.open(Scene.specs, change: settings)
    }

    /// Asks a front that stores what it accepts, and runs nothing.
    private func accept(_ scene: Scene) async throws -> Versioned<WorkflowRecord> {
        let bed = scene.bed
        let real = try bed.conductor.instances
        let engine = WorkflowEngine(
            log: MemoryWorkflowLog(), clock: ContinuousClock(), now: { Date() },
            makeID: { UUID().uuidString.lowercased() }, logger: bed.server.logger)
        await engine.shutdown(grace: .zero)
        let front = Instances(
            context: real.context,
            operations: Operations(context: real.context, engine: engine),
            actions: real.actions, flavors: real.flavors, keypairs: real.keypairs,
            ports: real.ports, questions: real.questions, hosts: real.hosts, parts: real.parts,
            workflows: real.workflows)
        do {
            try await row.request(scene, front)
        } catch is WorkflowEngineError {
            // Attaching waits for the end, which nobody brings about.
        }
        guard let workflow = try bed.instance(scene.id).workflowID,
            let record = try bed.documents.get(WorkflowRecord.self, workflow.text)
        else { throw TestbedError(found: "the request was not accepted") }
        return record
    }

    /// Throws unless everything is as the outcome says.
    func verify(_ stage: Stage<Definition>, _ outcome: WorkflowOutcome) async throws {
        if outcome == .untouched { return }
        self.stage = nil
        let succeeded = stage.before.with(row.changes)
        let unwound = [stage.before, stage.before.with(row.traces)]
        let wanted: [GuestPicture] =
            switch outcome {
            case .succeeded: [succeeded]
            case .unwound, .untouched: unwound
            case .either: unwound + [succeeded]
            }
        let found = try await stage.scene.becomes(wanted)
        if row.isReusable, wanted[found] != succeeded { return }
        scene = nil
        try await row.retire(stage.scene)
        try await stage.scene.clear()
    }

    func close() async throws {
        let bed = bed
        self.bed = nil
        try await bed?.close()
    }
}
