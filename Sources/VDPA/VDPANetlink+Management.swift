extension VDPANetlink.Command {
    static let managementGet: UInt8 = 2
}

extension VDPANetlink.Attribute {
    static let supportedClasses: UInt16 = 3
    static let managementQueueCountMax: UInt16 = 15
    static let managementFeatures: UInt16 = 16
}

extension VDPANetlink {
    /// What vDPA devices can be made on: a PCI function, or a module such as `vdpasim_net`.
    public struct ManagementDevice: Sendable, Equatable {
        /// As `vdpa mgmtdev show` writes it: `pci/0000:06:00.3`, or `vdpasim_net`.
        public let name: String
        /// A bit for each of virtio's device types that it makes; bit 1 is the network card.
        public let virtioDeviceIDs: UInt64
        /// Virtqueues of a device at most, control queue included; nil on kernels that don't say.
        public let queueCountMax: UInt32?
        /// virtio's feature bits that a device has unless it is made with fewer.
        public let features: UInt64?

        /// Whether it makes network cards.
        public var makesNetworkCards: Bool { virtioDeviceIDs >> VirtioDeviceID.net & 1 == 1 }
    }

    /// Asks for all management devices.
    static func managementRequest(family: UInt16, sequence: UInt32) -> NetlinkFrame {
        GenericNetlink.request(
            family: family, command: Command.managementGet, version: version,
            flags: NetlinkFrame.Flag.dump, sequence: sequence)
    }

    /// Reads one answer to ``managementRequest(family:sequence:)``.
    static func managementDevice(
        _ frame: NetlinkFrame
    ) throws(NetlinkFormatError) -> ManagementDevice {
        let attributes = try GenericNetlink.attributes(frame)
        let name = try attributes.requiredString(Attribute.managementDeviceName)
        let bus = attributes.string(Attribute.managementBusName)
        return ManagementDevice(
            name: [bus, name].compactMap(\.self).joined(separator: "/"),
            virtioDeviceIDs: try attributes.required(Attribute.supportedClasses),
            queueCountMax: try attributes.number(Attribute.managementQueueCountMax),
            features: try attributes.number(Attribute.managementFeatures))
    }
}
