import AgentProtocol
import ComputeModel
import Foundation
import Synchronization

/// The control plane's end as a test wants it: remembers what it was told and by whom, and answers
/// from a script.
final class ScriptedLink: ControlPlaneLink {
    /// What every host of a test shares.
    final class Script: Sendable {
        struct State {
            var heard: [(host: String, what: String)] = []
            var reports: [HostReport] = []
            var guests: [GuestReport] = []
            var answers: [HostAnswer] = []
            var polls: [(after: Int64, timeoutMS: Int)] = []
            var failure: AgentLinkError?
            var batch = AssignmentBatch(revision: 0, assignments: [], questions: [])
            /// Polls are held until they are cancelled, instead of answered.
            var holdsPolls = false
        }
        let state = Mutex(State())
        /// Tells of polls that are held, and of those that were cancelled.
        let pollsHeld = Signal()
        let pollsCancelled = Signal()
        let image = ScriptedImage()
        let store = ScriptedStore()

        var hosts: [String] { state.withLock { $0.heard.map(\.host) } }
        var calls: [String] { state.withLock { $0.heard.map(\.what) } }
    }

    private let host: String
    private let script: Script

    init(host: String, script: Script) {
        self.host = host
        self.script = script
    }

    private func hear(_ what: String) throws(AgentLinkError) {
        let failure = script.state.withLock { state in
            state.heard.append((host, what))
            return state.failure
        }
        if let failure { throw failure }
    }

    func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome {
        try hear("hello \(hello.zone)")
        return AgentWelcome(
            hostID: HostID("id-of-" + hello.hostName), pollTimeoutMS: 20_000,
            hostDownAfterMS: 60_000)
    }

    func reportHost(_ report: HostReport) async throws(AgentLinkError) {
        try hear("host-report")
        script.state.withLock { $0.reports.append(report) }
    }

    func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch {
        try hear("assignments")
        let (holds, batch) = script.state.withLock { state in
            state.polls.append((revision, timeoutMS))
            return (state.holdsPolls, state.batch)
        }
        guard holds else { return batch }
        let forEver = Signal()
        script.pollsHeld.fire()
        await forEver.wait()
        script.pollsCancelled.fire()
        return batch
    }

    func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError) {
        try hear("guest-reports")
        script.state.withLock { $0.guests += reports }
    }

    func answer(_ answer: HostAnswer) async throws(AgentLinkError) {
        try hear("answer")
        script.state.withLock { $0.answers.append(answer) }
    }

    func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        try hear("image \(image)")
        try await script.image.send(receive)
    }

    func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {
        try hear("store \(image) \(sizeBytes)")
        try await script.store.take(next)
    }
}

/// Something that happens; waiting for it ends when it has happened or the waiter is cancelled.
final class Signal: Sendable {
    private let (stream, source) = AsyncStream<Void>.makeStream()

    func fire() { source.yield() }

    /// Takes one firing, past or future.
    func wait() async {
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
    }
}

/// Makes an image's chunks as they are asked for, and knows how far ahead of the receiver it is.
final class ScriptedImage: Sendable {
    struct State {
        var chunks = 0
        var chunkBytes = 0
        var failure: (after: Int, error: AgentLinkError)?
        var sent = 0
        var received = 0
        var aheadMax = 0
        var fetches = 0
    }
    let state = Mutex(State())
    /// Fires when a fetch ended because its receiver failed.
    let stopped = Signal()

    /// One chunk: no two neighbours are alike, nor a chunk's end and its rest.
    static func chunk(_ index: Int, bytes: Int) -> [UInt8] {
        var chunk = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: bytes)
        if bytes > 0 { chunk[bytes - 1] ^= 0xFF }
        return chunk
    }

    func send(
        _ receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        let plan = state.withLock { state in
            state.fetches += 1
            state.sent = 0
            return state
        }
        for index in 0..<plan.chunks {
            if let failure = plan.failure, failure.after == index { throw failure.error }
            let chunk = Self.chunk(index, bytes: plan.chunkBytes)
            do { try await receive(chunk) } catch {
                stopped.fire()
                throw .receiverFailed("\(error)")
            }
            state.withLock { state in
                state.sent += chunk.count
                state.aheadMax = max(state.aheadMax, state.sent - state.received)
            }
        }
        if let failure = plan.failure, failure.after >= plan.chunks { throw failure.error }
    }
}

/// Takes an image's chunks, and knows how far ahead of it the sender is.
final class ScriptedStore: Sendable {
    struct State {
        var taken: [UInt8] = []
        var takenBytes = 0
        var keepsBytes = true
        var largest = 0
        var failure: (after: Int, error: AgentLinkError)?
        var sent = 0
        var aheadMax = 0
    }
    let state = Mutex(State())
    /// Fires when a body ended early.
    let brokenOff = Signal()

    func take(_ next: @Sendable () async throws -> [UInt8]?) async throws(AgentLinkError) {
        do {
            while true {
                if let failure = state.withLock({ $0.failure }),
                    state.withLock({ $0.takenBytes }) >= failure.after
                {
                    throw failure.error
                }
                let chunk: [UInt8]?
                do { chunk = try await next() } catch {
                    brokenOff.fire()
                    throw error
                }
                guard let chunk else { return }
                state.withLock { state in
                    state.takenBytes += chunk.count
                    state.largest = max(state.largest, chunk.count)
                    state.aheadMax = max(state.aheadMax, state.sent - state.takenBytes)
                    if state.keepsBytes { state.taken += chunk }
                }
            }
        } catch let error as AgentLinkError {
            throw error
        } catch {
            throw .unreachable("\(error)")
        }
    }
}
