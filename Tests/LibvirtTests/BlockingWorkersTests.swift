import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Libvirt

@Suite("Threads for blocking calls", .endsTheHung)
struct BlockingWorkersTests {
    @Test("a call that doesn't return in time is given up, and its result discarded")
    func timeout() async throws {
        let workers = BlockingWorkers(name: "test", count: 1)
        let gate = DispatchSemaphore(value: 0)
        let (discarded, continuation) = AsyncStream.makeStream(of: Int.self)
        let limit: Duration = .milliseconds(20)
        await #expect(
            throws: LibvirtError.timedOut(operation: "wait for", object: "gate", limit: limit)
        ) {
            try await workers.run(
                operation: "wait for", object: "gate", timeout: limit,
                discard: { (value: Int) in continuation.yield(value) },
                body: {
                    gate.wait()
                    return .success(7)
                })
        }
        // The thread is still taken: a call that never got it must never be made.
        let wasMade = Mutex(false)
        await #expect(throws: LibvirtError.self) {
            try await workers.run(operation: "call", object: "late", timeout: limit) {
                wasMade.withLock { $0 = true }
                return .success(())
            }
        }
        gate.signal()
        var values = discarded.makeAsyncIterator()
        #expect(await values.next() == 7)
        let next = try await workers.run(operation: "call", object: "next", timeout: .seconds(30)) {
            .success("done")
        }
        #expect(next == "done")
        #expect(wasMade.withLock { $0 } == false)
    }

    @Test("after stop, what was queued still runs, and nothing else")
    func stop() async {
        let workers = BlockingWorkers(name: "test", count: 2)
        let (done, continuation) = AsyncStream.makeStream(of: Int.self)
        for number in 0..<100 { workers.enqueue { continuation.yield(number) } }
        workers.stop()
        await #expect(throws: LibvirtError.closed(operation: "call", object: "x")) {
            try await workers.run(operation: "call", object: "x", timeout: .seconds(30)) {
                .success(())
            }
        }
        var seen: Set<Int> = []
        for await number in done.prefix(100) { seen.insert(number) }
        #expect(seen.count == 100)
    }

    @Test("a failure comes back as it is")
    func failure() async {
        let workers = BlockingWorkers(name: "test", count: 1)
        let error = LibvirtError.closed(operation: "a", object: "b")
        await #expect(throws: error) {
            try await workers.run(operation: "call", object: "x", timeout: .seconds(30)) {
                Result<Void, LibvirtError>.failure(error)
            }
        }
    }
}
