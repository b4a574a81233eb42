import Testing
import WorkflowTesting

@testable import Workflow

/// The generator passes a sound definition, and finds each kind of unsound one.
@Suite struct WorkflowFaultGeneratorTests {
    struct WrongWorld: Error, Equatable {
        let things: Set<String>
    }

    static func tests(
        _ make: @escaping @Sendable (Workshop) -> Assembly
    ) -> WorkflowFaultTests<Workshop, Assembly> {
        WorkflowFaultTests(
            makeWorld: { Workshop() }, makeDefinition: make, makeState: { _ in Order() },
            verifySucceeded: { world in
                guard world.things == ["a", "b", "c"] else {
                    throw WrongWorld(things: world.things)
                }
            },
            verifyUnwound: { world in
                guard world.things.isEmpty else { throw WrongWorld(things: world.things) }
            })
    }

    static let sound = tests { world in
        Assembly(.makes("a", in: world), .makes("b", in: world), .makes("c", in: world))
    }

    @Test func aSoundDefinitionPassesAll() async throws {
        try await Self.sound.runAll()
    }

    @Test func findsAnUndoThatForgets() async throws {
        let tests = Self.tests { world in
            Assembly(
                .makes("a", in: world), .makes("b", in: world),
                WorkflowStep(withoutUndo: "c") { _, _ in world.make("c") })
        }
        let fault = await #expect(throws: WorkflowFault.self) { try await tests.failEachStep() }
        #expect(fault?.run == "c (its work done) fails")
        await #expect(throws: WorkflowFault.self) { try await tests.crashWhileUnwinding() }
        try await tests.succeed()
    }

    @Test func findsARunThatCannotBeRepeated() async throws {
        let tests = Self.tests { world in
            Assembly(
                .makes("a", in: world),
                WorkflowStep("b") { _, _ in
                    if world.things.contains("b") { throw final }
                    world.make("b")
                } undo: { _, _ in
                    world.remove("b")
                }, .makes("c", in: world))
        }
        try await tests.failEachStep()
        await #expect(throws: WorkflowFault.self) { try await tests.repeatEachRun() }
        let fault = await #expect(throws: WorkflowFault.self) {
            try await tests.crashAtEachCommit()
        }
        #expect(fault?.run.contains("crash before commit 3") == true)
    }

    @Test func findsAnUndoThatCannotBeRepeated() async throws {
        let tests = Self.tests { world in
            Assembly(
                .makes("a", in: world),
                WorkflowStep("b") { _, _ in
                    world.make("b")
                } undo: { state, _ in
                    if state.made.contains("b undone") { throw final }
                    world.remove("b")
                    state.made.append("b undone")
                }, .makes("c", in: world))
        }
        try await tests.failEachStep()
        await #expect(throws: WorkflowFault.self) { try await tests.repeatEachUndo() }
    }
}
