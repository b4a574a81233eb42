import ComputeModel
import Testing
import Workflow
import WorkflowTesting

@testable import Conductor

/// What the mechanical tests need to know of one workflow of instances.
struct WorkflowRow<Definition: WorkflowDefinition>: Sendable {
    let name: String
    let definition: @Sendable (InstanceWorkflows) -> Definition
    /// Asks for it.
    let request: @Sendable (Scene, Instances) async throws -> Void
    /// Facts that are otherwise once it has succeeded.
    let changes: [String: String?]
    /// The first step whose work can't be undone.
    var last = "finish"
    /// Brings a running instance with one port to where the workflow begins.
    var prepare: @Sendable (Scene) async throws -> Void = { _ in }
    var settings: @Sendable (inout ConductorSettings) -> Void = { _ in }
    /// Facts that are otherwise once it was undone.
    var traces: [String: String?] = [:]
    /// Steps whose failure leads to one of both ends, before and after their work.
    var undecided: Set<String> = []
    var isReusable = true
    /// Before the instance is deleted.
    var retire: @Sendable (Scene) async throws -> Void = { _ in }
    /// Of the crashes in failing runs each so many-th is tried.
    var crashStride = 1

    /// What becomes of a workflow whose step fails.
    func expectation(_ steps: [String]) -> @Sendable (String, Bool) -> WorkflowOutcome {
        let end = steps.firstIndex(of: last) ?? steps.count
        return { [undecided] step, afterWork in
            if undecided.contains(step + (afterWork ? " done" : "")) { return .either }
            let index = steps.firstIndex(of: step) ?? 0
            return index > end || index == end && afterWork ? .succeeded : .unwound
        }
    }
}

/// A row of the table, of whatever workflow.
struct MechanicalTests: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kind: String
    let scenario: LifecycleScenario
    /// All of them; returns the numbers of steps and runs.
    let run: @Sendable () async throws -> (steps: Int, runs: Int)

    init<Definition: WorkflowDefinition>(_ row: WorkflowRow<Definition>) {
        testDescription =
            row.name == Definition.kind ? row.name : "\(Definition.kind) (\(row.name))"
        kind = Definition.kind
        scenario = LifecycleScenario(
            testDescription: testDescription, settings: row.settings, prepare: row.prepare,
            request: row.request, changes: row.changes, retire: row.retire)
        run = {
            let stages = Stages(row)
            let steps = try await stages.next().definition.steps.map(\.name)
            let tests = WorkflowFaultTests<Stage<Definition>, Definition>(
                makeWorld: { try await stages.next() }, makeDefinition: \.definition,
                makeState: \.state, expectation: row.expectation(steps)
            ) { try await stages.verify($0, $1) }
            do {
                try await tests.runAll(crashStride: row.crashStride)
            } catch {
                try await stages.close()
                throw error
            }
            try await stages.close()
            return (steps.count, tests.runs)
        }
    }
}

/// A request to the real control plane, with what must come of it.
struct LifecycleScenario: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let settings: @Sendable (inout ConductorSettings) -> Void
    let prepare: @Sendable (Scene) async throws -> Void
    let request: @Sendable (Scene, Instances) async throws -> Void
    let changes: [String: String?]
    let retire: @Sendable (Scene) async throws -> Void

    func run(_ body: (InstanceTestbed) async throws -> Void) async throws {
        try await InstanceTestbed.run(Scene.specs, change: settings) { bed in
            try await bed.conductor.flavors.create(InstanceTestbed.bigFlavor)
            try await body(bed)
        }
    }

    func scene(in bed: InstanceTestbed) async throws -> Scene {
        let scene = try await Scene.make(in: bed)
        try await prepare(scene)
        return scene
    }

    func perform(_ scene: Scene) async throws {
        try await request(scene, try scene.bed.conductor.instances)
    }
}
