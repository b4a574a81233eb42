import Foundation
import Glibc
import TestSupport
import Testing

@testable import VDPA

@Suite("the socket of uevents", .endsTheHung)
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
        let descriptor = try UEventSocket.open()
        let socket = try Self.socketName(descriptor)
        #expect(try Self.option(SOL_SOCKET, SO_PROTOCOL, of: descriptor) == 15)
        #expect(try Self.groups(of: descriptor) == 1)
        let events = UEventSocket.events(from: descriptor)
        let reading = Task { for await _ in events {} }
        #expect(Self.openFiles().contains(socket))
        reading.cancel()
        await reading.value
        try await awaiting(
            "\(socket) to be closed", Self.openFiles, until: { !$0.contains(socket) })
    }

    /// Root can have the kernel tell of a change that is none.
    @Test(
        "the kernel's own words come through",
        .enabled(if: access(loopback, W_OK) == 0, "needs root and a sysfs that it can write"))
    func words() async throws {
        let events = try UEventSocket.events()
        let descriptor = try #require(Self.valid(Glibc.open(Self.loopback, O_WRONLY | O_CLOEXEC)))
        defer { close(descriptor) }
        #expect(Glibc.write(descriptor, "change", 6) == 6)
        try await awaiting("the change of lo", in: events) { signal in
            guard case .event(let event) = signal else { return false }
            return event.action == .change && event.path == "/devices/virtual/net/lo"
        }
    }

    private static let loopback = "/sys/class/net/lo/uevent"

    private static func valid(_ descriptor: Int32) -> Int32? { descriptor < 0 ? nil : descriptor }

    /// What the process's list of open files calls it: unlike its number, never given twice.
    private static func socketName(_ descriptor: Int32) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
    }

    private static func openFiles() -> Set<String> {
        let folder = "/proc/self/fd"
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: folder)) ?? []
        // Those of other tests may be closed meanwhile.
        return Set(
            names.compactMap { try? files.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") })
    }

    private static func option(_ level: Int32, _ name: Int32, of socket: Int32) throws -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        try #require(getsockopt(socket, level, name, &value, &size) == 0)
        return value
    }

    private static func groups(of socket: Int32) throws -> UInt32 {
        var address = NetlinkAddress()
        var size = socklen_t(MemoryLayout<NetlinkAddress>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(socket, $0, &size)
            }
        }
        try #require(status == 0)
        return address.groups
    }
}
