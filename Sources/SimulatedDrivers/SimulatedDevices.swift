import ComputeModel
import HostDrivers

struct SimulatedDevices: DeviceInventory {
    let gate: SimulatedGate

    func scan() async throws(DriverError) -> DeviceScan {
        try await gate.ask(.scan, gate.host.spec.name) { DeviceScan(devices: $0.visible.devices) }
    }

    func changes() -> AsyncStream<Void> { gate.host.deviceEvents.stream() }

    func resolve(_ device: DeviceID) async throws(DriverError) -> ResolvedDevice {
        try await gate.ask(.resolve, device.text) { state throws(DriverError) in
            let found = try find(device, state, "find the device")
            guard let path = state.characterDevice(device) else {
                throw .refused(
                    DriverFault(
                        operation: "find the device", object: "device \(device)",
                        found: "it is no vDPA device"))
            }
            return ResolvedDevice(
                characterDevice: path, representor: found.representor,
                macAddress: found.macAddress, macSettable: found.macSettable)
        }
    }

    func setMAC(_ device: DeviceID, _ macAddress: String) async throws(DriverError) {
        try await gate.call(.setMAC, device.text, lie: ()) { state throws(DriverError) in
            let found = try find(device, state, "set the device's MAC")
            let isInUse = state.characterDevice(device).map { state.isInUse($0) } ?? false
            guard found.macSettable, !isInUse else {
                throw .refused(
                    DriverFault(
                        operation: "set the device's MAC", object: "device \(device)",
                        found: isInUse ? "it is in use" : "its MAC is fixed"))
            }
            for index in state.visible.devices.indices
            where state.visible.devices[index].id == device {
                state.visible.devices[index].macAddress = macAddress
            }
        }
        gate.host.deviceEvents.send(())
    }

    private func find(
        _ device: DeviceID, _ state: SimulatedState, _ operation: String
    ) throws(DriverError) -> Device {
        guard let found = state.device(device) else {
            throw .notFound(
                DriverFault(
                    operation: operation, object: "device \(device)",
                    found: "the host hasn't got it"))
        }
        return found
    }
}
