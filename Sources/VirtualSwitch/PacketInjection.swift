import Dispatch
import Glibc

/// Puts a frame into a bridge as if it had come in by one of its ports.
///
/// By OpenFlow's packet-out, over the socket that every bridge of Open vSwitch has for `ovs-ofctl`.
/// A raw socket on the representor can't do it: what is sent there goes out to the guest, and what
/// the switch shall see must come in.
struct PacketInjection: Hashable, Sendable {
    /// For the whole conversation, in milliseconds.
    static let timeoutMS = 5_000
    /// Messages read while waiting for an answer.
    private static let messageCountMax = 64

    /// Folder with the bridges' sockets.
    let directory: String
    let bridge: String

    /// Injects a frame; returns when the switch has dealt with it.
    func inject(_ frame: [UInt8], port: UInt32) async throws(VirtualSwitchError) {
        let result: Result<Void, VirtualSwitchError> = await withCheckedContinuation {
            continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                do throws(VirtualSwitchError) {
                    continuation.resume(returning: .success(try converse(frame, port)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        try result.get()
    }

    private var path: String { "\(directory)/\(bridge).mgmt" }

    private func failure(_ reason: String) -> VirtualSwitchError {
        .openFlowFailed(socket: path, reason: reason)
    }

    private func converse(_ frame: [UInt8], _ port: UInt32) throws(VirtualSwitchError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw failure("socket: errno \(errno)") }
        defer { close(descriptor) }
        let deadline = ContinuousClock.now + .milliseconds(Self.timeoutMS)
        try connect(descriptor)
        try send(OpenFlowMessage.hello(), descriptor)
        let (hello, body) = try receive(descriptor, deadline)
        guard hello.type == OpenFlowMessage.helloType,
            let version = OpenFlowMessage.version(peerHello: hello, body: body)
        else {
            throw failure("the bridge speaks none of OpenFlow 1.0, 1.3 and 1.4")
        }
        try send(
            OpenFlowMessage.packetOut(version, transaction: 1, port: port, frame: frame)
                + OpenFlowMessage.barrierRequest(version, transaction: 2), descriptor)
        for _ in 0..<Self.messageCountMax {
            let (header, body) = try receive(descriptor, deadline)
            if header.type == OpenFlowMessage.errorType {
                let numbers = body.prefix(4).map(String.init).joined(separator: " ")
                throw failure("the bridge refused: error type and code \(numbers)")
            }
            if header.type == OpenFlowMessage.barrierReplyType(version) { return }
        }
        throw failure("no answer among \(Self.messageCountMax) messages")
    }

    private func connect(_ descriptor: Int32) throws(VirtualSwitchError) {
        var limit = timeval(tv_sec: Self.timeoutMS / 1_000, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard setsockopt(descriptor, SOL_SOCKET, option, &limit, size) == 0 else {
                throw failure("setsockopt: errno \(errno)")
            }
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else { throw failure("the path is too long") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw failure("connect: errno \(errno)") }
    }

    private func send(_ bytes: [UInt8], _ descriptor: Int32) throws(VirtualSwitchError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("send: errno \(errno)") }
            sent += count
        }
    }

    private func receive(
        _ descriptor: Int32, _ deadline: ContinuousClock.Instant
    ) throws(VirtualSwitchError) -> (OpenFlowMessage.Header, [UInt8]) {
        let start = try read(OpenFlowMessage.Header.bytes, descriptor, deadline)
        guard let header = OpenFlowMessage.Header(start) else {
            throw failure("what came is no OpenFlow")
        }
        let body = try read(header.length - start.count, descriptor, deadline)
        return (header, body)
    }

    private func read(
        _ count: Int, _ descriptor: Int32, _ deadline: ContinuousClock.Instant
    ) throws(VirtualSwitchError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            guard ContinuousClock.now < deadline else {
                throw failure("no answer in \(Self.timeoutMS) ms")
            }
            let got = bytes[done...].withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                throw failure(got == 0 ? "the bridge hung up" : "recv: errno \(errno)")
            }
            done += got
        }
        return bytes
    }
}
