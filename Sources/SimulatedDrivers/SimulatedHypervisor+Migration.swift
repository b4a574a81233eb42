import ComputeModel
import HostDrivers

/// Live migration between simulated hosts that are neighbours.
///
/// ```
///  here:   running -- leaving --------------------> gone
///             ^          | abort, agent killed  ^
///             +----------+                      | transfer is through
///  there:             arriving --------------> running
/// ```
extension SimulatedHypervisor {
    func migrate(
        _ instance: InstanceID, _ departure: GuestDeparture,
        progress: @escaping @Sendable (GuestMigrationReport) async -> Void
    ) async throws(DriverError) {
        if try await gate.enter(.migrate, instance.text) == .lie { return }
        let total = try begin(instance, departure)
        var report = GuestMigrationReport(migrationID: departure.migrationID)
        report.memoryTotalBytes = total
        report.memoryRemainingBytes = total
        await progress(report)
        do throws(DriverError) {
            _ = try await gate.enter(.transfer, instance.text)
            try await travel(instance, report, progress)
        } catch {
            end(instance)
            throw error
        }
        guard gate.host.incarnation == gate.incarnation else {
            end(instance)
            throw gate.dead(.transfer, instance.text)
        }
        guard gate.host.completeMigration(of: instance) else {
            throw .failed(
                DriverFault(
                    operation: "migrate the guest", object: "guest \(instance)",
                    found: "the migration was aborted"))
        }
        report.memoryRemainingBytes = 0
        await progress(report)
    }

    /// Lets the time pass that the guest's memory takes, unless that is forced or aborted.
    private func travel(
        _ instance: InstanceID, _ start: GuestMigrationReport,
        _ progress: @escaping @Sendable (GuestMigrationReport) async -> Void
    ) async throws(DriverError) {
        let pause = Duration.milliseconds(gate.host.spec.migrationMS) / Self.journeyParts
        guard pause > .zero else { return }
        var report = start
        for part in 1...Self.journeyParts {
            do { try await Task.sleep(for: pause) } catch {
                throw gate.cancelled(.transfer, instance.text)
            }
            let isOnItsWay = gate.host.read { state in
                state.incarnation == gate.incarnation && state.destinations[instance] != nil
                    && !state.forced.contains(instance)
            }
            guard isOnItsWay else { return }
            report.memoryRemainingBytes =
                start.memoryTotalBytes / Int64(Self.journeyParts)
                * Int64(Self.journeyParts - part)
            await progress(report)
        }
    }

    /// Each so many-th of the time it is looked whether a migration is to end, and reported.
    private static let journeyParts = 100

    func forceMigration(_ instance: InstanceID) async throws(DriverError) {
        try await change(.forceMigration, instance) { state throws(DriverError) in
            guard state.visible.guests[instance]?.transit == .leaving else {
                throw notFound("force the migration", instance, "there is none")
            }
            state.forced.insert(instance)
        }
        gate.host.release(.transfer)
    }

    func abortMigration(_ instance: InstanceID) async throws(DriverError) {
        try await gate.call(.abortMigration, instance.text, lie: ()) { _ in }
        gate.host.cancelMigration(of: instance)
    }

    /// Puts the guest on its way; answers its memory in bytes.
    private func begin(
        _ instance: InstanceID, _ departure: GuestDeparture
    ) throws(DriverError) -> Int64 {
        let what = "migrate the guest"
        guard let name = SimulatedHost.name(inURI: departure.destinationURI),
            let other = gate.host.neighbours.host(named: name), other !== gate.host
        else {
            throw refused(what, instance, "no other host is at '\(departure.destinationURI)'")
        }
        // One host's lock at a time: two hosts may send guests to each other.
        let (guest, disk, root) = try gate.host.attempt { state throws(DriverError) in
            try sendable(instance, state)
        }
        try receive(guest, disk, root, departure, at: other)
        do throws(DriverError) {
            try gate.host.attempt { state throws(DriverError) in
                _ = try sendable(instance, state)
                state.visible.guests[instance]?.transit = .leaving
                state.destinations[instance] = name
                state.forced.remove(instance)
            }
        } catch {
            other.change { $0.visible.guests[instance] = nil }
            throw error
        }
        gate.host.guestEvents.send(.guestChanged(instance))
        other.guestEvents.send(.guestChanged(instance))
        return Int64(guest.plan.memoryMiB) << 20
    }

    /// The guest with the disk that it runs from, if it may leave now.
    private func sendable(
        _ instance: InstanceID, _ state: SimulatedState
    ) throws(DriverError) -> (SimulatedGuest, GuestDisk, SimulatedDisk) {
        guard state.incarnation == gate.incarnation else {
            throw gate.dead(.migrate, instance.text)
        }
        let guest = try active(instance, "migrate the guest", state)
        guard guest.plan.interfaces.isEmpty else {
            throw refused("migrate the guest", instance, "it has vDPA NICs")
        }
        guard let disk = state.disk(of: instance),
            let root = state.visible.disks[instance]?.disks[disk]
        else { throw refused("migrate the guest", instance, "its disk is missing") }
        return (guest, disk, root)
    }

    /// The other host takes the guest in only where everything is ready for it.
    private func receive(
        _ guest: SimulatedGuest, _ disk: GuestDisk, _ root: SimulatedDisk,
        _ departure: GuestDeparture, at other: SimulatedHost
    ) throws(DriverError) {
        let instance = guest.plan.instanceID
        var plan = guest.plan
        plan.numa = departure.numa
        plan.disks = plan.disks.map { old in
            let name = SimulatedHost.fileName(of: disk)
            return old.path.hasSuffix(name)
                ? PlannedDisk(path: other.path(of: disk, instance), format: old.format) : old
        }
        let there = SimulatedHypervisor(
            gate: SimulatedGate(host: other, incarnation: other.incarnation))
        try other.attempt { state throws(DriverError) in
            guard state.visible.guests[instance] == nil else {
                throw refused("migrate the guest", instance, "the other host has it, too")
            }
            let prepared = state.visible.disks[instance]?.disks[disk]
            guard prepared?.image == root.image, prepared?.sizeGiB == root.sizeGiB else {
                throw refused(
                    "migrate the guest", instance, "the other host has no disk like its own")
            }
            try there.checkPlace(plan, state)
            state.visible.guests[instance] = SimulatedGuest(
                plan: plan, power: .paused, transit: .arriving)
        }
    }

    /// The agent's call ended early: by its own will, or because it was killed.
    private func end(_ instance: InstanceID) {
        let (isAlive, rule) = gate.host.read { state in
            (state.incarnation == gate.incarnation, state.orphanedMigrations)
        }
        switch isAlive ? .abort : rule {
        case .abort: gate.host.cancelMigration(of: instance)
        case .complete: gate.host.completeMigration(of: instance)
        case .goOn: break
        }
    }
}
