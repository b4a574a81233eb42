import Libvirt

extension FuzzTarget {
    /// libvirt's node device documents, vital product data included, and the XML below them.
    static let nodeDevice = FuzzTarget(
        name: "node-device",
        words: [
            "<device>", "</device>", "<name>", "<capability type='pci'>", "</capability>",
            "<capability type='vpd'>", "<fields access='readonly'>", "<serial_number>",
            "<capability type='virt_functions' maxCount='8'>", "<numa node='0'/>",
            "<capability type='phys_function'>", "<address domain='0x0000' bus='0x06'",
            "<vendor id='0x15b3'>", "&amp;", "&#x41;", "<![CDATA[", "]]>", "<!--", "-->", "<?xml ",
            "encoding='", "<chardev>/dev/vhost-vdpa-0</chardev>", "<!DOCTYPE", "xmlns:a='b'",
        ]
    ) { bytes in
        guard let tree = try? XMLNode.parse(bytes) else { return nil }
        let written = tree.xml()
        guard let again = try? XMLNode.parse(written) else { return "can't read: \(written)" }
        guard again == tree else { return "reads \(again) after writing \(tree)" }
        guard let device = try? NodeDevice(xml: fuzzText(bytes)) else { return nil }
        return fault(of: device)
    }

    private static func fault(of device: NodeDevice) -> String? {
        if device.name.isEmpty { return "a device without a name" }
        switch device.capability {
        case .pci(let pci):
            if let node = pci.numaNode, node < 0 { return "NUMA node \(node)" }
            var addresses = [pci.address]
            switch pci.role {
            case .none: break
            case .virtual(let parent): addresses.append(parent)
            case .physical(let children, _): addresses += children
            }
            let wrong = addresses.first { $0.slot > 0x1F || $0.function > 7 }
            return wrong.map { "address \($0)" }
        case .net(let interface, _): return interface.isEmpty ? "a netdev without a name" : nil
        case .vdpa(let path): return path.hasPrefix("/") ? nil : "character device '\(path)'"
        case .other(let name): return name.isEmpty ? "a capability without a name" : nil
        }
    }
}
