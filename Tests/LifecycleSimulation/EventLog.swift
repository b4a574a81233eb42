import Foundation
import Synchronization

/// What happened, in order: its digest tells two runs apart, its end explains a violation.
final class EventLog: Sendable {
    private struct State {
        var hasher = Hasher()
        var count = 0
        var last: [String] = []
        var tallies: [String: Int] = [:]
        var violations: [String] = []
    }

    /// As many of the last events are kept.
    private let kept: Int
    private let isTraced: Bool
    private let state = Mutex(State())

    init(kept: Int, isTraced: Bool) {
        self.kept = kept
        self.isTraced = isTraced
    }

    /// Notes an event.
    func note(_ event: String) {
        let time = DeterministicExecutor.shared.time
        let parts = time.components
        let milliseconds = parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
        state.withLock { state in
            state.hasher.combine(milliseconds)
            state.hasher.combine(event)
            state.count += 1
            if state.last.count >= 2 * kept { state.last.removeFirst(kept) }
            state.last.append("\(milliseconds) \(event)")
        }
        if isTraced { FileHandle.standardError.write(Data("\(milliseconds) \(event)\n".utf8)) }
    }

    /// Makes bytes part of the digest.
    func mix(_ bytes: [UInt8]) {
        state.withLock { state in
            bytes.withUnsafeBytes { state.hasher.combine(bytes: $0) }
        }
    }

    /// Counts something for the summary.
    func count(_ kind: String, by number: Int = 1) {
        state.withLock { $0.tallies[kind, default: 0] += number }
    }

    /// Notes that something is as it must never be.
    func violate(_ what: String) {
        note("VIOLATION \(what)")
        state.withLock { $0.violations.append(what) }
    }

    var violations: [String] { state.withLock(\.violations) }
    var eventCount: Int { state.withLock(\.count) }
    var lastEvents: [String] { state.withLock { Array($0.last.suffix(kept)) } }
    var digest: String {
        let value = state.withLock { $0.hasher.finalize() }
        return String(UInt64(bitPattern: Int64(value)), radix: 16)
    }

    func tally(_ kind: String) -> Int { state.withLock { $0.tallies[kind] ?? 0 } }

    /// Tallies whose name begins with `prefix`, without it, in order.
    func tallies(_ prefix: String) -> [(name: String, count: Int)] {
        state.withLock(\.tallies).filter { $0.key.hasPrefix(prefix) }
            .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
            .sorted { $0.name < $1.name }
    }
}
