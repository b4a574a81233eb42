import TestSupport
import Testing

@Suite(.endsTheHung) struct ClockTests {
    @Test func sleepersWakeWhenTheirTimeHasCome() async throws {
        let clock = ManualClock()
        let short = Task { try await clock.sleep(for: .seconds(1)) }
        let long = Task { try await clock.sleep(for: .seconds(5)) }
        try await clock.waitForSleepers(2)
        #expect(clock.sleepers == 2)
        clock.advance(by: .seconds(1))
        #expect(clock.sleepers == 1)
        try await short.value
        try await clock.waitForSleepers(1, within: .seconds(4))
        clock.advance(by: .seconds(4))
        try await long.value
        #expect(clock.now.offset == .seconds(5))
        #expect(clock.waits.sorted() == [.seconds(1), .seconds(5)])
    }

    @Test func aSleepThatIsCancelledIsForgotten() async throws {
        let clock = ManualClock()
        let sleeper = Task { try await clock.sleep(for: .seconds(1)) }
        try await clock.waitForSleepers()
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleepers == 0)
    }

    @Test func shortSleepsMayPassAtOnce() async throws {
        let clock = ManualClock(passing: .seconds(7))
        try await clock.sleep(for: .seconds(6))
        #expect(clock.now.offset == .zero)
        #expect(clock.waits.isEmpty)
    }

    @Test func noSleepLastsOnAnImmediateClock() async throws {
        let clock = ImmediateClock(bound: .seconds(60))
        try await clock.sleep(for: .seconds(59))
        #expect(clock.now.offset == .seconds(59))
        #expect(clock.waits == [.seconds(59)])
        let never = Task { try await clock.sleep(for: .seconds(60)) }
        never.cancel()
        await #expect(throws: CancellationError.self) { try await never.value }
        #expect(clock.waits == [.seconds(59)])
    }
}
