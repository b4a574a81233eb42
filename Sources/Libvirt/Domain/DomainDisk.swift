/// A disk or CD-ROM of a guest, backed by a file.
public struct DomainDisk: Sendable, Equatable {
    /// The image format. Always stated: a probed format lets a guest rewrite its raw disk as a
    /// qcow2 whose backing file is any file of the host.
    public enum Format: String, Sendable, CaseIterable {
        /// QEMU's copy-on-write format.
        case qcow2
        /// Plain bytes.
        case raw
    }

    /// What the guest sees.
    public enum Device: String, Sendable, CaseIterable {
        /// A hard disk, on virtio.
        case disk
        /// A read-only CD-ROM, on SATA.
        case cdrom
    }

    /// The host's caching of the file; libvirt's names.
    public enum Cache: String, Sendable, CaseIterable {
        /// Host cache passed by; the guest's flushes are kept.
        case none
        /// Host cache used for writing; the guest's flushes are kept.
        case writeback
        /// Every write reaches the disk before the guest hears of it.
        case writethrough
        /// Host cache passed by, and every write is flushed.
        case directsync
        /// The guest's flushes are ignored: only for disks that may be lost.
        case unsafe
    }

    /// How QEMU issues the requests; libvirt's names.
    public enum IO: String, Sendable, CaseIterable {
        /// Linux AIO; needs ``Cache/none`` or ``Cache/directsync``.
        case native
        /// A pool of threads.
        case threads
        /// io_uring; needs libvirt 6.3 and QEMU 5.0.
        case ioUring = "io_uring"
    }

    /// Absolute path of the image on the host.
    public var path: String
    /// The image's format, as inspected.
    public var format: Format
    /// What the guest sees.
    public var device: Device
    /// libvirt's target name: `vda`, `vdb`, ... for disks, `sda`, ... for CD-ROMs.
    public var target: String
    /// nil: the hypervisor's default.
    public var cache: Cache?
    /// nil: the hypervisor's default.
    public var io: IO?

    /// A writable disk on virtio; `target` is `vda`, `vdb` and so on.
    public static func virtio(
        path: String, format: Format, target: String, cache: Cache? = nil, io: IO? = nil
    ) -> DomainDisk {
        DomainDisk(
            path: path, format: format, device: .disk, target: target, cache: cache, io: io)
    }

    /// The configuration drive: a raw ISO image, read-only, on SATA.
    public static func configDrive(path: String, target: String = "sda") -> DomainDisk {
        DomainDisk(path: path, format: .raw, device: .cdrom, target: target, cache: nil, io: nil)
    }

    /// The `<disk>` element.
    func element() -> XMLNode {
        var children = [
            XMLNode(
                "driver",
                [
                    "name": "qemu", "type": format.rawValue, "cache": cache?.rawValue,
                    "io": io?.rawValue,
                ]),
            XMLNode("source", ["file": path]),
            XMLNode("target", ["dev": target, "bus": device == .cdrom ? "sata" : "virtio"]),
        ]
        if device == .cdrom { children.append(XMLNode("readonly")) }
        return XMLNode("disk", ["type": "file", "device": device.rawValue], children: children)
    }
}
