internal import Dispatch
internal import Glibc
internal import Synchronization

/// The kernel's device events, as they come. Needs no privilege.
public enum UEventSocket {
    /// Bounds on what is kept.
    public enum Limits {
        /// Signals that wait for their reader; older ones give way, and it is told.
        public static let signalsMax = 1_024
        /// Bytes that the kernel keeps for the socket; a card with 128 VFs makes half a MiB.
        static let bufferSizeBytes: Int32 = 4 << 20
        /// Datagrams read in a row before others on the queue have their turn.
        static let datagramsPerRound = 256
    }

    private static let uevents: Int32 = 15  // NETLINK_KOBJECT_UEVENT
    private static let kernelGroup: UInt32 = 1
    private static let receiveBufferForce: Int32 = 33  // SO_RCVBUFFORCE

    /// Events from now on, until the reader ends or the socket fails, which ends the stream.
    public static func events() throws(VDPAError) -> AsyncStream<UEventSignal> {
        events(from: try open())
    }

    /// A socket that gets the kernel's events and doesn't block.
    static func open() throws(VDPAError) -> Int32 {
        let type =
            Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(Int32(NetlinkAddress.family), type, uevents)
        guard descriptor >= 0 else { throw .socket(operation: "open uevent socket", errno: errno) }
        var size = Limits.bufferSizeBytes
        let length = socklen_t(MemoryLayout<Int32>.size)
        // Beyond the system's bound as root, up to it otherwise: with less, overruns are likelier.
        if setsockopt(descriptor, SOL_SOCKET, receiveBufferForce, &size, length) != 0 {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, length)
        }
        do throws(VDPAError) {
            try NetlinkAddress(groups: kernelGroup).bind(descriptor, "bind uevent socket")
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Events from a socket that doesn't block, which is closed when the stream ends.
    static func events(from descriptor: Int32) -> AsyncStream<UEventSignal> {
        let (stream, output) = AsyncStream.makeStream(
            of: UEventSignal.self, bufferingPolicy: .bufferingNewest(Limits.signalsMax))
        let queue = DispatchQueue(label: "uevents")
        let readiness = Readiness(
            source: DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue))
        let reader = UEventReader(
            descriptor: descriptor, relay: UEventRelay(output: output))
        readiness.source.setEventHandler {
            if !reader.readAll() { output.finish() }
        }
        readiness.source.setCancelHandler { close(descriptor) }
        output.onTermination = { _ in readiness.source.cancel() }
        readiness.source.resume()
        return stream
    }
}

/// Unchecked because Dispatch's sources aren't marked, though any thread may cancel one.
private struct Readiness: @unchecked Sendable {
    let source: any DispatchSourceRead
}

/// Reads a socket's datagrams.
private struct UEventReader: Sendable {
    let descriptor: Int32
    let relay: UEventRelay

    /// Reads what is there, up to a bound; false when nothing will come any more.
    func readAll() -> Bool {
        var bytes = [UInt8](repeating: 0, count: UEvent.Limits.sizeBytesMax)
        for _ in 0..<UEventSocket.Limits.datagramsPerRound {
            if let (size, sender) = NetlinkAddress.receive(descriptor, into: &bytes, flags: 0) {
                if size == 0 { return false }
                relay.take(
                    .datagram(
                        Array(bytes[..<min(size, bytes.count)]), size: size,
                        senderPort: sender.port))
                continue
            }
            switch errno {
            case EAGAIN: return true
            case EINTR: continue
            case ENOBUFS, ENOMEM: relay.take(.overrun)
            default: return false
            }
        }
        return true
    }
}

/// Passes on what datagrams say, and tells a reader that is too slow that it missed some.
final class UEventRelay: Sendable {
    private let output: AsyncStream<UEventSignal>.Continuation
    private let intake = Mutex(UEventIntake())

    init(output: AsyncStream<UEventSignal>.Continuation) { self.output = output }

    func take(_ received: UEventIntake.Received) {
        guard let signal = intake.withLock({ $0.take(received) }) else { return }
        if case .dropped(let lost) = output.yield(signal), lost != .missed {
            output.yield(.missed)
        }
    }
}
