/// A definition without its type: states are JSON text.
struct AnyWorkflowDefinition: Sendable {
    struct Key: Hashable {
        let kind: String
        let version: Int
    }

    struct Step: Sendable {
        let name: String
        let timeout: Duration?
        let retry: RetryPolicy
        let run: @Sendable (String, StepContext) async -> StepOutcome
        let undo: @Sendable (String, StepContext) async -> StepOutcome
    }

    let key: Key
    let steps: [Step]

    init<Definition: WorkflowDefinition>(
        _ definition: Definition
    ) throws(WorkflowEngineError) {
        key = Key(kind: Definition.kind, version: Definition.version)
        steps = definition.steps.map { step in
            Step(
                name: step.name, timeout: step.timeout, retry: step.retry,
                run: Self.erase(step.run), undo: Self.erase(step.undo))
        }
        guard !steps.isEmpty else {
            throw .invalidDefinition(kind: key.kind, reason: "it has no steps")
        }
        guard Set(steps.map(\.name)).count == steps.count else {
            throw .invalidDefinition(kind: key.kind, reason: "two steps have the same name")
        }
    }

    private static func erase<State: Codable & Sendable>(
        _ action: @escaping WorkflowStep<State>.Action
    ) -> @Sendable (String, StepContext) async -> StepOutcome {
        { text, context in
            do {
                var state = try StateCoding.decode(State.self, from: text)
                var failure: (any Error)?
                do {
                    try await action(&state, context)
                } catch {
                    failure = error
                }
                // A failed step keeps what it noted: its undo may need it.
                return StepOutcome(state: try StateCoding.encode(state), error: failure)
            } catch {
                let failure = WorkflowFailure(
                    code: "state_not_codable", message: String(describing: error))
                return StepOutcome(state: text, error: failure)
            }
        }
    }
}

/// How one attempt of a step or an undo ended.
struct StepOutcome: Sendable {
    let state: String
    let error: (any Error)?
}
