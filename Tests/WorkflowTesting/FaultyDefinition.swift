import Workflow

/// A definition with faults put into its steps.
struct FaultyDefinition<Base: WorkflowDefinition>: WorkflowDefinition {
    /// One step that fails, every time it runs.
    struct Failure: Sendable {
        let step: Int
        /// Whether the step does its work first and fails then.
        let afterWork: Bool
    }

    static var kind: String { Base.kind }
    static var version: Int { Base.version }

    let base: Base
    var failure: Failure?
    var repeatsRun = false
    var repeatsUndo = false

    var steps: [WorkflowStep<Base.State>] {
        base.steps.enumerated().map { index, step in
            let fault = failure?.step == index ? failure : nil
            return WorkflowStep(
                step.name, retry: step.retry, run: run(step, fault), undo: undo(step))
        }
    }

    private func run(
        _ step: WorkflowStep<Base.State>, _ fault: Failure?
    ) -> WorkflowStep<Base.State>.Action {
        { [repeatsRun] state, context in
            if let fault, !fault.afterWork { throw InjectedFault.failure }
            try await step.run(&state, context)
            if repeatsRun { try await step.run(&state, context) }
            if fault != nil { throw InjectedFault.failure }
        }
    }

    private func undo(_ step: WorkflowStep<Base.State>) -> WorkflowStep<Base.State>.Action {
        { [repeatsUndo] state, context in
            try await step.undo(&state, context)
            if repeatsUndo { try await step.undo(&state, context) }
        }
    }
}

enum InjectedFault {
    static let failure = WorkflowFailure(
        code: "injected", message: "told to fail by the test")
}
