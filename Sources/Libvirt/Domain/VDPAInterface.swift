public import Foundation

/// A guest's network interface on a vDPA device.
public struct VDPAInterface: Sendable, Equatable {
    /// The network port that the interface serves; becomes the alias `ua-<id>`.
    public var portID: UUID
    /// The MAC address, `aa:bb:cc:dd:ee:ff`. It must be the device's own: libvirt doesn't
    /// program it, and the guest sees the device's.
    public var macAddress: String
    /// The character device, `/dev/vhost-vdpa-N`: looked up on this host when the guest starts,
    /// since its number changes with every boot.
    public var characterDevicePath: String

    /// Describes an interface; see the properties.
    public init(portID: UUID, macAddress: String, characterDevicePath: String) {
        self.portID = portID
        self.macAddress = macAddress
        self.characterDevicePath = characterDevicePath
    }

    /// libvirt's alias, kept over the guest's life: how an interface is found again although
    /// its character device was renumbered.
    public var alias: String { Self.aliasPrefix + portID.lowercaseString }

    /// The document that attaches or detaches this interface.
    public func xml() -> String { element().xml() }

    /// The prefix that libvirt demands of names that are not its own.
    static let aliasPrefix = "ua-"

    /// The port of an alias made by ``alias``, or nil for anyone else's.
    static func portID(alias: String?) -> UUID? {
        guard let alias, alias.hasPrefix(aliasPrefix) else { return nil }
        return UUID(uuidString: String(alias.dropFirst(aliasPrefix.count)))
    }

    /// The `<interface>` element. No MTU, queues or bandwidth: libvirt refuses or ignores them
    /// for vDPA, where the device decides.
    func element() -> XMLNode {
        XMLNode(
            "interface", ["type": "vdpa"],
            children: [
                XMLNode("mac", ["address": macAddress]),
                XMLNode("source", ["dev": characterDevicePath]),
                XMLNode("model", ["type": "virtio"]),
                XMLNode("alias", ["name": alias]),
            ])
    }
}
