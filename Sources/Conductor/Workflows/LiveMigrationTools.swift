import ComputeModel
import Foundation
import Persistence

// What a live migration asks of documents: its turn, the guest's arrival, and its ports' bindings.

extension Migration {
    /// Whether another migration of `host` with this number has to wait for it.
    func isAhead(of number: Int, leaving host: HostID) -> Bool {
        guard kind == .liveMigration, sourceHostID == host else { return false }
        switch status {
        case .preparing, .running: return true
        case .queued: return self.number < number
        default: return false
        }
    }
}

extension InstanceTools {
    /// Waits until the guest runs on its new host, `limit` at most: false when it doesn't yet.
    ///
    /// Throws `GuestFailure` when the source says that it could not be sent.
    func arrival(
        of id: InstanceID, on destination: HostID, from source: HostID, within limit: Duration
    ) async throws -> Bool {
        let arrived = GuestReport.key(destination, id)
        let sent = GuestReport.key(source, id)
        do {
            return try await documents.wait(
                watching: [GuestReport.self], timeout: limit, clock: context.clock
            ) { snapshot -> Bool? in
                let report = try snapshot.get(GuestReport.self, arrived)?.value
                let generation = try snapshot.get(Assignment.self, arrived)?.value.generation
                if let report, report.generation == generation, report.power == .running,
                    report.phase == .settled || report.phase == .failed
                {
                    return true
                }
                let word = try snapshot.get(GuestReport.self, sent)?.value
                let sending = try snapshot.get(Assignment.self, sent)?.value.generation
                if let word, word.generation == sending, word.phase == .failed {
                    throw GuestFailure(
                        tenantMessage: word.failure ?? "The server could not be migrated.",
                        detail: word.detail)
                }
                return nil
            }
        } catch StoreError.timedOut {
            return false
        }
    }

    /// The instance's ports have the bindings on `host` from now on.
    func activateBindings(of id: InstanceID, on host: HostID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            for interface in try instance(id).interfaces {
                guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                    let binding = port.value.inactiveBinding, binding.hostID == host
                else { continue }
                let device = try documents.get(HostReport.self, host.text)?.value.devices
                    .first { $0.id == binding.deviceID }
                let isFixed = device.map { !$0.macSettable } ?? false
                var changed = port.value
                changed.inactiveBinding = nil
                try ports.bind(
                    Versioned(value: changed, generation: port.generation), binding: binding,
                    adoptedMAC: isFixed ? device?.macAddress : nil, in: &transaction)
            }
            try await documents.commit(transaction)
        }
    }

    func dropInactiveBindings(of id: InstanceID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            for interface in try instance(id).interfaces {
                guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                    port.value.inactiveBinding != nil
                else { continue }
                var changed = port.value
                changed.inactiveBinding = nil
                try ports.write(changed, over: port, in: &transaction)
            }
            try await documents.commit(transaction)
        }
    }
}
