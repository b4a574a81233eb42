extension SysfsTree {
    /// All network interfaces of this network namespace, by name.
    public func networkInterfaces() throws(VDPAError) -> [NetworkInterface] {
        var interfaces: [NetworkInterface] = []
        for name in try entries("class/net") {
            // The folder also holds files of the bonding driver, which aren't interfaces.
            guard let interface = try networkInterface(name) else { continue }
            interfaces.append(interface)
        }
        return interfaces
    }

    /// One network interface, or nil if it isn't there.
    public func networkInterface(_ name: String) throws(VDPAError) -> NetworkInterface? {
        let folder = "class/net/\(name)"
        guard !name.isEmpty, !name.contains("/"), name != "..", name != ".",
            let address = try attribute(folder + "/address")
        else { return nil }
        var device = try resolved(folder + "/device") ?? []
        // A virtio function's interface hangs below its virtio device.
        if device.last?.hasPrefix("virtio") == true { device.removeLast() }
        return NetworkInterface(
            name: name, macAddress: MACAddress.normalized(address),
            switchID: try attribute(folder + "/phys_switch_id").flatMap { $0.isEmpty ? nil : $0 },
            portName: try attribute(folder + "/phys_port_name").flatMap {
                $0.isEmpty ? nil : PortName($0)
            },
            pciAddress: device.last.flatMap { PCIFunction.Address($0) })
    }

    /// Speed of an interface's link in Mbit/s; nil if it is down, unknown (-1) or not there.
    public func linkSpeedMbps(ofInterface name: String) throws(VDPAError) -> Int? {
        guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else { return nil }
        let speed = try attribute("class/net/\(name)/speed").flatMap { Int($0) }
        return speed.flatMap { $0 > 0 ? $0 : nil }
    }

    /// The MAC address of a virtual function's own network interface. nil if it has none, as when
    /// its driver only makes vDPA devices: ask the vDPA device then.
    public func macAddress(
        ofVirtualFunction address: PCIFunction.Address
    ) throws(VDPAError) -> String? {
        guard let name = try networkInterfaceNames(of: address).first else { return nil }
        return try networkInterface(name)?.macAddress
    }
}
