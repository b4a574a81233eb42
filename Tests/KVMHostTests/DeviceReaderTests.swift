import ComputeModel
import Dispatch
import HostDrivers
import TestSupport
import Testing

@testable import KVMHost
@testable import VDPA

@Suite("reading devices that don't answer", .endsTheHung)
struct DeviceReaderTests {
    private let clock = ManualClock()

    @Test("ethtool that hangs gives an error that names the netdev, and one thread is held")
    func ethtool() async throws {
        let gate = DispatchSemaphore(value: 0)
        let (asked, asking) = AsyncStream.makeStream(of: String.self)
        let (events, teller) = AsyncStream.makeStream(of: BoundedReading.Event.self)
        try await TemporaryFolder.use { folder in
            let functions = try FakeHost().sources(folder).functions
            let reader = DeviceReader(
                folder, limitMS: 10_000, clock: clock, tell: { teller.yield($0) },
                permanentMAC: { name in
                    asking.yield(name)
                    gate.wait()
                    return "52:54:01:00:01:00"
                })
            let read = { @Sendable () async throws -> DeviceSources in
                var sources = DeviceSources()
                sources.functions = functions
                try await reader.readKernel(&sources)
                return sources
            }
            let first = Task { try await read() }
            var names = asked.makeAsyncIterator()
            #expect(await names.next() == "pf0")
            try await clock.waitForSleepers()
            clock.advance(by: .milliseconds(10_000))
            let expected = VDPAError.hanging(
                operation: "read the devices in sysfs",
                reading: "ethtool's question for the permanent MAC of netdev pf0",
                limitMS: 10_000)
            await #expect(throws: expected) { try await first.value }
            // At once, though no time passes.
            await #expect(throws: expected) { try await read() }
            var told = events.makeAsyncIterator()
            #expect(await told.next() == .hangs(expected))
            gate.signal()
            #expect(await told.next() == .ended(expected))
            gate.signal()
            #expect(try await read().permanentMACs == ["pf0": "52:54:01:00:01:00"])
            // The first, and the one after it was let go: nobody was sent meanwhile.
            asking.finish()
            #expect(await names.next() == "pf0")
            #expect(await names.next() == nil)
        }
    }

    @Test("what is read from sysfs is noted by its path")
    func paths() throws {
        let note = ReadingNote()
        let tree = SysfsTree(root: "/nowhere").noting(note)
        #expect(try tree.linkSpeedMbps(ofInterface: "n") == nil)
        #expect(note.current == "/nowhere/class/net/n/speed")
        #expect(try tree.vdpaDevices().devices.isEmpty)
        #expect(note.current == "/nowhere/bus/vdpa/devices")
    }

    @Test("operators are told what to do")
    func advice() {
        let error = VDPAError.hanging(operation: "read", reading: "/sys/x", limitMS: 5)
        let driver = error.driverError("scan the devices", "qemu:///system")
        guard case .timedOut = driver else {
            Issue.record("\(driver)")
            return
        }
        #expect("\(driver)".contains("within 5 ms to /sys/x. Its driver hangs, or"))
        #expect("\(driver)".contains("'dmesg' on the host may tell which."))
    }
}
