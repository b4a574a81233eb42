import ComputeModel
import HostDrivers

/// Things that happen by themselves on a real host.
extension SimulatedHost {
    /// The guest's process dies.
    public func crash(_ instance: InstanceID) { setPower(instance, .crashed) }

    /// The guest powers itself off.
    public func powerOff(_ instance: InstanceID) { setPower(instance, .shutdown) }

    /// The guest's CPUs are stopped, as after an I/O error.
    public func stopCPUs(_ instance: InstanceID) { setPower(instance, .paused) }

    /// The guest doesn't listen when it is asked to power off.
    public func ignoreShutdown(_ instance: InstanceID) {
        read { _ = $0.ignoresShutdown.insert(instance) }
    }

    /// The guest doesn't listen when it is asked to give a NIC up; or listens again.
    public func ignoreUnplug(_ instance: InstanceID, _ ignores: Bool = true) {
        read { state in
            if ignores {
                state.ignoresUnplug.insert(instance)
            } else {
                state.ignoresUnplug.remove(instance)
            }
        }
    }

    /// Somebody takes a NIC out of the guest.
    public func loseNIC(_ instance: InstanceID, _ port: PortID) {
        change { state in
            state.visible.guests[instance]?.plan.interfaces.removeAll { $0.portID == port }
        }
        guestEvents.send(.guestChanged(instance))
    }

    /// The guest writes to the disk that it runs from.
    public func write(_ content: String, toDiskOf instance: InstanceID) {
        change { state in
            guard let disk = state.disk(of: instance) else { return }
            state.visible.disks[instance]?.disks[disk]?.content = content
        }
    }

    /// The device is pulled out, or its driver goes.
    public func vanish(_ device: DeviceID) {
        change { state in
            guard let index = state.visible.devices.firstIndex(where: { $0.id == device }) else {
                return
            }
            state.vanished[device] = state.visible.devices.remove(at: index)
        }
        deviceEvents.send(())
    }

    /// A vanished device comes back.
    public func restore(_ device: DeviceID) {
        change { state in
            guard let back = state.vanished.removeValue(forKey: device) else { return }
            state.visible.devices.append(back)
            state.visible.devices.sort { $0.address < $1.address }
        }
        deviceEvents.send(())
    }

    /// Character devices get other numbers, as after a reboot.
    public func renumberDevices(by offset: Int) {
        read { $0.renumbering += offset }
        deviceEvents.send(())
    }

    /// The port's wire goes down or up.
    public func setWire(_ port: PortID, isUp: Bool) {
        change { $0.visible.vifs[port]?.isUp = isUp }
        switchEvents.send(())
    }

    /// Somebody else takes the port off the switch.
    public func removeVIF(_ port: PortID) {
        change { $0.visible.vifs[port] = nil }
        switchEvents.send(())
    }

    /// What the next probe finds wrong with the host.
    public func setConditions(_ conditions: [HostCondition]) {
        read { $0.conditions = conditions }
        guestEvents.send(.connectionChanged)
    }

    /// The guest writes to its serial console.
    public func writeConsole(_ instance: InstanceID, _ text: String) {
        read { $0.append(text, toConsoleOf: instance) }
    }

    private func setPower(_ instance: InstanceID, _ power: GuestPower) {
        change { $0.visible.guests[instance]?.power = power }
        guestEvents.send(.guestChanged(instance))
    }
}
