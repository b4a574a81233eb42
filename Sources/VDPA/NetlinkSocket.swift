internal import Glibc

/// A generic netlink socket: one request at a time, each bounded in time and size.
final class NetlinkSocket {
    /// Bounds on answers.
    enum Limits {
        /// Bytes of a datagram; the kernel fills 32 KiB at most.
        static let datagramSizeBytesMax = 65_536
        /// Messages of a dump.
        static let frameCountMax = 65_536
    }

    private static let genericProtocol: Int32 = 16  // NETLINK_GENERIC

    private let descriptor: Int32
    private let timeoutMS: Int64
    private var sequence: UInt32 = 0

    /// Opens a socket whose every receive waits `timeoutMS` milliseconds at most.
    init(timeoutMS: Int64) throws(VDPAError) {
        self.timeoutMS = timeoutMS
        descriptor = socket(
            Int32(NetlinkAddress.family), Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            Self.genericProtocol)
        guard descriptor >= 0 else { throw .socket(operation: "open netlink socket", errno: errno) }
        try set(timeoutMS: timeoutMS)
        try NetlinkAddress().bind(descriptor, "bind netlink socket")
    }

    deinit { close(descriptor) }

    private func set(timeoutMS: Int64) throws(VDPAError) {
        // 0 would mean: wait for ever.
        let timeoutMS = max(1, timeoutMS)
        var time = timeval(
            tv_sec: time_t(timeoutMS / 1000), tv_usec: suseconds_t(timeoutMS % 1000 * 1000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size) == 0 else {
            throw .socket(operation: "set timeout of netlink socket", errno: errno)
        }
    }

    /// Sends a request and collects its answers: those of a dump until its end, else the one
    /// answer. `request` makes the message from the sequence number it gets.
    func exchange(
        _ operation: String, _ request: (UInt32) -> NetlinkFrame
    ) throws(VDPAError) -> [NetlinkFrame] {
        sequence &+= 1
        let frame = request(sequence)
        try send(operation, frame.encoded())
        let deadline = Self.nowMS() + timeoutMS
        var answers = NetlinkAnswers(
            sequence: sequence, isDump: frame.flags & NetlinkFrame.Flag.dump != 0,
            frameCountMax: Limits.frameCountMax)
        while !answers.isComplete {
            let left = deadline - Self.nowMS()
            guard left > 0 else { throw .timedOut(operation: operation) }
            try set(timeoutMS: left)
            let datagram = try receive(operation)
            do throws(NetlinkFormatError) {
                try answers.add(try NetlinkFrame.decode(datagram))
            } catch {
                throw .malformed(operation: operation, reason: "\(error)")
            }
        }
        if let number = answers.errorNumber { throw .refused(operation: operation, errno: number) }
        guard !answers.isInterrupted else { throw .interrupted(operation: operation) }
        return answers.frames
    }

    private func send(_ operation: String, _ bytes: [UInt8]) throws(VDPAError) {
        let sent = Glibc.send(descriptor, bytes, bytes.count, 0)
        guard sent == bytes.count else { throw .socket(operation: operation, errno: errno) }
    }

    /// The next datagram from the kernel; those of other processes are dropped.
    private func receive(_ operation: String) throws(VDPAError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Limits.datagramSizeBytesMax)
        guard
            let (count, sender) = NetlinkAddress.receive(descriptor, into: &bytes, flags: 0)
        else {
            let number = errno
            if number == EAGAIN || number == EINTR { return [] }
            throw .socket(operation: operation, errno: number)
        }
        guard sender.port == 0 else { return [] }
        guard count <= bytes.count else {
            throw .malformed(operation: operation, reason: "datagram of \(count) bytes")
        }
        return Array(bytes[..<count])
    }

    private static func nowMS() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
