import ComputeModel
import Foundation
import Persistence

/// The event list of instances: what was asked of them, and the steps that it took.
public struct InstanceActions: Sendable {
    private let context: ConductorContext

    /// The actions in `context`'s documents.
    public init(_ context: ConductorContext) {
        self.context = context
    }

    /// Those of an instance, the newest first.
    public func list(_ instance: InstanceID) throws(StoreError) -> [InstanceAction] {
        try context.documents.list(InstanceAction.self, prefix: InstanceAction.keys(of: instance))
            .map(\.value)
            .sorted { $0.startedAt > $1.startedAt }
    }

    /// One of them; nil when there is none for that request.
    public func show(
        _ instance: InstanceID, _ request: APIRequestID
    ) throws(StoreError) -> InstanceAction? {
        try context.documents.get(InstanceAction.self, InstanceAction.key(instance, request))?.value
    }

    /// Notes an action that was accepted, within the transaction that accepts it.
    func begin(
        _ action: String, _ instance: Instance, _ caller: Caller,
        in transaction: inout DocumentTransaction
    ) throws(StoreError) {
        try transaction.put(
            InstanceAction(
                instanceID: instance.id, requestID: caller.requestID, action: action,
                userID: caller.userID, projectID: caller.projectID, startedAt: context.now()))
    }

    /// Notes that a step began. Repeating it changes nothing.
    func beginEvent(
        _ name: String, _ instance: InstanceID, _ request: APIRequestID, hostName: String? = nil
    ) async throws {
        try await change(instance, request) { action in
            guard !action.events.contains(where: { $0.name == name && $0.finishedAt == nil })
            else { return }
            var event = InstanceActionEvent(name: name, startedAt: context.now())
            event.hostName = hostName
            action.events.append(event)
        }
    }

    /// Notes how a step ended. `problem` is for the tenant, `trace` for administrators.
    func endEvent(
        _ name: String, _ instance: InstanceID, _ request: APIRequestID,
        problem: String? = nil, trace: String? = nil
    ) async throws {
        try await change(instance, request) { action in
            guard
                let index = action.events.lastIndex(where: {
                    $0.name == name && $0.finishedAt == nil
                })
            else { return }
            action.events[index].finishedAt = context.now()
            action.events[index].result = problem == nil ? "Success" : "Error"
            action.events[index].details = problem
            action.events[index].trace = trace
            if problem != nil { action.message = "Error" }
        }
    }

    private func change(
        _ instance: InstanceID, _ request: APIRequestID,
        _ body: (inout InstanceAction) -> Void
    ) async throws {
        let key = InstanceAction.key(instance, request)
        guard try context.documents.get(InstanceAction.self, key) != nil else { return }
        try await context.documents.mutate(InstanceAction.self, key) { action in
            let before = action
            body(&action)
            if action != before { action.updatedAt = context.now() }
        }
    }
}
