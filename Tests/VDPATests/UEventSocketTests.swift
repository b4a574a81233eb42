import Glibc
import Testing

@testable import VDPA

@Suite("the socket of uevents", .timeLimit(.minutes(1)))
struct UEventSocketTests {
    /// A pair that stands for the kernel's socket: what is written to one end is read at the
    /// other, which doesn't block.
    private func pair() throws -> (write: Int32, read: Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    private func send(_ bytes: [UInt8], _ descriptor: Int32) {
        #expect(Glibc.send(descriptor, bytes, bytes.count, 0) == bytes.count)
    }

    @Test("events come through in order, others don't, and the end ends the stream")
    func injected() async throws {
        let (write, read) = try pair()
        let events = UEventSocket.events(from: read)
        let vdpa = UEventTests.vdpaBind
        let net = UEventTests.datagram("remove@/devices/virtual/net/rep0", "SUBSYSTEM=net")
        send(vdpa, write)
        send(UEventTests.datagram("add@/devices/sda", "SUBSYSTEM=block"), write)
        send(Array("nonsense".utf8), write)
        send([UInt8](repeating: 1, count: 9_000), write)
        send(net, write)
        close(write)
        var signals: [UEventSignal] = []
        for await signal in events { signals.append(signal) }
        #expect(signals == [.event(try UEvent(vdpa)), .missed, .event(try UEvent(net))])
    }

    @Test("a reader that is too slow is told so, and gets the newest")
    func overflow() async throws {
        let (events, output) = AsyncStream.makeStream(
            of: UEventSignal.self, bufferingPolicy: .bufferingNewest(8))
        let relay = UEventRelay(output: output)
        var last: UEventSignal?
        for number in 1...20 {
            let bytes = UEventTests.datagram("add@/devices/net/x\(number)", "SUBSYSTEM=net")
            relay.take(.datagram(bytes, size: bytes.count, senderPort: 0))
            last = .event(try UEvent(bytes))
        }
        output.finish()
        var signals: [UEventSignal] = []
        for await signal in events { signals.append(signal) }
        #expect(signals.count == 8)
        #expect(signals.contains(.missed))
        #expect(signals.last { $0 != .missed } == last)
    }

    @Test("the kernel's own socket opens without privilege, and closes with its reader")
    func kernel() async throws {
        let events = try UEventSocket.events()
        let reading = Task { for await _ in events {} }
        reading.cancel()
        await reading.value
    }
}
