import ComputeModel
import Foundation
import ImageStore
import Networking
import Persistence
import Placement
import Scheduler
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

/// What went wrong, for two audiences.
struct RecordedFailure: Codable, Sendable, Equatable {
    /// For the tenant.
    var message: String
    /// For administrators.
    var trace: String

    /// Hosts that a fault names to administrators; `millrace explain server` tells the others.
    private static let hostsInTrace = 20

    /// - Parameter message: what tenants are told of an error that is not meant for them.
    init(_ error: any Error, otherwise message: String = "The operation failed.") {
        switch error {
        case let error as PlacementFailure:
            self.message = "No valid host was found. " + error.summary
            trace = Self.trace(error.record.rejections)
        case let error as GuestFailure:
            self.message = error.tenantMessage
            trace = error.description
        case let error as DomainError:
            self.message = "\(error)"
            trace = "\(error)"
        default:
            self.message = message
            trace = "\(error)"
        }
    }

    private static func trace(_ rejections: [HostRejection]) -> String {
        let lines = rejections.prefix(hostsInTrace).map { rejection in
            "\(rejection.hostName): "
                + rejection.reasons.map(\.description).joined(separator: "; ")
        }
        let more = rejections.count - lines.count
        return (lines + (more > 0 ? ["and \(more) more: see 'millrace explain server'"] : []))
            .joined(separator: "\n")
    }
}

/// A workflow that does something to one instance, which is its own until its last step releases
/// it. What has released it is over: repeating that step after a crash, or undoing it, must not
/// touch an instance that another workflow may have by then.
protocol InstanceWorkflow: WorkflowDefinition where State: InstanceWorkflowState {
    var tools: InstanceTools { get }
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

    func owns(_ state: State) throws -> Bool { try tools.owns(state) }

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
            try await tools.actions.endEvent(
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

/// What all workflows of instances work with.
struct InstanceTools: Sendable {
    let context: ConductorContext
    let guests: GuestAssignments
    let actions: InstanceActions
    let ports: Ports
    let placements: Placements
    let images: Images
    let reports: GuestReports

    var documents: DocumentStore { context.documents }

    func instance(_ id: InstanceID) throws -> Instance {
        try documents.require(Instance.self, id.text).value
    }

    /// Changes the instance; nothing happens to one that is gone.
    func change(
        _ id: InstanceID, alongside: (inout DocumentTransaction) throws -> Void = { _ in },
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await change(id, alongside: { _, transaction in try alongside(&transaction) }, body)
    }

    /// The same; `alongside` sees the instance as it was changed, and may change it further.
    func change(
        _ id: InstanceID,
        alongside: (inout Instance, inout DocumentTransaction) throws -> Void,
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await context.retryingConflicts(.server) {
            guard let instance = try documents.get(Instance.self, id.text),
                instance.value.state != .deleted
            else { return }
            var changed = instance.value
            try body(&changed)
            var transaction = documents.makeTransaction()
            try alongside(&changed, &transaction)
            if changed != instance.value {
                changed.updatedAt = context.now()
                try transaction.update(instance, to: changed)
            }
            try await documents.commit(transaction)
        }
    }

    /// Notes what is being done now; a deletion's task stays.
    func setTask(_ id: InstanceID, _ task: InstanceTask) async throws {
        try await change(id) { if !$0.deletionRequested { $0.task = task } }
    }

    /// The end of the workflow: its instance is free for the next one, unless a deletion waits
    /// already. `body` sets what else is true now.
    func release(
        _ id: InstanceID, alongside: (inout DocumentTransaction) throws -> Void = { _ in },
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await release(id, alongside: { _, transaction in try alongside(&transaction) }, body)
    }

    /// The same; `alongside` sees the instance as it was changed, and may change it further.
    func release(
        _ id: InstanceID,
        alongside: (inout Instance, inout DocumentTransaction) throws -> Void,
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await change(
            id,
            alongside: { instance, transaction in
                try alongside(&instance, &transaction)
                try reports.catchUp(&instance, into: &transaction)
            }
        ) { instance in
            try body(&instance)
            guard !instance.deletionRequested else { return }
            instance.task = nil
            instance.workflowID = nil
            instance.stateBefore = nil
        }
    }

    /// Takes back a claim that no guest can be using, and forgets the host; `body` sets what else
    /// is true then.
    func unplace(
        _ id: InstanceID, _ body: (inout Instance) throws -> Void = { _ in }
    ) async throws {
        try await change(
            id,
            alongside: { instance, transaction in
                try guests.unplace(&instance, in: &transaction)
            }, body)
    }

    /// The way back is done: the instance is as before. With `isBroken` its guest is not, and the
    /// instance says so.
    func releaseFailed(
        _ id: InstanceID, to state: InstanceState, _ failure: RecordedFailure?, isBroken: Bool,
        _ body: (inout Instance) -> Void = { _ in }
    ) async throws {
        try await release(id) { instance in
            body(&instance)
            if !isBroken {
                try instance.enter(state)
                return
            }
            try instance.enter(.error)
            instance.fault = InstanceFault(
                code: 500, message: failure?.message ?? "The operation failed.",
                details: failure?.trace, created: context.now())
        }
    }

    /// Whether the workflow has its instance still, be it that a deletion waits for its end.
    func owns(_ state: some InstanceWorkflowState) throws -> Bool {
        guard let instance = try documents.get(Instance.self, state.instanceID.text)?.value,
            let owner = instance.workflowID
        else { return false }
        if owner == state.workflowID { return true }
        let next = try documents.get(WorkflowRecord.self, owner.text)?.value
        return instance.deletionRequested && next?.after == state.workflowID.text
    }

    /// Whether undoing may leave the guest alone, because it is going to be deleted.
    func isDoomed(_ id: InstanceID) throws -> Bool {
        try documents.get(Instance.self, id.text)?.value.deletionRequested ?? true
    }
}
