import ComputeModel
import Workflow

/// The state of a workflow that does something to one instance.
protocol InstanceWorkflowState: Codable, Sendable {
    var instanceID: InstanceID { get }
    var requestID: APIRequestID { get }
    var workflowID: WorkflowID { get }
    /// What went wrong first, kept for the undo that tells it.
    var failure: RecordedFailure? { get set }
    /// A step was begun behind which there is no way back. Stored by those that have such steps.
    var goesForward: Bool? { get set }
}

extension InstanceWorkflowState {
    /// What a step of this workflow marks its writes with. Stored: a step of that name must find
    /// its own again after a crash, and after an upgrade.
    func mark(_ step: String) -> String { "\(workflowID)/\(step)" }

    var goesForward: Bool? {
        get { nil }
        set {}
    }
}

/// A workflow that does something to one instance, which is its own until its last step releases
/// it. What has released it is over: repeating that step after a crash, or undoing it, must not
/// touch an instance that another workflow may have by then.
protocol InstanceWorkflow: WorkflowDefinition where State: InstanceWorkflowState {
    var instances: OwnedInstances { get }
    var actions: InstanceActions { get }
    /// The steps behind the point of no return.
    var forwardSteps: [WorkflowStep<State>] { get }
    /// Events of the request's action that don't end by themselves when the workflow is undone.
    func events(_ state: State) -> [String]
    /// What they say to the tenant then; nil when it was carried through instead.
    func problem(_ state: State) throws -> String?
    /// What the tenant is told when a step fails for a reason that is not for tenants.
    static var failureMessage: String { get }
    /// Whether the instance is still the workflow's.
    func owns(_ state: State) throws -> Bool
}

extension InstanceWorkflow {
    typealias Action = WorkflowStep<State>.Action

    var forwardSteps: [WorkflowStep<State>] { [] }

    static var failureMessage: String { "The operation failed." }

    func problem(_ state: State) throws -> String? { state.failure?.message ?? "Cancelled." }

    func owns(_ state: State) throws -> Bool { try instances.owns(state) }

    /// The first step, the last one to be undone: behind the point of no return its undo carries
    /// the workflow through to its end instead. Its events are ended last, also when the instance
    /// was released already by an undo that was interrupted in between.
    func first(
        _ name: String, run: @escaping Action, undo: @escaping Action
    ) -> WorkflowStep<State> {
        let step = step(name, run: run, undo: undo)
        return WorkflowStep(
            name, retry: step.retry, run: step.run,
            undo: { state, context in
                guard state.goesForward == true else {
                    try await step.undo(&state, context)
                    return try await endEvents(state)
                }
                for step in forwardSteps { try await step.run(&state, context) }
            })
    }

    private func endEvents(_ state: State) async throws {
        let problem = try problem(state)
        for event in events(state) {
            try await actions.endEvent(
                event, state.instanceID, state.requestID, problem: problem,
                trace: problem.flatMap { _ in state.failure?.trace })
        }
    }

    /// A step whose failure is kept in the state; an attempt that works is none any more.
    func step(
        _ name: String, run: @escaping Action, undo: @escaping Action = { _, _ in }
    ) -> WorkflowStep<State> {
        WorkflowStep(
            name, retry: .brief,
            run: { state, context in
                do {
                    try await run(&state, context)
                    state.failure = nil
                } catch {
                    state.failure = RecordedFailure(error, otherwise: Self.failureMessage)
                    throw error
                }
            },
            undo: { state, context in
                guard state.goesForward != true, try owns(state) else { return }
                try await undo(&state, context)
            })
    }

    /// The step that releases the instance, then does `end`, which may be repeated when the
    /// instance is somebody else's already.
    func last(
        _ name: String, run: @escaping Action, end: @escaping Action
    ) -> WorkflowStep<State> {
        step(
            name,
            run: { state, context in
                if try owns(state) { try await run(&state, context) }
                try await end(&state, context)
            })
    }

    /// A step behind which there is no way back: it is tried for minutes, then by the undo of the
    /// first step, then left to the next start of the server.
    func forward(
        _ name: String, run: @escaping Action, end: @escaping Action = { _, _ in }
    ) -> WorkflowStep<State> {
        let step = patient(name, run: run, end: end)
        return WorkflowStep(withoutUndo: name, retry: step.retry) { state, context in
            state.goesForward = true
            try await step.run(&state, context)
        }
    }

    /// A step that is tried for minutes, and not undone.
    func patient(
        _ name: String, run: @escaping Action, end: @escaping Action = { _, _ in }
    ) -> WorkflowStep<State> {
        WorkflowStep(withoutUndo: name, retry: .patient) { state, context in
            if try owns(state) { try await run(&state, context) }
            try await end(&state, context)
        }
    }
}

extension RetryPolicy {
    /// For what can't be taken back: 40 attempts in some minutes.
    static let patient = RetryPolicy(
        attempts: 40, firstPause: .milliseconds(200), longestPause: .seconds(10))
}
