/// What a host has of Millrace's guests at one moment, as its drivers list it; for audits.
public struct HostInventory: Codable, Sendable, Equatable {
    /// Domains.
    public var guests: [Guest]
    /// Ports on the switch.
    public var vifs: [VIF]
    /// Instances of which files are stored.
    public var stored: [InstanceID]

    /// A domain.
    public struct Guest: Codable, Sendable, Equatable {
        /// The instance.
        public var instanceID: InstanceID
        /// Its power.
        public var power: GuestPower
        /// Ports of its NICs.
        public var ports: [PortID]

        /// A domain; see the fields.
        public init(instanceID: InstanceID, power: GuestPower, ports: [PortID]) {
            self.instanceID = instanceID
            self.power = power
            self.ports = ports
        }
    }

    /// A port on the switch.
    public struct VIF: Codable, Sendable, Equatable {
        /// The port.
        public var portID: PortID
        /// The instance it was plugged for.
        public var instanceID: InstanceID

        /// A port on the switch; see the fields.
        public init(portID: PortID, instanceID: InstanceID) {
            self.portID = portID
            self.instanceID = instanceID
        }
    }

    /// An inventory; see the fields.
    public init(guests: [Guest], vifs: [VIF], stored: [InstanceID]) {
        self.guests = guests
        self.vifs = vifs
        self.stored = stored
    }
}
