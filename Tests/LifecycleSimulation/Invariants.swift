import ComputeModel
import Conductor
import Foundation
import Persistence
import SimulatedDrivers
import Workflow

/// What must be so.
struct Invariants {
    let world: SimulatedWorld
    let conductor: Conductor

    private var log: EventLog { world.log }

    // MARK: At any moment

    /// To be asked at each change of a host: no device in two guests that run, and no server that
    /// runs twice.
    static func check(_ changed: SimulatedHost, among hosts: [SimulatedHost], _ log: EventLog) {
        let snapshot = changed.snapshot
        var owners: [String: InstanceID] = [:]
        for (id, guest) in snapshot.guests where guest.isActive {
            for interface in guest.plan.interfaces {
                let other = owners.updateValue(id, forKey: interface.characterDevice)
                if let other {
                    log.violate(
                        "\(changed.spec.name): \(interface.characterDevice) is in \(id) and"
                            + " \(other)")
                }
            }
        }
        for id in snapshot.running where snapshot.guests[id]?.transit == nil {
            for other in hosts where other !== changed {
                let guest = other.snapshot.guests[id]
                if guest?.power == .running {
                    log.violate(
                        "\(id) runs on \(changed.spec.name) and on \(other.spec.name)")
                }
            }
        }
    }

    // MARK: At rest

    /// Everything, now that nothing is under way and nothing is broken.
    func check(_ accepted: [AcceptedOperation]) async throws {
        for finding in try await conductor.audit.findings(asksHosts: false, repairs: false) {
            log.violate("audit: \(finding.kind.rawValue) \(finding.object): \(finding.detail)")
        }
        let documents = conductor.context.documents
        for record in try documents.list(WorkflowRecord.self).map(\.value)
        where !record.status.isFinished {
            log.violate("workflow \(record.id) \(record.kind) is \(record.status.rawValue)")
        }
        let instances = try documents.list(Instance.self).map(\.value)
        for instance in instances { try check(instance) }
        try checkHosts(Dictionary(uniqueKeysWithValues: instances.map { ($0.id, $0) }))
        for operation in accepted { try check(operation) }
    }

    private func check(_ instance: Instance) throws {
        let id = instance.id
        if instance.task != nil || instance.workflowID != nil {
            log.violate("\(id) has task \(instance.task?.rawValue ?? "none")")
        }
        log.count("states \(instance.state.rawValue)")
        if instance.state == .error {
            log.note(
                "in error: \(id) \(instance.fault?.message ?? "") \(instance.fault?.details ?? "")")
            log.count("error \(instance.fault?.message ?? "none")")
        }
        if instance.state == .deleted { return checkGone(id) }
        if instance.deletionRequested { log.violate("\(id) was to be deleted and is not") }
        let running = world.fleet.hosts.filter {
            guard let guest = $0.snapshot.guests[id] else { return false }
            return guest.power == .running
        }
        switch instance.state {
        case .active, .rescued:
            guard running.count == 1, let host = running.first,
                host.spec.name == instance.hostName
            else {
                return log.violate(
                    "\(id) is \(instance.state.rawValue) on \(instance.hostName ?? "no host") and"
                        + " runs on \(running.map(\.spec.name))")
            }
            checkWiring(instance, host)
        case .stopped, .paused, .suspended, .shelved, .shelvedOffloaded:
            if !running.isEmpty {
                log.violate(
                    "\(id) is \(instance.state.rawValue) and runs on"
                        + " \(running.map(\.spec.name))")
            }
        case .resized, .error, .building, .deleted: break
        }
    }

    private func checkWiring(_ instance: Instance, _ host: SimulatedHost) {
        let snapshot = host.snapshot
        let wanted = instance.interfaces.map(\.portID.text).sorted()
        let plugged = (snapshot.guests[instance.id]?.plan.interfaces ?? [])
            .map(\.portID.text).sorted()
        let wired = snapshot.vifs.values.filter { $0.instanceID == instance.id }
            .map(\.portID.text).sorted()
        if plugged != wanted {
            log.violate("\(instance.id) has NICs \(plugged), its ports are \(wanted)")
        }
        if wired != wanted {
            log.violate("\(instance.id) has VIFs \(wired), its ports are \(wanted)")
        }
    }

    private func checkGone(_ id: InstanceID) {
        for host in world.fleet.hosts {
            let snapshot = host.snapshot
            if snapshot.guests[id] != nil { log.violate("\(id) is deleted; a guest is left") }
            if snapshot.disks[id] != nil { log.violate("\(id) is deleted; disks are left") }
            if snapshot.vifs.values.contains(where: { $0.instanceID == id }) {
                log.violate("\(id) is deleted; a VIF is left on \(host.spec.name)")
            }
        }
    }

    /// Nothing is on a host that is not assigned there, and no claim is of a server that is gone.
    private func checkHosts(_ instances: [InstanceID: Instance]) throws {
        let documents = conductor.context.documents
        let names = Dictionary(
            uniqueKeysWithValues: try documents.list(ComputeHost.self)
                .map { ($0.value.name, $0.value.id) })
        for host in world.fleet.hosts {
            guard let hostID = names[host.spec.name] else { continue }
            let snapshot = host.snapshot
            let traces = Set(snapshot.guests.keys).union(snapshot.disks.keys)
                .union(snapshot.vifs.values.map(\.instanceID))
            for id in traces.sorted()
            where try documents.get(Assignment.self, Assignment.key(hostID, id)) == nil {
                log.violate("\(host.spec.name) has something of \(id), which is not assigned")
            }
        }
        for ledger in try documents.list(HostLedger.self).map(\.value) {
            for claim in ledger.claims {
                let instance = instances[claim.instanceID]
                if instance == nil || instance?.state == .deleted {
                    log.violate("\(claim.instanceID) is gone; its claim is left")
                }
            }
        }
        for port in try documents.list(NetworkPort.self).map(\.value) where !port.deviceID.isEmpty {
            let instance = instances[InstanceID(port.deviceID)]
            if instance?.interfaces.contains(where: { $0.portID == port.id }) != true {
                log.violate("port \(port.id) says server \(port.deviceID), which has it not")
            }
        }
    }

    /// What was accepted has come to an end that its event tells.
    private func check(_ operation: AcceptedOperation) throws {
        let actions = conductor.actions
        let what = "\(operation.kind) \(operation.requestID) of \(operation.instanceID)"
        guard
            let action = try actions.show(
                operation.instanceID, APIRequestID(operation.requestID))
        else {
            // Nothing is done for who asks to offload what is being offloaded.
            if operation.kind == InstanceCommand.shelveOffload.actionName { return }
            return log.violate("\(what) was accepted, and no action tells of it")
        }
        if action.events.isEmpty { log.violate("\(what) has no event") }
        for event in action.events where event.finishedAt == nil {
            log.violate("\(what): event \(event.name) has not ended")
        }
        let failed = action.events.contains { $0.result == "Error" }
        log.count("\(failed ? "failed" : "succeeded") \(operation.kind)")
    }
}

/// An operation that the server said yes to.
struct AcceptedOperation: Sendable {
    let kind: String
    let requestID: String
    let instanceID: InstanceID
}
