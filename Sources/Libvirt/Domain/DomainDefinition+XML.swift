extension DomainDefinition {
    /// The domain document for libvirt, complete and in a fixed order.
    public func xml() -> String {
        let children: [XMLNode?] = [
            XMLNode("uuid", text: uuid.lowercaseString),
            XMLNode("name", text: name),
            title.map { XMLNode("title", text: $0.withoutLineBreaks) },
            XMLNode("metadata", children: [metadata.element()]),
            XMLNode("memory", ["unit": "MiB"], text: String(memoryMiB)),
            placement.memoryBacking(),
            XMLNode(
                "vcpu", ["placement": "static", "cpuset": placement.cpuSetText],
                text: String(vcpus)),
            placement.cpuTune(),
            placement.numaTune(),
            XMLNode(
                "os",
                children: [
                    XMLNode("type", ["arch": "x86_64", "machine": "q35"], text: "hvm"),
                    XMLNode("boot", ["dev": "hd"]),
                ]),
            // Without ACPI a guest can't be asked to shut down, nor take devices while it runs.
            XMLNode("features", children: [XMLNode("acpi"), XMLNode("apic")]),
            XMLNode(
                "cpu", ["mode": cpuMode.rawValue],
                children: [placement.guestNUMA()].compactMap(\.self)),
            XMLNode("clock", ["offset": "utc"]),
            XMLNode("on_poweroff", text: "destroy"),
            XMLNode("on_reboot", text: "restart"),
            XMLNode("on_crash", text: "destroy"),
            XMLNode("devices", children: devices()),
        ]
        return XMLNode(
            "domain", ["type": virtualization.rawValue], children: children.compactMap(\.self)
        ).xml()
    }

    private func devices() -> [XMLNode] {
        disks.map { $0.element() } + controllers() + interfaces.map { $0.element() } + console() + [
            XMLNode("memballoon", ["model": "none"]),
            XMLNode(
                "rng", ["model": "virtio"],
                children: [XMLNode("backend", ["model": "random"], text: "/dev/urandom")]),
        ]
    }

    /// Virtio disks, interfaces and the random number generator take a root port each; the
    /// spare ones are what can be plugged later, since q35 adds none to a running guest.
    private func controllers() -> [XMLNode] {
        let used = disks.count { $0.device == .disk } + interfaces.count + 1
        let ports = (0..<(used + max(0, sparePCIePorts))).map { number in
            XMLNode(
                "controller",
                ["type": "pci", "index": String(number + 1), "model": "pcie-root-port"])
        }
        return [
            XMLNode("controller", ["type": "usb", "model": "none"]),
            XMLNode("controller", ["type": "pci", "index": "0", "model": "pcie-root"]),
        ] + ports
    }

    private func console() -> [XMLNode] {
        let source = XMLNode("source", ["path": consoleLogPath, "append": "on"])
        return [
            XMLNode(
                "serial", ["type": "file"],
                children: [source, XMLNode("target", ["type": "isa-serial", "port": "0"])]),
            XMLNode(
                "console", ["type": "file"],
                children: [source, XMLNode("target", ["type": "serial", "port": "0"])]),
        ]
    }
}

extension String {
    /// libvirt refuses a title with a newline in it.
    fileprivate var withoutLineBreaks: String {
        String(map { $0.isNewline ? " " : $0 })
    }
}
