import Glibc

/// Sets a network interface up or down, as `ip link set` does.
public enum LinkState {
    /// Whether the interface is set up, which says nothing about a carrier.
    ///
    /// - Throws: ``VirtualSwitchError/linkFailed(attempt:interface:errno:)`` with `ENODEV` for an
    ///   unknown interface; ``VirtualSwitchError/invalidInterfaceName(_:)``.
    public static func isUp(_ interface: String) throws(VirtualSwitchError) -> Bool {
        try withSocket("read the state of", interface) { descriptor throws(VirtualSwitchError) in
            isUp(flags: try readFlags(interface, descriptor))
        }
    }

    /// Sets the interface up or down; one that is so already isn't touched. Needs
    /// `CAP_NET_ADMIN`.
    ///
    /// - Throws: As ``isUp(_:)``, and with `EPERM` without the capability.
    public static func set(_ interface: String, up: Bool) throws(VirtualSwitchError) {
        let attempt = up ? "set up" : "set down"
        try withSocket(attempt, interface) { descriptor throws(VirtualSwitchError) in
            let flags = try readFlags(interface, descriptor)
            guard isUp(flags: flags) != up else { return }
            var request = makeRequest(interface)
            request.ifr_ifru.ifru_flags = Self.flags(flags, up: up)
            guard ioctl(descriptor, UInt(SIOCSIFFLAGS), &request) == 0 else {
                throw .linkFailed(attempt: attempt, interface: interface, errno: errno)
            }
        }
    }

    static func isUp(flags: Int16) -> Bool {
        flags & Int16(IFF_UP) != 0
    }

    static func flags(_ flags: Int16, up: Bool) -> Int16 {
        let mask = Int16(IFF_UP)
        return up ? flags | mask : flags & ~mask
    }

    private static func readFlags(
        _ interface: String, _ descriptor: Int32
    ) throws(VirtualSwitchError) -> Int16 {
        var request = makeRequest(interface)
        guard ioctl(descriptor, UInt(SIOCGIFFLAGS), &request) == 0 else {
            throw .linkFailed(attempt: "read the state of", interface: interface, errno: errno)
        }
        return request.ifr_ifru.ifru_flags
    }

    /// The kernel's request with the name filled in; the name is known to fit.
    private static func makeRequest(_ interface: String) -> ifreq {
        var request = ifreq()
        withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) { name in
            name.copyBytes(from: interface.utf8)
        }
        return request
    }

    private static func withSocket<Result>(
        _ attempt: String, _ interface: String,
        _ body: (Int32) throws(VirtualSwitchError) -> Result
    ) throws(VirtualSwitchError) -> Result {
        try InterfaceName.check(interface)
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else {
            throw .linkFailed(attempt: attempt, interface: interface, errno: errno)
        }
        defer { close(descriptor) }
        return try body(descriptor)
    }
}
