/// The kernel's netlink family `vdpa`: its numbers (linux/vdpa.h) and what its answers mean.
public enum VDPANetlink {
    /// The family's name.
    public static let familyName = "vdpa"
    static let version: UInt8 = 1

    enum Command {
        static let deviceGet: UInt8 = 5
        static let deviceConfigGet: UInt8 = 6
    }

    enum Attribute {
        static let managementBusName: UInt16 = 1
        static let managementDeviceName: UInt16 = 2
        static let deviceName: UInt16 = 4
        static let deviceID: UInt16 = 5
        static let vendorID: UInt16 = 6
        static let queueCountMax: UInt16 = 7
        static let queueSizeMax: UInt16 = 8
        static let netMACAddress: UInt16 = 10
        /// u16, though the header's comment says u8 (drivers/vdpa/vdpa.c).
        static let netStatus: UInt16 = 11
        static let netQueuePairCountMax: UInt16 = 12
        static let netMTU: UInt16 = 13
        static let negotiatedFeatures: UInt16 = 14
        static let provisionedFeatures: UInt16 = 20
        static let deviceFeatures: UInt16 = 21
    }

    /// virtio's device types, as in ``Device/virtioDeviceID``.
    public enum VirtioDeviceID {
        /// A network card.
        public static let net: UInt32 = 1
        /// A disk.
        public static let block: UInt32 = 2
    }

    /// A vDPA device in the family's list.
    public struct Device: Sendable, Equatable {
        /// The name, the same as in sysfs.
        public let name: String
        /// Its management device as `vdpa mgmtdev show` writes it: `pci/0000:06:00.3`, or
        /// `vdpasim_net` for one without a bus.
        public let managementDevice: String
        /// virtio's device type; see ``VirtioDeviceID``.
        public let virtioDeviceID: UInt32
        /// The maker's number, as virtio would show it.
        public let vendorID: UInt32
        /// Virtqueues it has at most, control queue included.
        public let queueCountMax: UInt32
        /// Entries of a virtqueue at most; nil on kernels that don't say.
        public let queueSizeMax: UInt16?
    }

    /// The configuration of a vDPA network device. Kernels and drivers differ in what they show;
    /// what they don't is nil.
    public struct Config: Sendable, Equatable {
        /// The device's name.
        public let name: String
        /// The MAC address that the guest will see, in lower case. nil if the device has none of
        /// its own (all zeros) or doesn't say.
        public let macAddress: String?
        /// virtio-net's status: bit 0 is "link up".
        public let status: UInt16?
        /// Pairs of receive and transmit queues at most.
        public let queuePairCountMax: UInt16?
        /// MTU in bytes.
        public let mtuBytes: UInt16?
        /// virtio's feature bits that the device offers.
        public let deviceFeatures: UInt64?
        /// Those that the driver agreed to; only while one is at work.
        public let negotiatedFeatures: UInt64?
    }

    /// Asks for all devices.
    static func devicesRequest(family: UInt16, sequence: UInt32) -> NetlinkFrame {
        GenericNetlink.request(
            family: family, command: Command.deviceGet, version: version,
            flags: NetlinkFrame.Flag.dump, sequence: sequence)
    }

    /// Asks for one device's configuration. One by one: a dump ends with an error at the first
    /// device that isn't a network card.
    static func configRequest(device: String, family: UInt16, sequence: UInt32) -> NetlinkFrame {
        GenericNetlink.request(
            family: family, command: Command.deviceConfigGet, version: version, flags: 0,
            sequence: sequence,
            attributes: NetlinkAttributes.encoded(Attribute.deviceName, string: device))
    }

    /// Reads one answer to ``devicesRequest(family:sequence:)``.
    static func device(_ frame: NetlinkFrame) throws(NetlinkFormatError) -> Device {
        let attributes = try GenericNetlink.attributes(frame)
        let manager = [
            attributes.string(Attribute.managementBusName),
            attributes.string(Attribute.managementDeviceName),
        ]
        return Device(
            name: try attributes.requiredString(Attribute.deviceName),
            managementDevice: manager.compactMap(\.self).joined(separator: "/"),
            virtioDeviceID: try attributes.required(Attribute.deviceID),
            vendorID: try attributes.required(Attribute.vendorID),
            queueCountMax: try attributes.required(Attribute.queueCountMax),
            queueSizeMax: try attributes.number(Attribute.queueSizeMax))
    }

    /// Reads the answer to ``configRequest(device:family:sequence:)``.
    static func config(_ frame: NetlinkFrame) throws(NetlinkFormatError) -> Config {
        let attributes = try GenericNetlink.attributes(frame)
        // Kernels differ in the number under which they show what the device offers.
        var features: UInt64? = try attributes.number(Attribute.deviceFeatures)
        if features == nil { features = try attributes.number(Attribute.provisionedFeatures) }
        return Config(
            name: try attributes.requiredString(Attribute.deviceName),
            macAddress: try attributes.macAddress(Attribute.netMACAddress),
            status: try attributes.number(Attribute.netStatus),
            queuePairCountMax: try attributes.number(Attribute.netQueuePairCountMax),
            mtuBytes: try attributes.number(Attribute.netMTU),
            deviceFeatures: features,
            negotiatedFeatures: try attributes.number(Attribute.negotiatedFeatures))
    }
}

extension NetlinkAttributes {
    func required<T: FixedWidthInteger>(
        _ type: UInt16
    ) throws(NetlinkFormatError) -> T {
        guard let value = try number(type, as: T.self) else { throw .missingAttribute(type: type) }
        return value
    }

    func requiredString(_ type: UInt16) throws(NetlinkFormatError) -> String {
        guard let value = string(type), !value.isEmpty else { throw .missingAttribute(type: type) }
        return value
    }

    fileprivate func macAddress(_ type: UInt16) throws(NetlinkFormatError) -> String? {
        guard let bytes = values[type] else { return nil }
        guard let text = MACAddress.text(bytes) else {
            throw .badAttribute(type: type, sizeBytes: bytes.count)
        }
        return MACAddress.normalized(text)
    }
}
