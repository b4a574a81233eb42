import Logging
import TestSupport
import Testing

@testable import KVMHost
@testable import VDPA

@Suite("many signals become one", .endsTheHung)
struct DeviceSettlingTests {
    private let clock = ManualClock()

    @Test("a burst is one signal, after it has been quiet")
    func burst() async throws {
        let settling = DeviceSettling(clock: clock)
        var signals = settling.stream {}.makeAsyncIterator()
        for _ in 0..<64 { settling.notify() }
        try await clock.waitForSleepers()
        clock.advance(by: DeviceSettling.quiet)
        try await awaiting("a signal", from: &signals)
        #expect(clock.sleepers == 0)
        // The next one is for a later signal only.
        settling.notify()
        try await clock.waitForSleepers()
        #expect(clock.now.offset == DeviceSettling.quiet)
    }

    @Test("what comes during the wait makes it longer, and is not lost")
    func restlessness() async throws {
        let settling = DeviceSettling(clock: clock)
        var signals = settling.stream {}.makeAsyncIterator()
        settling.notify()
        for _ in 0..<3 {
            try await clock.waitForSleepers()
            settling.notify()
            clock.advance(by: DeviceSettling.quiet)
        }
        try await clock.waitForSleepers()
        clock.advance(by: DeviceSettling.quiet)
        try await awaiting("a signal", from: &signals)
        #expect(clock.now.offset == DeviceSettling.quiet * 4)
    }

    @Test("signals without end are passed on all the same, and the last one, too")
    func endless() async throws {
        let settling = DeviceSettling(clock: clock)
        var signals = settling.stream {}.makeAsyncIterator()
        settling.notify()
        for _ in 0..<DeviceSettling.waitsMax {
            try await clock.waitForSleepers()
            settling.notify()
            clock.advance(by: DeviceSettling.quiet)
        }
        try await awaiting("a signal", from: &signals)
        #expect(clock.now.offset == DeviceSettling.quiet * DeviceSettling.waitsMax)
        // Whether the last one was seen in time or makes another round: nothing is left over.
        settling.notify()
        try await clock.waitForSleepers()
        clock.advance(by: DeviceSettling.quiet)
        try await awaiting("a signal", from: &signals)
    }

    @Test("with its reader, the work ends")
    func end() async throws {
        let settling = DeviceSettling(clock: clock)
        let ended = Gate()
        let reader = Task {
            let signals = settling.stream {
                // Until it is cancelled.
                _ = try? await Gate().pass()
                ended.open()
            }
            for await _ in signals {}
        }
        settling.notify()
        try await clock.waitForSleepers()
        reader.cancel()
        await reader.value
        try await ended.opened("the end of the work")
    }
}

@Suite("what makes the agent look at its devices", .endsTheHung)
struct DeviceWatchTests {
    private let clock = ManualClock()

    /// A watch over a libvirt that isn't there.
    private func watch(
        _ kernel: @escaping @Sendable () throws(VDPAError) -> AsyncStream<UEventSignal>
    ) -> DeviceWatch {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return DeviceWatch(
            session: LibvirtSession(uri: "test:///nosuch/file", logger: logger), clock: clock,
            logger: logger, kernelEvents: kernel)
    }

    @Test("the kernel's events come through without libvirt, also a message that some were lost")
    func withoutLibvirt() async throws {
        let (events, kernel) = AsyncStream.makeStream(of: UEventSignal.self)
        var signals = watch { () throws(VDPAError) in events }.changes().makeAsyncIterator()
        try await pass("what was there before the watch", &signals)
        kernel.yield(.missed)
        try await pass("the message that some were lost", &signals)
        let text = "add@/devices/pci0000:00/0000:01:00.1/vdpa0"
        let bytes = Array(text.utf8) + [0] + Array("SUBSYSTEM=vdpa".utf8) + [0]
        kernel.yield(.event(try UEvent(bytes)))
        try await pass("the new device", &signals)
    }

    @Test("events that end, or can't be had, are asked for again")
    func again() async throws {
        let (attempts, attempt) = AsyncStream.makeStream(of: Void.self)
        let watch = watch { () throws(VDPAError) in
            attempt.yield()
            let (events, kernel) = AsyncStream.makeStream(of: UEventSignal.self)
            kernel.finish()
            return events
        }
        let reading = Task { for await _ in watch.changes() {} }
        let mover = moving(by: DeviceWatch.lastRetryDelay)
        defer {
            mover.cancel()
            reading.cancel()
        }
        var seen = attempts.makeAsyncIterator()
        for number in 1...3 { try await awaiting("attempt \(number)", from: &seen) }
        reading.cancel()
        await reading.value
    }

    /// Lets time pass whenever somebody sleeps.
    private func moving(by step: Duration) -> Task<Void, any Error> {
        Task {
            while !Task.isCancelled {
                try await clock.waitForSleepers()
                clock.advance(by: step)
                await Task.yield()
            }
        }
    }

    /// One signal, whoever else sleeps meanwhile.
    private func pass(_ what: String, _ signals: inout AsyncStream<Void>.Iterator) async throws {
        let mover = moving(by: DeviceSettling.quiet)
        defer { mover.cancel() }
        try await awaiting(what, from: &signals)
    }
}
