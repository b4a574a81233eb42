import ComputeModel
import HostDrivers

struct SimulatedHypervisor: Hypervisor {
    let gate: SimulatedGate

    func probe() async throws(DriverError) -> HypervisorProbe {
        try await gate.ask(.probe, gate.host.spec.name) { state in
            var probe = gate.host.hardware.probe
            probe.conditions = state.conditions
            return probe
        }
    }

    func guests() async throws(DriverError) -> [ObservedGuest] {
        try await gate.ask(.guests, gate.host.spec.name) { state in
            state.visible.guests.map { instance, guest in
                var observed = ObservedGuest(
                    instanceID: instance, generation: guest.plan.generation,
                    power: guest.power,
                    interfaces: guest.plan.interfaces.map {
                        ObservedInterface(
                            portID: $0.portID, alias: "ua-\($0.portID)",
                            macAddress: $0.macAddress, characterDevice: $0.characterDevice)
                    })
                observed.transit = guest.transit
                return observed
            }
        }
    }

    func define(_ plan: GuestPlan) async throws(DriverError) {
        let instance = plan.instanceID
        try await change(.define, instance) { state throws(DriverError) in
            let guest = state.visible.guests[instance]
            if guest?.isActive == true {
                throw refused("define the guest", instance, "it has its power")
            }
            if guest?.power == .suspended {
                throw refused("define the guest", instance, "its memory is saved")
            }
            state.visible.guests[instance] = SimulatedGuest(plan: plan, power: .shutdown)
        }
    }

    func start(_ instance: InstanceID) async throws(DriverError) {
        try await change(.start, instance) { state throws(DriverError) in
            guard let guest = state.visible.guests[instance] else {
                throw notFound("start the guest", instance, "it is not defined")
            }
            if guest.isActive { return }
            if guest.power == .suspended {
                throw refused("start the guest", instance, "its memory is saved")
            }
            try check(guest.plan, state)
            state.visible.guests[instance]?.power = .running
            state.append(
                "[    0.000000] Linux version 6.12.0-simulated\n\(guest.plan.name) login: ",
                toConsoleOf: instance)
        }
    }

    func shutdown(_ instance: InstanceID, timeout: Duration) async throws(DriverError) {
        try await change(.shutdown, instance) { state throws(DriverError) in
            guard let guest = state.visible.guests[instance], guest.isActive else { return }
            guard guest.power == .running, !state.ignoresShutdown.contains(instance) else {
                throw .timedOut(
                    DriverFault(
                        operation: "shut the guest down", object: "guest \(instance)",
                        found: "it still has its power after \(timeout)"))
            }
            state.visible.guests[instance]?.power = .shutdown
        }
    }

    func destroy(_ instance: InstanceID) async throws(DriverError) {
        try await change(.destroy, instance) { state in
            guard let guest = state.visible.guests[instance], guest.isActive else { return }
            // A guest that had not come yet leaves nothing behind.
            if guest.transit == .arriving {
                state.visible.guests[instance] = nil
            } else {
                state.visible.guests[instance]?.power = .shutdown
                state.visible.guests[instance]?.transit = nil
            }
        }
    }

    func undefine(_ instance: InstanceID) async throws(DriverError) {
        try await change(.undefine, instance) { state throws(DriverError) in
            if state.visible.guests[instance]?.isActive == true {
                throw refused("undefine the guest", instance, "it has its power")
            }
            state.visible.guests[instance] = nil
        }
    }

    func consoleTail(
        _ instance: InstanceID, bytes: Int
    ) async throws(DriverError) -> String {
        try await gate.ask(.consoleTail, instance.text) { state throws(DriverError) in
            guard let text = state.consoles[instance] else {
                throw notFound("read the console log", instance, "there is none")
            }
            return String(decoding: text.utf8.suffix(bytes), as: UTF8.self)
        }
    }

    func events() -> AsyncStream<HypervisorEvent> { gate.host.guestEvents.stream() }

    // MARK: What QEMU would stumble over

    private func check(_ plan: GuestPlan, _ state: SimulatedState) throws(DriverError) {
        for interface in plan.interfaces { try check(interface, plan.instanceID, state) }
        try checkPlace(plan, state)
    }

    /// Everything but the NICs.
    func checkPlace(_ plan: GuestPlan, _ state: SimulatedState) throws(DriverError) {
        let instance = plan.instanceID
        let stored = state.visible.disks[instance]
        let paths = (stored?.disks.keys).map { Set($0.map { gate.host.path(of: $0, instance) }) }
        guard let paths, !paths.isEmpty, plan.disks.allSatisfy({ paths.contains($0.path) }),
            stored?.configDrive != nil
        else {
            throw refused("start the guest", instance, "a disk is missing")
        }
        guard let numa = plan.numa else { return }
        let others = state.visible.guests.filter { $0.key != instance && $0.value.isActive }
        let cells = SimulatedCells(
            gate.host.hardware.probe.numaCells, others.compactMap(\.value.plan.numa))
        if let problem = cells.problem(of: numa) {
            throw refused("start the guest", instance, problem)
        }
    }

    func check(
        _ interface: PlannedInterface, _ instance: InstanceID, _ state: SimulatedState
    ) throws(DriverError) {
        let path = interface.characterDevice
        guard state.visible.devices.contains(where: { state.characterDevice($0.id) == path })
        else {
            throw refused("use the device", instance, "\(path) does not exist")
        }
        guard !state.isInUse(path, besides: instance) else {
            throw refused("use the device", instance, "\(path) is in use")
        }
    }

    // MARK: Changes

    /// A change of one guest, and its event.
    func change(
        _ operation: SimulatedOperation, _ instance: InstanceID,
        _ effect: (inout SimulatedState) throws(DriverError) -> Void
    ) async throws(DriverError) {
        try await gate.call(operation, instance.text, lie: (), effect)
        gate.host.guestEvents.send(.guestChanged(instance))
    }

    /// The guest, which must have its power and not be on its way.
    func active(
        _ instance: InstanceID, _ operation: String, _ state: SimulatedState
    ) throws(DriverError) -> SimulatedGuest {
        guard let guest = state.visible.guests[instance], guest.isActive else {
            throw notFound(operation, instance, "it has no power")
        }
        guard guest.transit == nil else {
            throw refused(operation, instance, "it is being migrated")
        }
        guard guest.power != .crashed else { throw refused(operation, instance, "it has crashed") }
        return guest
    }

    func refused(
        _ operation: String, _ instance: InstanceID, _ found: String
    ) -> DriverError {
        .refused(
            DriverFault(operation: operation, object: "guest \(instance)", found: found))
    }

    func notFound(
        _ operation: String, _ instance: InstanceID, _ found: String
    ) -> DriverError {
        .notFound(
            DriverFault(operation: operation, object: "guest \(instance)", found: found))
    }
}
