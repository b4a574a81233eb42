internal import Glibc

/// What QEMU itself says of a guest. libvirt appends it to a file, and passes on only what QEMU
/// ends with.
struct QEMULog: Sendable, Equatable {
    /// Most bytes looked at: what one call makes QEMU say is a few lines.
    static let readBytesMax = 1 << 16
    /// Of QEMU's vhost-vdpa code, when the kernel refuses to map a piece of the guest's memory for
    /// the device. QEMU goes on, libvirt reports success, and the NIC is dead.
    private static let mappingFailure = "vhost vdpa map fail"

    let path: String
    /// Where it ended when this was made.
    private let start: Int

    /// From now on. Where libvirt keeps the files is fixed when it is built.
    init(guest name: String, directory: String = "/var/log/libvirt/qemu") {
        path = "\(directory)/\(name).log"
        start = Self.size(path) ?? 0
    }

    /// Whether QEMU could not map the guest's memory since; false also if the file can't be read.
    var tellsOfUnmappedMemory: Bool {
        guard let end = Self.size(path) else { return false }
        // A shorter file is another one: logs are rotated.
        let new = end < start ? end : end - start
        do throws(ConsoleLog.Failure) {
            let text = try ConsoleLog.tail(path: path, bytes: min(new, Self.readBytesMax)) ?? ""
            return text.contains(Self.mappingFailure)
        } catch {
            return false
        }
    }

    private static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}
