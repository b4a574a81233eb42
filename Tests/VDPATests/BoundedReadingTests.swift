import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import VDPA

private final class Counter: Sendable {
    let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

@Suite("readings that the kernel may not let go of", .endsTheHung)
struct BoundedReadingTests {
    private let clock = ManualClock()
    private let events = AsyncStream.makeStream(of: BoundedReading.Event.self)

    private var reading: BoundedReading {
        BoundedReading(limitMS: 1_234, clock: clock) { [events] in
            events.continuation.yield($0)
        }
    }

    private static let hanging = VDPAError.hanging(
        operation: "read", reading: "/sys/class/net/n/speed", limitMS: 1_234)

    @Test("answers and errors come through")
    func answers() async throws {
        let reading = reading
        for number in 0..<3 {
            #expect(try await reading.run("read") { _ in number } == number)
            await #expect(throws: VDPAError.noDevice("x")) {
                try await reading.run("read") { _ throws(VDPAError) -> Int in
                    throw .noDevice("x")
                }
            }
        }
    }

    @Test("one that never answers is given up by name, and nobody is sent after it")
    func hangs() async throws {
        let reading = reading
        let gate = DispatchSemaphore(value: 0)
        let others = Counter()
        let other: @Sendable (ReadingNote) -> Int = { _ in others.next() }
        let begun = Gate()
        let first = Task {
            try await reading.run("read") { note -> Int in
                note.begin("/sys/class/net/n/speed")
                begun.open()
                gate.wait()
                return 1
            }
        }
        try await begun.opened("the first reading")
        // Comes while the first is still within its limit: it waits, and starts no thread.
        let second = Task { try await reading.run("read again", other) }
        try await clock.waitForSleepers()
        clock.advance(by: .milliseconds(1_234))
        await #expect(throws: Self.hanging) { try await first.value }
        await #expect(throws: Self.hanging) { try await second.value }
        await #expect(throws: Self.hanging) { try await reading.run("read", other) }
        #expect(others.count.withLock(\.self) == 0)
        #expect(clock.waits == [.milliseconds(1_234)])
        var told = events.stream.makeAsyncIterator()
        #expect(await told.next() == .hangs(Self.hanging))
        gate.signal()
        #expect(await told.next() == .ended(Self.hanging))
        #expect(try await reading.run("read") { _ in 7 } == 7)
    }

    @Test("those that come together are read one after the other")
    func turns() async throws {
        let reading = reading
        let running = Counter()
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...16 {
                group.addTask {
                    try await reading.run("read") { _ in
                        let others = running.count.withLock { count in
                            defer { count += 1 }
                            return count
                        }
                        defer { running.count.withLock { $0 -= 1 } }
                        return others == 0 ? number : -1_000
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 136)
    }

    @Test("the text names what hung")
    func text() {
        #expect(
            "\(Self.hanging)"
                == "read: no answer from the kernel within 1234 ms to /sys/class/net/n/speed")
    }
}
