/// A copy of some of a running domain's disks, made while it runs; ``xml()`` writes the document
/// for `virDomainBackupBegin` (libvirt 6.0).
public struct DomainBackup: Sendable, Equatable {
    /// A disk of the domain.
    public struct Disk: Sendable, Equatable {
        /// The target's name, such as `vda`.
        public var target: String
        /// Absolute path of a file that libvirt makes (qcow2, complete); nil: isn't copied.
        public var path: String?

        /// The disk at `target`, copied to `path`.
        public init(target: String, path: String?) {
            self.target = target
            self.path = path
        }
    }

    /// All disks of the domain: libvirt copies those that the document doesn't name.
    public var disks: [Disk]

    /// A copy of these disks.
    public init(disks: [Disk]) { self.disks = disks }

    /// The `<domainbackup>` document, in push mode: the hypervisor writes the files itself.
    public func xml() -> String {
        let disks = disks.map { disk in
            guard let path = disk.path else {
                return XMLNode("disk", ["name": disk.target, "backup": "no"])
            }
            return XMLNode(
                "disk", ["name": disk.target, "backup": "yes", "type": "file"],
                children: [
                    XMLNode("driver", ["type": DomainDisk.Format.qcow2.rawValue]),
                    XMLNode("target", ["file": path]),
                ])
        }
        return XMLNode(
            "domainbackup", ["mode": "push"], children: [XMLNode("disks", children: disks)]
        ).xml()
    }
}
