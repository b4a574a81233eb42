extension NodeDevice {
    /// Reads a `<device>` document as `virNodeDeviceGetXMLDesc` gives it.
    public init(xml: String) throws(XMLError) {
        let root = try XMLNode.parse(xml)
        guard root.name == "device" else { throw .unexpected(what: "device", found: root.name) }
        guard let name = root.first("name")?.text, !name.isEmpty else {
            throw .unexpected(what: "device/name", found: "")
        }
        self.name = name
        parent = root.first("parent")?.text
        path = root.first("path")?.text
        driver = root.descendant(["driver", "name"])?.text
        guard let element = root.first("capability") else {
            throw .unexpected(what: "device/capability", found: "")
        }
        capability = try Capability(element: element)
    }
}

extension NodeDevice.Capability {
    fileprivate init(element: XMLNode) throws(XMLError) {
        switch element["type"] ?? "" {
        case "pci":
            self = .pci(try NodeDevice.PCI(element: element))
        case "net":
            guard let interface = element.first("interface")?.text, !interface.isEmpty else {
                throw .unexpected(what: "net interface", found: "")
            }
            let address = element.first("address")?.text.lowercased()
            self = .net(interface: interface, macAddress: address)
        case "vdpa":
            guard let path = element.first("chardev")?.text, path.hasPrefix("/") else {
                let found = element.first("chardev")?.text ?? ""
                throw .unexpected(what: "vdpa chardev", found: found)
            }
            self = .vdpa(characterDevicePath: path)
        case "":
            throw .unexpected(what: "capability type", found: "")
        case let other:
            self = .other(other)
        }
    }
}

extension NodeDevice.PCI {
    fileprivate init(element: XMLNode) throws(XMLError) {
        address = try NodeDevice.PCIAddress {
            element.first($0)?.text
        }
        vendor = try NodeDevice.Identifier(element: element, child: "vendor")
        product = try NodeDevice.Identifier(element: element, child: "product")
        numaNode = element.first("numa")?["node"].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
        iommuGroup = element.first("iommuGroup")?["number"].flatMap { Int($0) }
        role = try NodeDevice.VirtualizationRole(pci: element)
        let vpd = element.all("capability").first { $0["type"] == "vpd" }
        serialNumber =
            vpd?.all("fields").lazy.compactMap { $0.first("serial_number")?.text }.first
    }
}

extension NodeDevice.VirtualizationRole {
    fileprivate init(pci: XMLNode) throws(XMLError) {
        let nested = pci.all("capability")
        if let element = nested.first(where: { $0["type"] == "phys_function" }) {
            guard let address = element.first("address") else {
                throw .unexpected(what: "phys_function address", found: "")
            }
            self = .virtual(physicalFunction: try NodeDevice.PCIAddress { address[$0] })
            return
        }
        guard let element = nested.first(where: { $0["type"] == "virt_functions" }) else {
            self = .none
            return
        }
        var addresses: [NodeDevice.PCIAddress] = []
        for address in element.all("address") {
            addresses.append(try NodeDevice.PCIAddress { address[$0] })
        }
        self = .physical(
            virtualFunctions: addresses, countMax: element["maxCount"].flatMap { Int($0) })
    }
}

extension NodeDevice.Identifier {
    fileprivate init(element: XMLNode, child name: String) throws(XMLError) {
        let child = element.first(name)
        let text = child?["id"] ?? ""
        guard let id = UInt16(libvirtNumber: text) else {
            throw .unexpected(what: "\(name) id", found: text)
        }
        self.id = id
        self.name = child.map(\.text).flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension NodeDevice.PCIAddress {
    /// Reads the four fields, elements (decimal) in one place and attributes (0x...) in another.
    fileprivate init(_ field: (String) -> String?) throws(XMLError) {
        domain = try Self.number("domain", field, max: .max)
        bus = try Self.number("bus", field, max: .max)
        slot = try Self.number("slot", field, max: 0x1F)
        function = try Self.number("function", field, max: 7)
    }

    private static func number<T: FixedWidthInteger>(
        _ name: String, _ field: (String) -> String?, max: T
    ) throws(XMLError) -> T {
        let text = field(name) ?? ""
        guard let value = T(libvirtNumber: text), value >= 0, value <= max else {
            throw .unexpected(what: "PCI \(name)", found: text)
        }
        return value
    }
}

extension FixedWidthInteger {
    /// Decimal, or hexadecimal after `0x`, as libvirt mixes them.
    fileprivate init?(libvirtNumber text: String) {
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            self.init(text.dropFirst(2), radix: 16)
        } else {
            self.init(text, radix: 10)
        }
    }
}
