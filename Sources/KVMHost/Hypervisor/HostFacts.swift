internal import Glibc

/// What the host says of itself without libvirt.
struct HostFacts: Sendable, Equatable {
    /// Most bytes read of a file of `/proc`: the first CPU is near its start.
    private static let readBytesMax = 16 * 1024

    /// `uname -r`.
    var kernelRelease: String
    /// `uname -m`.
    var architecture: String
    /// For display; "" where `/proc/cpuinfo` names none.
    var cpuModel: String
    /// The device by whose presence KVM is judged.
    var kvmDevice = "/dev/kvm"
    /// Where vhost_vdpa's kernel module tells its limit.
    var vhostMappingsFile = "/sys/module/vhost_vdpa/parameters/max_iotlb_entries"

    /// Of the machine this runs on.
    static func read() -> HostFacts {
        var name = utsname()
        // uname fails only for a bad pointer; the empty texts then show as unmet minimums.
        _ = uname(&name)
        return HostFacts(
            kernelRelease: text(name.release), architecture: text(name.machine),
            cpuModel: cpuModel(cpuinfo: start(of: "/proc/cpuinfo")))
    }

    /// Whether the kernel offers KVM.
    var hasKVM: Bool { access(kvmDevice, F_OK) == 0 }

    /// How many pieces of a guest's memory the kernel maps for a vDPA device at most; nil where it
    /// has no limit, or no vDPA yet.
    var vhostMappingsMax: Int? {
        Int(Self.start(of: vhostMappingsFile).filter { !$0.isWhitespace })
    }

    /// The first CPU's `model name`, the same for all on every machine with KVM.
    static func cpuModel(cpuinfo: String) -> String {
        for line in cpuinfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].filter({ !$0.isWhitespace }) == "modelname" else {
                continue
            }
            return parts[1].drop(while: \.isWhitespace).description
        }
        return ""
    }

    private static func text<Name>(_ name: Name) -> String {
        withUnsafeBytes(of: name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func start(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: readBytesMax)
        let count = buffer.withUnsafeMutableBytes {
            Glibc.read(descriptor, $0.baseAddress, $0.count)
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
