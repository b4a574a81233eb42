import ComputeModel
import HostDrivers

/// Pausing, saving and hot-plugging.
extension SimulatedHypervisor {
    func pause(_ instance: InstanceID) async throws(DriverError) {
        try await change(.pause, instance) { state throws(DriverError) in
            _ = try active(instance, "pause the guest", state)
            state.visible.guests[instance]?.power = .paused
        }
    }

    func unpause(_ instance: InstanceID) async throws(DriverError) {
        try await change(.unpause, instance) { state throws(DriverError) in
            _ = try active(instance, "unpause the guest", state)
            state.visible.guests[instance]?.power = .running
        }
    }

    func save(_ instance: InstanceID) async throws(DriverError) {
        try await change(.save, instance) { state throws(DriverError) in
            if state.visible.guests[instance]?.power == .suspended { return }
            let guest = try active(instance, "save the guest", state)
            guard guest.plan.interfaces.isEmpty else {
                throw refused("save the guest", instance, "it has vDPA NICs")
            }
            state.visible.guests[instance]?.power = .suspended
        }
    }

    func restore(_ instance: InstanceID) async throws(DriverError) {
        try await change(.restore, instance) { state throws(DriverError) in
            guard let guest = state.visible.guests[instance] else {
                throw notFound("restore the guest", instance, "it is not defined")
            }
            if guest.isActive { return }
            guard guest.power == .suspended else {
                throw notFound("restore the guest", instance, "nothing is saved")
            }
            try checkPlace(guest.plan, state)
            state.visible.guests[instance]?.power = .paused
        }
    }

    func discardSaved(_ instance: InstanceID) async throws(DriverError) {
        try await change(.discardSaved, instance) { state in
            guard state.visible.guests[instance]?.power == .suspended else { return }
            state.visible.guests[instance]?.power = .shutdown
        }
    }

    func attach(
        _ instance: InstanceID, _ interface: PlannedInterface
    ) async throws(DriverError) {
        try await change(.attach, instance) { state throws(DriverError) in
            let guest = try active(instance, "plug the NIC in", state)
            if guest.plan.interfaces.contains(where: { $0.portID == interface.portID }) { return }
            try check(interface, instance, state)
            let isMine = guest.plan.interfaces.contains {
                $0.characterDevice == interface.characterDevice
            }
            guard !isMine else {
                throw refused("plug the NIC in", instance, "another of its NICs has the device")
            }
            state.visible.guests[instance]?.plan.interfaces.append(interface)
        }
    }

    func detach(
        _ instance: InstanceID, _ port: PortID, timeout: Duration
    ) async throws(DriverError) {
        try await change(.detach, instance) { state throws(DriverError) in
            guard let guest = state.visible.guests[instance],
                guest.plan.interfaces.contains(where: { $0.portID == port })
            else { return }
            if guest.isActive {
                let now = try active(instance, "unplug the NIC", state)
                // A guest whose CPUs stand still answers nothing.
                guard now.power == .running, !state.ignoresUnplug.contains(instance) else {
                    throw .timedOut(
                        DriverFault(
                            operation: "unplug the NIC of port \(port)",
                            object: "guest \(instance)",
                            found: "the guest did not give it up within \(timeout)"))
                }
            }
            state.visible.guests[instance]?.plan.interfaces.removeAll { $0.portID == port }
        }
    }

    func copyRoot(_ instance: InstanceID, to path: String) async throws(DriverError) {
        try await change(.copyRoot, instance) { state throws(DriverError) in
            _ = try active(instance, "copy the root disk", state)
            guard let disk = state.disk(of: instance, besides: .rescue),
                let found = state.visible.disks[instance]?.disks[disk]
            else {
                throw notFound("copy the root disk", instance, "it has none")
            }
            state.visible.disks[instance]?.copy = found
        }
    }
}

extension SimulatedState {
    /// The disk that the guest was defined with and boots from, or the next one.
    func disk(of instance: InstanceID, besides other: GuestDisk? = nil) -> GuestDisk? {
        guard let stored = visible.disks[instance] else { return nil }
        let names = (visible.guests[instance]?.plan.disks ?? []).map(\.path)
        let disks = names.compactMap { path in
            stored.disks.keys.first { path.hasSuffix(SimulatedHost.fileName(of: $0)) }
        }
        return disks.first { $0 != other }
    }
}
