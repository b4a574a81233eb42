import ComputeModel
import HostDrivers

/// The part of live migrations that goes on without an agent.
extension SimulatedHost {
    /// Where other simulated hosts send guests.
    public var migrationURI: String { "simulated://\(spec.name)" }

    static func name(inURI uri: String) -> String? {
        let scheme = "simulated://"
        return uri.hasPrefix(scheme) ? String(uri.dropFirst(scheme.count)) : nil
    }

    /// What becomes of migrations from here whose agent is killed on the way.
    public func setOrphanedMigrations(_ rule: OrphanedMigrations) {
        read { $0.orphanedMigrations = rule }
    }

    /// The guest, which is on its way, arrives: it runs there and is gone here. False when it is
    /// not on its way, or nobody there waits for it any more.
    @discardableResult
    public func completeMigration(of instance: InstanceID) -> Bool {
        guard let other = destination(of: instance) else { return false }
        // Paused until it has come; one whose host lost its power meanwhile never comes.
        let coming = other.snapshot.guests[instance]
        guard coming?.transit == .arriving, coming?.power == .paused else {
            cancelMigration(of: instance)
            return false
        }
        var power: GuestPower?
        var content: (disk: GuestDisk, text: String)?
        // Gone here first: no guest runs twice, not even for an instant.
        change { state in
            guard let guest = state.visible.guests[instance], guest.transit == .leaving else {
                return
            }
            power = guest.power
            if let disk = state.disk(of: instance),
                let root = state.visible.disks[instance]?.disks[disk]
            {
                content = (disk, root.content)
            }
            state.visible.guests[instance] = nil
            state.destinations[instance] = nil
        }
        guard let power else { return false }
        other.change { state in
            state.visible.guests[instance]?.power = power
            state.visible.guests[instance]?.transit = nil
            if let content {
                state.visible.disks[instance]?.disks[content.disk]?.content = content.text
            }
        }
        announce(instance, other)
        return true
    }

    /// The guest, which is on its way, stays here; nothing of it is left there.
    func cancelMigration(of instance: InstanceID) {
        let other = destination(of: instance)
        var wasLeaving = false
        change { state in
            wasLeaving = state.visible.guests[instance]?.transit == .leaving
            state.visible.guests[instance]?.transit = nil
            state.destinations[instance] = nil
        }
        guard wasLeaving else { return }
        other?.change { state in
            guard state.visible.guests[instance]?.transit == .arriving else { return }
            state.visible.guests[instance] = nil
        }
        announce(instance, other)
    }

    private func destination(of instance: InstanceID) -> SimulatedHost? {
        read { $0.destinations[instance] }.flatMap { neighbours.host(named: $0) }
    }

    private func announce(_ instance: InstanceID, _ other: SimulatedHost?) {
        guestEvents.send(.guestChanged(instance))
        other?.guestEvents.send(.guestChanged(instance))
    }
}
