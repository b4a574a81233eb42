extension SysfsTree {
    private static func folder(_ address: PCIFunction.Address) -> String {
        "bus/pci/devices/\(address)"
    }

    /// One PCI function. Throws ``VDPAError/missing(path:)`` if it has gone.
    public func pciFunction(_ address: PCIFunction.Address) throws(VDPAError) -> PCIFunction {
        let folder = Self.folder(address)
        return PCIFunction(
            address: address,
            vendorID: try identifier(folder + "/vendor"),
            deviceID: try identifier(folder + "/device"),
            numaNode: try numaNode(folder + "/numa_node"),
            driver: try linkName(folder + "/driver"),
            iommuGroup: try linkName(folder + "/iommu_group").flatMap { Int($0) })
    }

    /// The physical function of a virtual one; nil if the function isn't virtual.
    public func physicalFunction(
        of address: PCIFunction.Address
    ) throws(VDPAError) -> PCIFunction.Address? {
        let path = Self.folder(address) + "/physfn"
        guard let name = try linkName(path) else { return nil }
        guard let physical = PCIFunction.Address(name) else {
            throw .unexpected(path: absolute(path), wanted: "a PCI address", found: name)
        }
        return physical
    }

    /// The virtual functions of a physical one by index: the N of its links `virtfnN`.
    public func virtualFunctions(
        of address: PCIFunction.Address
    ) throws(VDPAError) -> [Int: PCIFunction.Address] {
        let folder = Self.folder(address)
        var functions: [Int: PCIFunction.Address] = [:]
        for entry in try entries(folder) where entry.hasPrefix("virtfn") {
            guard let index = Int(entry.dropFirst("virtfn".count)), index >= 0,
                let name = try linkName(folder + "/" + entry)
            else { continue }
            functions[index] = PCIFunction.Address(name)
        }
        return functions
    }

    /// The names of the network interfaces whose device is this function. In switchdev mode a
    /// physical function has its representors here too.
    public func networkInterfaceNames(
        of address: PCIFunction.Address
    ) throws(VDPAError) -> [String] {
        let folder = Self.folder(address)
        var names = try entries(folder + "/net")
        // A virtio function's interface hangs below its virtio device.
        for entry in try entries(folder) where entry.hasPrefix("virtio") {
            names += try entries("\(folder)/\(entry)/net")
        }
        return names
    }

    /// Numbers such as `0x15b3`.
    private func identifier(_ path: String) throws(VDPAError) -> UInt16 {
        guard let text = try attribute(path) else { throw .missing(path: absolute(path)) }
        let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
        guard let value = UInt16(digits, radix: 16) else {
            throw .unexpected(path: absolute(path), wanted: "a 16-bit number", found: text)
        }
        return value
    }

    /// -1 means that the firmware names none.
    private func numaNode(_ path: String) throws(VDPAError) -> Int? {
        guard let text = try attribute(path) else { return nil }
        guard let node = Int(text) else {
            throw .unexpected(path: absolute(path), wanted: "a NUMA node", found: text)
        }
        return node < 0 ? nil : node
    }
}
