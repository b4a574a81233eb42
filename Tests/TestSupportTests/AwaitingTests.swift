import TestSupport
import Testing

@Suite(.endsTheHung) struct AwaitingTests {
    private let number = Watched(0)

    /// What a wait threw.
    private func failure(
        _ wait: () async throws -> Void
    ) async throws -> StateNeverCame {
        let error = await #expect(throws: StateNeverCame.self) { try await wait() }
        return try #require(error)
    }

    @Test func aStateThatIsThereIsTaken() async throws {
        number.change { $0 = 7 }
        #expect(try await awaiting("a seven", in: number.states()) { $0 == 7 } == 7)
        #expect(try await awaiting("a seven", { number.state }, until: { $0 == 7 }) == 7)
    }

    @Test func aStateThatComesLaterIsTaken() async throws {
        let changing = Task { [number] in
            for _ in 0..<100 {
                number.change { $0 += 1 }
                await Task.yield()
            }
        }
        try await awaiting("a hundred", in: number.states()) { $0 == 100 }
        number.change { $0 = 0 }
        await changing.value
        let more = Task { [number] in number.change { $0 = 5 } }
        try await awaiting("a five", { number.state }, until: { $0 == 5 })
        await more.value
    }

    /// However many change it at once, the last state is the one that is seen last.
    @Test func noChangeIsLost() async throws {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { [number] in number.change { $0 += 1 } } }
            group.addTask { [number] in
                await #expect(throws: Never.self) {
                    try await awaiting("all changes", in: number.states()) { $0 == 200 }
                }
            }
        }
    }

    /// Neither waits for a lock that the other one holds.
    @Test func changesAndCancellationsMeet() async throws {
        let changing = (0..<2).map { _ in
            Task { [number] in
                while !Task.isCancelled {
                    for _ in 0..<20 { number.change { $0 += 1 } }
                    await Task.yield()
                }
            }
        }
        for _ in 0..<500 {
            let waiting = (0..<8).map { _ in
                Task { [number] in try await awaiting("less", in: number.states()) { $0 < 0 } }
            }
            let seen = number.state
            try await awaiting("more", in: number.states()) { $0 > seen + 10 }
            for task in waiting { task.cancel() }
            for task in waiting {
                await #expect(throws: StateNeverCame.self) { try await task.value }
            }
        }
        for task in changing { task.cancel() }
    }

    @Test func givingUpTellsWhatWasThereInstead() async throws {
        number.change { $0 = 3 }
        let limit = Duration.milliseconds(1)
        let first = try await failure {
            try await awaiting("a seven", in: number.states(), limit: limit) { $0 == 7 }
        }
        #expect(first.description.contains("waited for a seven; gave up after \(limit)"))
        #expect(first.description.hasSuffix("instead there was: 3"))
        #expect(first.description.hasPrefix("TestSupportTests/AwaitingTests.swift:"))
        let second = try await failure {
            try await awaiting("a seven", limit: limit, { number.state }, until: { $0 == 7 })
        }
        #expect(second.reason == .limit(limit))
        #expect(second.found == "3")
    }

    @Test func aCancelledWaitThrows() async throws {
        let watching = Task { [number] in
            try await awaiting("a seven", in: number.states()) { $0 == 7 }
        }
        let looking = Task { [number] in
            try await awaiting("a seven", { number.state }, until: { $0 == 7 })
        }
        watching.cancel()
        looking.cancel()
        for task in [watching, looking] {
            let result = await task.result
            let error = #expect(throws: StateNeverCame.self) { try result.get() }
            #expect(error?.reason == .cancelled)
        }
        let next = Task { [number] in try await number.next { $0 == 7 } }
        next.cancel()
        await #expect(throws: CancellationError.self) { try await next.value }
    }

    @Test func statesThatEndThrow() async throws {
        let (states, feed) = AsyncStream.makeStream(of: Int.self)
        feed.yield(1)
        feed.finish()
        let ended = try await failure {
            try await awaiting("a seven", in: states) { $0 == 7 }
        }
        #expect(ended.reason == .ended)
        #expect(ended.found == "1")
    }

    @Test func oneAfterTheOtherIsTaken() async throws {
        let (numbers, feed) = AsyncStream.makeStream(of: Int.self)
        for number in 1...2 { feed.yield(number) }
        var all = numbers.makeAsyncIterator()
        #expect(try await awaiting("a one", from: &all) == 1)
        #expect(try await awaiting("a two", from: &all) == 2)
        feed.finish()
        await #expect(throws: StateNeverCame.self) { try await awaiting("more", from: &all) }
    }

    @Test func aGateTellsThatItWasOpened() async throws {
        let gate = Gate()
        let passing = Task { try await gate.pass() }
        gate.open()
        try await passing.value
        try await gate.opened("the gate")
    }
}
