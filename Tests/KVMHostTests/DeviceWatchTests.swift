import Logging
import Testing

@testable import KVMHost
@testable import VDPA

@Suite("many signals become one", .timeLimit(.minutes(1)))
struct DeviceSettlingTests {
    private let clock = ManualClock()

    @Test("a burst is one signal, after it has been quiet")
    func burst() async {
        let settling = DeviceSettling(clock: clock)
        var signals = settling.stream {}.makeAsyncIterator()
        for _ in 0..<64 { settling.notify() }
        await clock.someoneSleeps()
        clock.advance(by: DeviceSettling.quiet)
        await signals.next()
        #expect(clock.sleeping == 0)
        // The next one is for a later signal only.
        settling.notify()
        await clock.someoneSleeps()
        #expect(clock.now.offset == DeviceSettling.quiet)
    }

    @Test("what comes during the wait makes it longer, and is not lost")
    func restlessness() async {
        let settling = DeviceSettling(clock: clock)
        var signals = settling.stream {}.makeAsyncIterator()
        settling.notify()
        for _ in 0..<3 {
            await clock.someoneSleeps()
            settling.notify()
            clock.advance(by: DeviceSettling.quiet)
        }
        await clock.someoneSleeps()
        clock.advance(by: DeviceSettling.quiet)
        await signals.next()
        #expect(clock.now.offset == DeviceSettling.quiet * 4)
    }

    @Test("signals without end are passed on all the same, and the last one, too")
    func endless() async {
        let settling = DeviceSettling(clock: clock)
        var signals = settling.stream {}.makeAsyncIterator()
        settling.notify()
        for _ in 0..<DeviceSettling.waitsMax {
            await clock.someoneSleeps()
            settling.notify()
            clock.advance(by: DeviceSettling.quiet)
        }
        await signals.next()
        #expect(clock.now.offset == DeviceSettling.quiet * DeviceSettling.waitsMax)
        // Whether the last one was seen in time or makes another round: nothing is left over.
        settling.notify()
        await clock.someoneSleeps()
        clock.advance(by: DeviceSettling.quiet)
        await signals.next()
    }

    @Test("with its reader, the work ends")
    func end() async {
        let settling = DeviceSettling(clock: clock)
        let (ended, continuation) = AsyncStream<Void>.makeStream()
        let reader = Task {
            let signals = settling.stream {
                let (never, held) = AsyncStream<Void>.makeStream()
                for await _ in never {}
                held.finish()
                continuation.finish()
            }
            for await _ in signals {}
        }
        settling.notify()
        await clock.someoneSleeps()
        reader.cancel()
        await reader.value
        for await _ in ended {}
    }
}

@Suite("what makes the agent look at its devices", .timeLimit(.minutes(1)))
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
        // What was there before the watch.
        await pass(&signals)
        kernel.yield(.missed)
        await pass(&signals)
        let text = "add@/devices/pci0000:00/0000:01:00.1/vdpa0"
        let bytes = Array(text.utf8) + [0] + Array("SUBSYSTEM=vdpa".utf8) + [0]
        kernel.yield(.event(try UEvent(bytes)))
        await pass(&signals)
    }

    @Test("events that end, or can't be had, are asked for again")
    func again() async {
        let (attempts, attempt) = AsyncStream.makeStream(of: Void.self)
        let watch = watch { () throws(VDPAError) in
            attempt.yield()
            let (events, kernel) = AsyncStream.makeStream(of: UEventSignal.self)
            kernel.finish()
            return events
        }
        let reading = Task { for await _ in watch.changes() {} }
        let mover = moving(by: DeviceWatch.lastRetryDelay)
        var seen = attempts.makeAsyncIterator()
        for _ in 0..<3 { await seen.next() }
        mover.cancel()
        reading.cancel()
        await reading.value
    }

    /// Lets time pass whenever somebody sleeps.
    private func moving(by step: Duration) -> Task<Void, Never> {
        Task {
            while !Task.isCancelled {
                await clock.someoneSleeps()
                clock.advance(by: step)
                await Task.yield()
            }
        }
    }

    /// One signal, whoever else sleeps meanwhile.
    private func pass(_ signals: inout AsyncStream<Void>.Iterator) async {
        let mover = moving(by: DeviceSettling.quiet)
        await signals.next()
        mover.cancel()
    }
}
