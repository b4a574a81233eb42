public import Foundation

/// What a domain's own document says about it: the part that the agent compares.
public struct DomainDescription: Sendable, Equatable {
    /// A network interface found in a domain, of any type.
    public struct Interface: Sendable, Equatable {
        /// libvirt's type, such as `vdpa` or `bridge`.
        public let type: String
        /// Lower case; nil if the document has none.
        public let macAddress: String?
        /// libvirt's alias: `ua-...` is ours, `netN` libvirt's own.
        public let alias: String?
        /// The character device of a vDPA interface.
        public let sourceDevice: String?

        /// The port that this interface serves, if Millrace plugged it.
        public var portID: UUID? { VDPAInterface.portID(alias: alias) }
    }

    /// A disk or CD-ROM found in a domain.
    public struct Disk: Sendable, Equatable {
        /// What the guest sees; nil for a kind that Millrace doesn't make.
        public let device: DomainDisk.Device?
        /// libvirt's target name, such as `vda`.
        public let target: String
        /// The file behind it; nil for an empty drive and for other sources.
        public let path: String?
    }

    /// libvirt's key of the domain.
    public let uuid: UUID
    /// The name, unique on the host.
    public let name: String
    /// nil: the domain is someone else's.
    public let metadata: GuestMetadata?
    /// In document order.
    public let interfaces: [Interface]
    /// Disks and CD-ROMs, in document order.
    public let disks: [Disk]

    /// Reads a `<domain>` document as `virDomainGetXMLDesc` gives it.
    public init(xml: String) throws(XMLError) {
        let root = try XMLNode.parse(xml)
        guard root.name == "domain" else { throw .unexpected(what: "domain", found: root.name) }
        let text = root.first("uuid")?.text ?? ""
        guard let uuid = UUID(uuidString: text) else {
            throw .unexpected(what: "domain/uuid", found: text)
        }
        guard let name = root.first("name")?.text, !name.isEmpty else {
            throw .unexpected(what: "domain/name", found: "")
        }
        self.uuid = uuid
        self.name = name
        metadata = GuestMetadata(domain: root)
        let devices = root.first("devices")
        interfaces = (devices?.all("interface") ?? []).map(Interface.init(element:))
        disks = (devices?.all("disk") ?? []).map { element in
            Disk(
                device: DomainDisk.Device(rawValue: element["device"] ?? "disk"),
                target: element.first("target")?["dev"] ?? "",
                path: element.first("source")?["file"])
        }
    }
}

extension DomainDescription.Interface {
    fileprivate init(element: XMLNode) {
        type = element["type"] ?? ""
        macAddress = element.first("mac")?["address"]?.lowercased()
        alias = element.first("alias")?["name"]
        sourceDevice = element.first("source")?["dev"]
    }
}
