internal import Glibc

/// Asks the kernel about vDPA devices over generic netlink.
///
/// Every call opens a socket of its own, runs off Swift's pool, and is bounded in time also where
/// the kernel doesn't let go of it.
public struct VDPANetlinkClient: Sendable {
    /// For a call unless told otherwise, in milliseconds: the kernel answers at once, but a driver
    /// may first talk to its card.
    public static let timeoutDefaultMS: Int64 = 5_000

    private let timeoutMS: Int64

    /// A client whose calls wait `timeoutMS` milliseconds at most.
    public init(timeoutMS: Int64 = VDPANetlinkClient.timeoutDefaultMS) {
        self.timeoutMS = timeoutMS
    }

    /// All vDPA devices that have a management device. Throws ``VDPAError/noFamily(_:)`` without
    /// the kernel's module, and ``VDPAError/interrupted(operation:)`` if the list changed.
    public func devices() async throws(VDPAError) -> [VDPANetlink.Device] {
        try await list("list vDPA devices", VDPANetlink.devicesRequest) {
            frame throws(NetlinkFormatError) in try VDPANetlink.device(frame)
        }
    }

    /// All management devices: what vDPA devices can be made on. Throws as ``devices()`` does.
    public func managementDevices() async throws(VDPAError) -> [VDPANetlink.ManagementDevice] {
        try await list("list vDPA management devices", VDPANetlink.managementRequest) {
            frame throws(NetlinkFormatError) in try VDPANetlink.managementDevice(frame)
        }
    }

    private func list<Element: Sendable>(
        _ operation: String,
        _ request: @escaping @Sendable (_ family: UInt16, _ sequence: UInt32) -> NetlinkFrame,
        _ read: @escaping @Sendable (NetlinkFrame) throws(NetlinkFormatError) -> Element
    ) async throws(VDPAError) -> [Element] {
        try await run(operation) { socket, operation throws(VDPAError) in
            let family = try Self.resolve(VDPANetlink.familyName, socket)
            let frames = try socket.exchange(operation) { request(family, $0) }
            return try Self.decoding(operation) { () throws(NetlinkFormatError) in
                try frames.map { frame throws(NetlinkFormatError) in try read(frame) }
            }
        }
    }

    /// The configuration of one device, with the MAC address that its guest sees. Throws
    /// ``VDPAError/noDevice(_:)`` if it isn't there, and ``VDPAError/refused(operation:errno:)``
    /// for disks (EOPNOTSUPP) and, before Linux 6.2, while no driver is at work on it (EAGAIN).
    public func config(device name: String) async throws(VDPAError) -> VDPANetlink.Config {
        // Longer ones don't exist, and would not fit an attribute.
        guard !name.isEmpty, name.utf8.count <= Int(NAME_MAX) else { throw .noDevice(name) }
        return try await run("read config of vDPA device \(name)") {
            socket, operation throws(VDPAError) in
            let family = try Self.resolve(VDPANetlink.familyName, socket)
            let frames: [NetlinkFrame]
            do throws(VDPAError) {
                frames = try socket.exchange(operation) {
                    VDPANetlink.configRequest(device: name, family: family, sequence: $0)
                }
            } catch .refused(_, ENODEV) {
                throw .noDevice(name)
            }
            guard let frame = frames.first else {
                throw .malformed(operation: operation, reason: "no answer")
            }
            return try Self.decoding(operation) { () throws(NetlinkFormatError) in
                try VDPANetlink.config(frame)
            }
        }
    }

    /// The number of a generic netlink family. Throws ``VDPAError/noFamily(_:)``.
    func resolve(family name: String) async throws(VDPAError) -> UInt16 {
        try await run("resolve netlink family") { socket, _ throws(VDPAError) in
            try Self.resolve(name, socket)
        }
    }

    private static func resolve(
        _ name: String, _ socket: NetlinkSocket
    ) throws(VDPAError) -> UInt16 {
        guard name.utf8.count < GenericNetlink.familyNameSizeBytesMax else {
            throw .noFamily(name)
        }
        let operation = "resolve netlink family \(name)"
        let frames: [NetlinkFrame]
        do throws(VDPAError) {
            frames = try socket.exchange(operation) {
                GenericNetlink.resolve(name: name, sequence: $0)
            }
        } catch .refused(_, ENOENT) {
            throw .noFamily(name)
        }
        guard let frame = frames.first else {
            throw .malformed(operation: operation, reason: "no answer")
        }
        return try decoding(operation) { () throws(NetlinkFormatError) in
            try GenericNetlink.familyID(frame)
        }
    }

    private static func decoding<Value>(
        _ operation: String, _ body: () throws(NetlinkFormatError) -> Value
    ) throws(VDPAError) -> Value {
        do throws(NetlinkFormatError) {
            return try body()
        } catch {
            throw .malformed(operation: operation, reason: "\(error)")
        }
    }

    private func run<Value: Sendable>(
        _ operation: String,
        _ body: @escaping @Sendable (NetlinkSocket, String) throws(VDPAError) -> Value
    ) async throws(VDPAError) -> Value {
        let timeoutMS = timeoutMS
        return try await KernelCalls.shared.run(operation, timeoutMS: timeoutMS) {
            () throws(VDPAError) in
            try body(try NetlinkSocket(timeoutMS: timeoutMS), operation)
        }
    }
}
