import Testing

@testable import TestSupport

@Suite(.endsTheHung) struct BoundedTests {
    @Test func soManyAtATimeAndAllInTheEnd() async throws {
        let semaphore = AsyncSemaphore(places: 3)
        let inside = Watched((now: 0, most: 0, all: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await semaphore.withPlace {
                        inside.change { inside in
                            inside.now += 1
                            inside.all += 1
                            inside.most = max(inside.most, inside.now)
                        }
                        for _ in 0..<10 { await Task.yield() }
                        inside.change { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.state.most <= 3)
        #expect(inside.state.all == 50)
    }

    @Test func whoeverIsCancelledLeavesTheQueue() async throws {
        let semaphore = AsyncSemaphore(places: 1)
        let gate = Gate()
        let first = Task { try await semaphore.withPlace { try await gate.pass() } }
        let second = Task { try await semaphore.withPlace {} }
        try await awaiting("a queue", { semaphore.waiting }, until: { $0 == 1 })
        // Whichever of them has the place: the other one waits for it no more.
        second.cancel()
        first.cancel()
        _ = await (first.result, second.result)
        #expect(semaphore.waiting == 0)
        #expect(try await semaphore.withPlace { 7 } == 7)
    }

    @Test func aPlaceComesBackFromThoseWhoThrow() async throws {
        let semaphore = AsyncSemaphore(places: 1)
        for _ in 0..<3 {
            await #expect(throws: CancellationError.self) {
                try await semaphore.withPlace { throw CancellationError() }
            }
        }
    }

    @Test func theHungIsEndedAndNamed() async throws {
        try await withKnownIssue {
            try await endingTheHung(after: .milliseconds(1), name: "sleeper") {
                try await Gate().pass()
            }
        } matching: { issue in
            issue.comments.contains { $0.rawValue.hasPrefix("sleeper was not over within") }
                || issue.error is CancellationError
        }
        try await endingTheHung(after: .seconds(600), name: "quick") {}
        await #expect(throws: StateNeverCame.self) {
            try await endingTheHung(after: .seconds(600), name: "failing") {
                try await awaiting("never", limit: .zero, { 0 }, until: { $0 == 1 })
            }
        }
    }
}
