import ComputeModel
import HostDrivers

struct SimulatedSwitch: VirtualSwitch {
    let gate: SimulatedGate

    func plug(_ vif: VIFPlug) async throws(DriverError) {
        try await gate.call(.plug, vif.portID.text, lie: ()) { state throws(DriverError) in
            guard state.visible.devices.contains(where: { $0.representor == vif.representor })
            else {
                throw .notFound(
                    DriverFault(
                        operation: "plug the port", object: "port \(vif.portID)",
                        found: "there is no netdev \(vif.representor)"))
            }
            // A netdev is on the switch at most once.
            let others = state.visible.vifs.values.filter {
                $0.representor == vif.representor && $0.portID != vif.portID
            }
            for other in others { state.visible.vifs[other.portID] = nil }
            state.visible.vifs[vif.portID] = PluggedVIF(
                portID: vif.portID, instanceID: vif.instanceID, representor: vif.representor,
                macAddress: vif.macAddress, isUp: true)
        }
        gate.host.switchEvents.send(())
    }

    func unplug(_ port: PortID) async throws(DriverError) {
        try await gate.call(.unplug, port.text, lie: ()) { state in
            state.visible.vifs[port] = nil
        }
        gate.host.switchEvents.send(())
    }

    func announce(_ port: PortID) async throws(DriverError) {
        try await gate.call(.announce, port.text, lie: ()) { state throws(DriverError) in
            guard state.visible.vifs[port] != nil else {
                throw .notFound(
                    DriverFault(
                        operation: "announce the port", object: "port \(port)",
                        found: "it is not on the switch"))
            }
        }
    }

    func list() async throws(DriverError) -> [PluggedVIF] {
        try await gate.ask(.listVIFs, gate.host.spec.name) { Array($0.visible.vifs.values) }
    }

    func changes() -> AsyncStream<Void> { gate.host.switchEvents.stream() }
}
