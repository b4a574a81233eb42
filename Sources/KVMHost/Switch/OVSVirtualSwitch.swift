public import ComputeModel
public import HostDrivers
internal import Logging
internal import OVSDB
internal import VirtualSwitch

/// Representors on Open vSwitch, through its database.
public struct OVSVirtualSwitch: HostDrivers.VirtualSwitch {
    /// Sets a netdev up or down.
    typealias LinkSetter =
        @Sendable (_ interface: String, _ up: Bool) throws(VirtualSwitchError) -> Void

    let openVSwitch: OpenVSwitch
    let bridge: String
    let setLink: LinkSetter
    let logger: Logger

    init(
        openVSwitch: OpenVSwitch, bridge: String, logger: Logger,
        setLink: @escaping LinkSetter = { interface, up throws(VirtualSwitchError) in
            try LinkState.set(interface, up: up)
        }
    ) {
        self.openVSwitch = openVSwitch
        self.bridge = bridge
        self.logger = logger
        self.setLink = setLink
    }

    /// Brings the representor up and puts it on the bridge; a port that is on another
    /// representor is moved.
    public func plug(_ vif: VIFPlug) async throws(DriverError) {
        let operation = "plug representor \(vif.representor) into \(bridge)"
        do throws(VirtualSwitchError) {
            try setLink(vif.representor, true)
            do throws(VirtualSwitchError) {
                try await put(vif)
            } catch .portPluggedElsewhere {
                try await openVSwitch.unplug(portID: vif.portID.text)
                try await put(vif)
            }
        } catch {
            throw error.driverError(operation, "port \(vif.portID)")
        }
    }

    private func put(_ vif: VIFPlug) async throws(VirtualSwitchError) {
        let identity = VIFIdentity(
            portID: vif.portID.text, macAddress: vif.macAddress.lowercased(),
            instanceID: vif.instanceID.text)
        let outcome = try await openVSwitch.plug(
            representor: vif.representor, iface: identity, bridge: bridge, mtu: vif.mtuBytes,
            vlanTag: vif.vlanTag)
        if outcome.change != .unchanged {
            logger.info(
                "port plugged",
                metadata: ["port": "\(vif.portID)", "representor": "\(vif.representor)"])
        }
    }

    /// Takes the port off the switch and its representor down.
    public func unplug(_ port: PortID) async throws(DriverError) {
        do throws(VirtualSwitchError) {
            let representors = try await openVSwitch.list()
                .filter { $0.isMarked && $0.identity?.portID == port.text }
                .map(\.representor)
            try await openVSwitch.unplug(portID: port.text)
            for representor in representors { setDown(representor) }
        } catch {
            throw error.driverError("unplug the port", "port \(port)")
        }
    }

    /// The port is off the switch already: a netdev that is gone or stays up does no harm.
    private func setDown(_ representor: String) {
        do throws(VirtualSwitchError) {
            try setLink(representor, false)
        } catch {
            logger.notice("representor stays up", metadata: ["reason": "\(error)"])
        }
    }

    /// Sends a reverse ARP from the port into the bridge.
    public func announce(_ port: PortID) async throws(DriverError) {
        do throws(VirtualSwitchError) {
            try await openVSwitch.announce(portID: port.text)
        } catch {
            throw error.driverError("announce the port", "port \(port)")
        }
    }

    /// All ports that Millrace plugged, on whatever bridge, by representor.
    public func list() async throws(DriverError) -> [HostDrivers.PluggedVIF] {
        do throws(VirtualSwitchError) {
            return try await openVSwitch.list().compactMap(Self.vif)
        } catch {
            throw error.driverError("list the plugged ports", bridge)
        }
    }

    static func vif(_ port: SwitchPort) -> HostDrivers.PluggedVIF? {
        guard port.isMarked, let identity = port.identity else { return nil }
        return HostDrivers.PluggedVIF(
            portID: PortID(identity.portID), instanceID: InstanceID(identity.instanceID),
            representor: port.representor, macAddress: identity.macAddress.lowercased(),
            isUp: port.carriesPackets)
    }

    /// Signals changes of the switch's database, and its coming and going.
    public func changes() -> AsyncStream<Void> {
        let (signals, reader) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let events = openVSwitch.changes()
        let watcher = Task {
            for await _ in events { reader.yield() }
            reader.finish()
        }
        reader.onTermination = { _ in watcher.cancel() }
        return signals
    }
}
