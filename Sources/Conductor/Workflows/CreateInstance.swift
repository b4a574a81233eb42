import ComputeModel
import Foundation
import Networking
import Persistence
import Placement
import Scheduler
import Workflow

/// Builds an accepted instance: place, bind its ports, assign it to the host, await the guest.
///
/// ```
/// step           does                                   undone by
/// accept         -                                      ports given back; error with the fault,
///                                                       or nothing when deletion was asked for
/// place          host chosen, exact devices claimed     claim released, unless a guest may exist
/// bind_ports     ports bound, MACs agreed               ports unbound and given back
/// assign         assignment written                     assignment turned to absent, awaited
/// await_running  the host's word that it runs           -
/// finish         active, claim allocated                -
/// ```
struct CreateInstance: WorkflowDefinition {
    static let kind = "create_instance"

    struct State: Codable, Sendable {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var failure: Failure?
    }

    /// What went wrong last, kept for the undo that tells it.
    struct Failure: Codable, Sendable {
        var message: String
        var trace: String
    }

    let context: ConductorContext
    let placements: Placements
    let ports: Ports
    let actions: InstanceActions
    let guests: GuestAssignments

    static let buildEvent = "compute__do_build_and_run_instance"
    static let scheduleEvent = "conductor_schedule_and_build_instances"

    var steps: [WorkflowStep<State>] {
        [
            step("accept", run: { _, _ in }, undo: fail),
            step("place", run: place, undo: releaseClaim),
            step("bind_ports", run: bindPorts, undo: unbindPorts),
            step("assign", run: assign, undo: withdraw),
            step("await_running", run: awaitRunning, undo: { _, _ in }),
            step("finish", run: finish, undo: { _, _ in }),
        ]
    }

    private typealias Action = WorkflowStep<State>.Action

    private func step(
        _ name: String, run: @escaping Action, undo: @escaping Action
    ) -> WorkflowStep<State> {
        WorkflowStep(
            name, retry: .brief,
            run: { state, context in
                do {
                    try await run(&state, context)
                    state.failure = nil
                } catch {
                    state.failure = Self.failure(error)
                    throw error
                }
            }, undo: undo)
    }

    /// Hosts that a fault names to administrators; `millrace explain server` tells the others.
    private static let hostsInTrace = 20

    private static func trace(_ rejections: [HostRejection]) -> String {
        let lines = rejections.prefix(hostsInTrace).map { rejection in
            "\(rejection.hostName): "
                + rejection.reasons.map(\.description).joined(separator: "; ")
        }
        let more = rejections.count - lines.count
        return (lines + (more > 0 ? ["and \(more) more: see 'millrace explain server'"] : []))
            .joined(separator: "\n")
    }

    private static func failure(_ error: any Error) -> Failure {
        switch error {
        case let error as PlacementFailure:
            Failure(
                message: "No valid host was found. " + error.summary,
                trace: trace(error.record.rejections))
        case let error as GuestFailure:
            Failure(message: error.tenantMessage, trace: error.description)
        case let error as DomainError:
            Failure(message: "\(error)", trace: "\(error)")
        default:
            Failure(message: "Building the server failed.", trace: "\(error)")
        }
    }
}

// MARK: - Placing

extension CreateInstance {
    private func place(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let id = state.instanceID
        let instance = try context.documents.require(Instance.self, id.text)
        if instance.value.hostID == nil {
            try await actions.beginEvent(Self.scheduleEvent, id, state.requestID)
            try await placements.place(id, state.workflowID)
        }
        try await actions.endEvent(Self.scheduleEvent, id, state.requestID)
    }

    private func releaseClaim(_ state: inout State, _ step: StepContext) async throws {
        let problem = state.failure
        try await actions.endEvent(
            Self.scheduleEvent, state.instanceID, state.requestID,
            problem: problem?.message, trace: problem?.trace)
        try await guests.releaseUnassignedClaim(of: state.instanceID)
    }
}

// MARK: - Ports

extension CreateInstance {
    private func bindPorts(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let id = state.instanceID
        try await context.retryingConflicts(.port) {
            let snapshot = context.documents.snapshot()
            let instance = try snapshot.require(Instance.self, id.text).value
            guard let hostID = instance.hostID, let hostName = instance.hostName else { return }
            let claim = try snapshot.get(HostLedger.self, hostID.text)?.value.claim(of: id)
            let report = try snapshot.get(HostReport.self, hostID.text)?.value
            var transaction = context.documents.makeTransaction()
            for owned in claim?.devices ?? [] {
                guard let portID = owned.portID else { continue }
                let port = try snapshot.require(NetworkPort.self, portID.text)
                guard port.value.binding?.deviceID != owned.deviceID else { continue }
                guard let device = report?.devices.first(where: { $0.id == owned.deviceID })
                else {
                    throw GuestFailure(
                        tenantMessage: "The device claimed for port \(portID) vanished.",
                        detail: "device \(owned.deviceID) is no longer reported by \(hostName)")
                }
                try ports.bind(
                    port, binding: PortBinding(device, hostID, hostName),
                    adoptedMAC: device.macSettable ? nil : device.macAddress, in: &transaction)
            }
            try await context.documents.commit(transaction)
        }
    }

    private func unbindPorts(_ state: inout State, _ step: StepContext) async throws {
        try await guests.releasePorts(of: state.instanceID)
    }
}

// MARK: - The guest

extension CreateInstance {
    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        try await actions.beginEvent(
            Self.buildEvent, state.instanceID, state.requestID,
            hostName: try context.documents.get(Instance.self, state.instanceID.text)?.value
                .hostName)
        try await guests.assign(state.instanceID)
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(
            Self.buildEvent, state.instanceID, state.requestID,
            problem: state.failure?.message, trace: state.failure?.trace)
        try await guests.remove(state.instanceID)
    }

    private func awaitRunning(_ state: inout State, _ step: StepContext) async throws {
        do {
            try await guests.awaitSettled(
                state.instanceID, checkCancellation: step.checkCancellation)
        } catch let failure as GuestFailure {
            noteBuild(state, failed: true)
            throw failure
        }
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        try await context.retryingConflicts(.server) {
            let instance = try context.documents.require(Instance.self, id.text)
            guard instance.value.state == .building, let host = instance.value.hostID else {
                return
            }
            var transaction = context.documents.makeTransaction()
            var running = instance.value
            running.state = .active
            running.task = running.deletionRequested ? .deleting : nil
            running.workflowID = running.deletionRequested ? running.workflowID : nil
            running.launchedAt = running.launchedAt ?? context.now()
            running.updatedAt = context.now()
            try transaction.update(instance, to: running)
            let ledger = try context.documents.require(HostLedger.self, host.text)
            var changed = ledger.value
            for index in changed.claims.indices where changed.claims[index].instanceID == id {
                changed.claims[index].phase = .allocated
            }
            try transaction.update(ledger, to: changed)
            try await context.documents.commit(transaction)
        }
        noteBuild(state, failed: false)
        try await actions.endEvent(Self.buildEvent, id, state.requestID)
    }

    /// Lets the scheduler know how the host did.
    private func noteBuild(_ state: State, failed: Bool) {
        guard let instance = try? context.documents.get(Instance.self, state.instanceID.text),
            let host = instance.value.hostID
        else { return }
        placements.placer.index.noteBuild(on: host, failed: failed)
    }

    /// The last thing undone: everything is released, now the instance says why it failed.
    private func fail(_ state: inout State, _ step: StepContext) async throws {
        let failure = state.failure
        // Ports are the instance's since it was accepted, whether or not they were bound.
        try await guests.releasePorts(of: state.instanceID)
        try await context.retryingConflicts(.server) {
            // Others of the same request may have placed it since its claim was released.
            try await guests.releaseUnassignedClaim(of: state.instanceID)
            let instance = try context.documents.require(Instance.self, state.instanceID.text)
            // A deletion goes on from here; it has its own workflow.
            guard !instance.value.deletionRequested, instance.value.state != .deleted else {
                return
            }
            var failed = instance.value
            failed.state = .error
            failed.task = nil
            failed.workflowID = nil
            failed.fault = InstanceFault(
                code: 500, message: failure?.message ?? "Building the server failed.",
                details: failure?.trace, created: context.now())
            failed.updatedAt = context.now()
            try await context.documents.transact { try $0.update(instance, to: failed) }
        }
    }
}
