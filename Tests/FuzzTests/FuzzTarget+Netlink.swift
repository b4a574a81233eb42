@testable import VDPA

extension FuzzTarget {
    /// Datagrams of netlink messages, and the answers that they make up.
    static let netlink = FuzzTarget(
        name: "netlink", words: ["\u{14}\0\0\0", "vdpa0\0", "\u{3}\0\0\0", "\u{2}\0\0\0"]
    ) { bytes in
        guard let frames = try? NetlinkFrame.decode(bytes) else { return nil }
        let again = frames.flatMap { frame in
            let encoded = frame.encoded()
            return encoded + [UInt8](repeating: 0, count: -encoded.count & 3)
        }
        guard (try? NetlinkFrame.decode(again)) == frames else { return "other frames: \(again)" }
        for isDump in [true, false] {
            var answers = NetlinkAnswers(
                sequence: frames.first?.sequence ?? 0, isDump: isDump, frameCountMax: 8)
            _ = try? answers.add(frames)
            if answers.frames.count > 8 { return "\(answers.frames.count) answers kept" }
        }
        for frame in frames { _ = try? GenericNetlink.familyID(frame) }
        return nil
    }

    /// What the kernel says of a vDPA device and of its virtio configuration.
    static let vdpaDevice = FuzzTarget(
        name: "vdpa-device", words: ["\u{b}\0\u{4}\0", "vdpa0\0", "\u{a}\0\u{a}\0", "\u{6}\0"]
    ) { bytes in
        let frame = NetlinkFrame(type: 0x23, flags: 0, sequence: 1, payload: bytes)
        if let device = try? VDPANetlink.device(frame), device.name.isEmpty {
            return "a device without a name"
        }
        if let manager = try? VDPANetlink.managementDevice(frame), manager.name.isEmpty {
            return "a management device without a name"
        }
        guard let config = try? VDPANetlink.config(frame) else { return nil }
        if config.name.isEmpty { return "a configuration without a device" }
        guard let mac = config.macAddress else { return nil }
        return MACAddress.normalized(mac) == mac ? nil : "MAC address '\(mac)'"
    }

    /// The kernel's messages about devices that come and go.
    static let uevent = FuzzTarget(
        name: "uevent",
        words: [
            "add@/", "remove@/", "bind@/", "move@/", "SUBSYSTEM=", "vdpa", "net", "pci", "\0",
            "DEVNAME=vhost-vdpa-0", "SEQNUM=1", "=", "@", "libudev",
        ]
    ) { bytes in
        guard let event = try? UEvent(bytes) else { return nil }
        guard event.path.hasPrefix("/") else { return "the path '\(event.path)'" }
        if event.properties.count > UEvent.Limits.propertiesMax { return "too many properties" }
        if event.properties.keys.contains("") { return "a property without a name" }
        if bytes.count > UEvent.Limits.sizeBytesMax { return "\(bytes.count) bytes" }
        var intake = UEventIntake()
        let foreign = intake.take(.datagram(bytes, size: bytes.count, senderPort: 1))
        if foreign != nil { return "another process was believed" }
        let signal = intake.take(.datagram(bytes, size: bytes.count, senderPort: 0))
        return signal == (event.concernsDevices ? .event(event) : nil) ? nil : "\(signal as Any)"
    }
}
