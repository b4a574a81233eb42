import Dispatch
import TestSupport
import Testing

@testable import VDPA

@Suite("calls that the kernel may not let go of", .endsTheHung)
struct KernelCallsTests {
    @Test("answers and errors come through")
    func answers() async throws {
        let calls = KernelCalls(concurrentMax: 1)
        for number in 0..<3 {
            #expect(try await calls.run("ask", timeoutMS: 60_000) { () in number } == number)
            await #expect(throws: VDPAError.noDevice("x")) {
                try await calls.run("ask", timeoutMS: 60_000) { () throws(VDPAError) -> Int in
                    throw .noDevice("x")
                }
            }
        }
    }

    @Test("a call that hangs is given up, and its place is taken until it ends")
    func hanging() async throws {
        let calls = KernelCalls(concurrentMax: 2)
        let gate = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            await #expect(throws: VDPAError.timedOut(operation: "hang")) {
                try await calls.run("hang", timeoutMS: 1) { () in gate.wait() }
            }
        }
        await #expect(throws: VDPAError.timedOut(operation: "ask")) {
            try await calls.run("ask", timeoutMS: 60_000) { () in 1 }
        }
        gate.signal()
        gate.signal()
        // They end a moment after they are let go.
        try await awaiting("a free place") { () async -> Int? in
            try? await calls.run("ask", timeoutMS: 60_000) { () in 1 }
        } until: {
            $0 == 1
        }
    }
}
