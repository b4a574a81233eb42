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
                ObservedGuest(
                    instanceID: instance, generation: guest.plan.generation,
                    power: guest.power,
                    interfaces: guest.plan.interfaces.map {
                        ObservedInterface(
                            portID: $0.portID, alias: "ua-\($0.portID)",
                            macAddress: $0.macAddress, characterDevice: $0.characterDevice)
                    })
            }
        }
    }

    func define(_ plan: GuestPlan) async throws(DriverError) {
        try await gate.call(.define, plan.instanceID.text, lie: ()) {
            state throws(DriverError) in
            if state.visible.guests[plan.instanceID]?.power == .running {
                throw refused("define the guest", plan.instanceID, "it is running")
            }
            state.visible.guests[plan.instanceID] = SimulatedGuest(plan: plan, power: .shutdown)
        }
    }

    func start(_ instance: InstanceID) async throws(DriverError) {
        try await gate.call(.start, instance.text, lie: ()) { state throws(DriverError) in
            guard let guest = state.visible.guests[instance] else {
                throw .notFound(
                    DriverFault(
                        operation: "start the guest", object: "guest \(instance)",
                        found: "it is not defined"))
            }
            if guest.power == .running { return }
            try check(guest.plan, state)
            state.visible.guests[instance]?.power = .running
            state.append(
                "[    0.000000] Linux version 6.12.0-simulated\n\(guest.plan.name) login: ",
                toConsoleOf: instance)
        }
        gate.host.guestEvents.send(.guestChanged(instance))
    }

    /// What QEMU would stumble over.
    private func check(_ plan: GuestPlan, _ state: SimulatedState) throws(DriverError) {
        let disks = state.visible.disks[plan.instanceID]
        guard disks?.rootImage != nil, disks?.configDrive != nil else {
            throw refused("start the guest", plan.instanceID, "a disk is missing")
        }
        for interface in plan.interfaces {
            let path = interface.characterDevice
            let isThere = state.visible.devices.contains {
                state.characterDevice($0.id) == path
            }
            guard isThere else {
                throw refused("start the guest", plan.instanceID, "\(path) does not exist")
            }
            guard !state.isInUse(path, besides: plan.instanceID) else {
                throw refused("start the guest", plan.instanceID, "\(path) is in use")
            }
        }
        guard let numa = plan.numa else { return }
        let others = state.visible.guests.filter { id, guest in
            id != plan.instanceID && guest.power == .running
        }
        let cells = SimulatedCells(
            gate.host.hardware.probe.numaCells, others.compactMap(\.value.plan.numa))
        if let problem = cells.problem(of: numa) {
            throw refused("start the guest", plan.instanceID, problem)
        }
    }

    func shutdown(_ instance: InstanceID, timeout: Duration) async throws(DriverError) {
        try await gate.call(.shutdown, instance.text, lie: ()) { state throws(DriverError) in
            guard state.visible.guests[instance] != nil else { return }
            guard !state.ignoresShutdown.contains(instance) else {
                throw .timedOut(
                    DriverFault(
                        operation: "shut the guest down", object: "guest \(instance)",
                        found: "it still runs after \(timeout)"))
            }
            state.visible.guests[instance]?.power = .shutdown
        }
        gate.host.guestEvents.send(.guestChanged(instance))
    }

    func destroy(_ instance: InstanceID) async throws(DriverError) {
        try await gate.call(.destroy, instance.text, lie: ()) { state in
            state.visible.guests[instance]?.power = .shutdown
        }
        gate.host.guestEvents.send(.guestChanged(instance))
    }

    func undefine(_ instance: InstanceID) async throws(DriverError) {
        try await gate.call(.undefine, instance.text, lie: ()) { state throws(DriverError) in
            if state.visible.guests[instance]?.power == .running {
                throw refused("undefine the guest", instance, "it is running")
            }
            state.visible.guests[instance] = nil
        }
        gate.host.guestEvents.send(.guestChanged(instance))
    }

    func consoleTail(
        _ instance: InstanceID, bytes: Int
    ) async throws(DriverError) -> String {
        try await gate.ask(.consoleTail, instance.text) { state throws(DriverError) in
            guard let text = state.consoles[instance] else {
                throw .notFound(
                    DriverFault(
                        operation: "read the console log", object: "guest \(instance)",
                        found: "there is none"))
            }
            return String(decoding: text.utf8.suffix(bytes), as: UTF8.self)
        }
    }

    func events() -> AsyncStream<HypervisorEvent> { gate.host.guestEvents.stream() }

    private func refused(
        _ operation: String, _ instance: InstanceID, _ found: String
    ) -> DriverError {
        .refused(
            DriverFault(operation: operation, object: "guest \(instance)", found: found))
    }
}
