import Foundation
import Synchronization
import TestSupport
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("the wait for a guest to give a NIC up", .endsTheHung)
struct InterfaceRemovalTests {
    /// A guest with one NIC, and what it was asked.
    final class Guest: Sendable {
        let isPresent = Mutex(true)
        let requests = Mutex(0)
        let clock = ManualClock()
        let events: AsyncStream<DomainDeviceEvent.Kind>
        let feed: AsyncStream<DomainDeviceEvent.Kind>.Continuation

        init() { (events, feed) = AsyncStream.makeStream() }

        func removal(
            timeout: Duration = .seconds(20), answer: LibvirtError? = nil
        ) -> InterfaceRemoval {
            InterfaceRemoval(
                timeout: timeout, clock: clock,
                isPresent: { () throws(LibvirtError) in self.isPresent.withLock { $0 } },
                request: { () throws(LibvirtError) in
                    self.requests.withLock { $0 += 1 }
                    if let answer { throw answer }
                })
        }

        /// Lets seconds pass, one by one, each seen by the wait.
        func pass(seconds: Int) async throws {
            for _ in 0..<seconds {
                try await clock.waitForSleepers()
                clock.advance(by: .seconds(1))
            }
        }
    }

    private static func failure(_ message: String) -> LibvirtFailure {
        LibvirtFailure(operation: "detach", object: "d", code: 1, domain: 10, message: message)
    }

    @Test("the event ends the wait at once")
    func event() async throws {
        let guest = Guest()
        guest.feed.yield(.removed)
        #expect(try await guest.removal().run(guest.events) == .removed)
        #expect(guest.requests.withLock { $0 } == 1)
    }

    @Test("a NIC that isn't there is not asked for")
    func absent() async throws {
        let guest = Guest()
        guest.isPresent.withLock { $0 = false }
        #expect(try await guest.removal().run(guest.events) == .removed)
        #expect(guest.requests.withLock { $0 } == 0)
    }

    @Test("a lost event is made up for by looking")
    func lostEvent() async throws {
        let guest = Guest()
        async let outcome = guest.removal().run(guest.events)
        try await guest.clock.waitForSleepers()
        guest.isPresent.withLock { $0 = false }
        guest.clock.advance(by: .seconds(1))
        #expect(try await outcome == .removed)
    }

    @Test("a guest that doesn't answer is asked again, and keeps the NIC when the time is up")
    func unanswered() async throws {
        let guest = Guest()
        async let outcome = guest.removal(timeout: .seconds(25)).run(guest.events)
        try await guest.pass(seconds: 25)
        #expect(try await outcome == .kept("the guest did not answer"))
        #expect(guest.requests.withLock { $0 } == 3)
    }

    @Test("a refusal is asked again, and told")
    func refused() async throws {
        let guest = Guest()
        guest.feed.yield(.removalFailed)
        async let outcome = guest.removal(timeout: .seconds(15)).run(guest.events)
        try await guest.pass(seconds: 15)
        #expect(try await outcome == .kept("the guest refused to give it up"))
        #expect(guest.requests.withLock { $0 } == 2)
    }

    @Test("an unplug that is under way is waited for")
    func underWay() async throws {
        let guest = Guest()
        let words = "Device ua-1 is already in the process of unplug"
        async let outcome = guest.removal(answer: .other(Self.failure(words))).run(guest.events)
        try await guest.pass(seconds: 3)
        guest.feed.yield(.removed)
        #expect(try await outcome == .removed)
        let other = Guest()
        async let kept = other.removal(timeout: .seconds(2), answer: .other(Self.failure(words)))
            .run(other.events)
        try await other.pass(seconds: 2)
        #expect(try await kept == .kept(words))
    }

    @Test("a device that is missing is gone")
    func missing() async throws {
        let guest = Guest()
        let answer = LibvirtError.deviceMissing(Self.failure("device not found"))
        #expect(try await guest.removal(answer: answer).run(guest.events) == .removed)
    }

    @Test("what waiting can't mend is told at once")
    func unsupported() async {
        let guest = Guest()
        let answer = LibvirtError.unsupported(Self.failure("no"))
        await #expect(throws: answer) {
            _ = try await guest.removal(answer: answer).run(guest.events)
        }
    }

    @Test("a cancelled wait says so")
    func cancelled() async throws {
        let guest = Guest()
        let wait = Task { try await guest.removal().run(guest.events) }
        try await guest.clock.waitForSleepers()
        wait.cancel()
        let result = await wait.result
        #expect(throws: LibvirtError.self) { try result.get() }
    }
}

@Suite("the wait for a disk's copy", .endsTheHung)
struct BackupWaitTests {
    private static func job(_ phase: DomainJob.Phase, _ failure: String? = nil) -> DomainJob {
        var job = DomainJob(completed: [:])
        job.operation = .backup
        job.phase = phase
        job.failure = failure
        return job
    }

    private func wait(
        _ clock: ManualClock, current: @escaping @Sendable () -> DomainJob?, last: DomainJob?
    ) -> BackupWait {
        BackupWait(
            timeout: .seconds(6), clock: clock,
            current: { () throws(LibvirtError) in current() },
            last: { () throws(LibvirtError) in last })
    }

    @Test(
        "how it ended is what libvirt remembers",
        arguments: [
            (job(.failed), job(.completed), .completed),
            (job(.completed), nil, .completed),
            (job(.failed), job(.failed, "no space"), .failed("no space")),
            (job(.failed), job(.cancelled), .failed("it was aborted")),
            (job(.failed), nil, .failed("libvirt says no more")),
        ] as [(DomainJob, DomainJob?, BackupWait.Outcome)])
    func event(_ told: DomainJob, _ last: DomainJob?, _ outcome: BackupWait.Outcome) async throws {
        let (events, feed) = AsyncStream.makeStream(of: DomainJob.self)
        feed.yield(told)
        let wait = wait(ManualClock(), current: { Self.job(.running) }, last: last)
        #expect(try await wait.run(events) == outcome)
    }

    @Test("a lost event is made up for by looking", arguments: [true, false])
    func lostEvent(_ isRemembered: Bool) async throws {
        let (events, feed) = AsyncStream.makeStream(of: DomainJob.self)
        defer { feed.finish() }
        let clock = ManualClock()
        let wait = wait(clock, current: { nil }, last: isRemembered ? Self.job(.completed) : nil)
        async let outcome = wait.run(events)
        try await clock.waitForSleepers()
        clock.advance(by: .seconds(2))
        let expected: BackupWait.Outcome =
            isRemembered ? .completed : .failed("it ended, and libvirt doesn't remember how")
        #expect(try await outcome == expected)
    }

    @Test("a copy that takes too long")
    func timeout() async throws {
        let (events, feed) = AsyncStream.makeStream(of: DomainJob.self)
        defer { feed.finish() }
        let clock = ManualClock()
        async let outcome = wait(clock, current: { Self.job(.running) }, last: nil).run(events)
        for _ in 0..<3 {
            try await clock.waitForSleepers()
            clock.advance(by: .seconds(2))
        }
        #expect(try await outcome == .timedOut)
    }
}
