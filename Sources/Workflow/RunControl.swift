import Synchronization

/// How the engine reaches into a workflow that is being driven.
final class RunControl: Sendable {
    /// What is in flight and can be interrupted.
    enum Work {
        case step, undo, pause
    }

    private struct State {
        var isCancelRequested = false
        var isStopping = false
        var isInterrupted = false
        var inFlight: (work: Work, interrupt: @Sendable () -> Void)?

        /// An undo goes on when cancellation is asked for: it is what cancelling leads to. A pause
        /// ends when the engine stops; a step may still finish.
        var mustEnd: Bool {
            switch inFlight?.work {
            case .step: isInterrupted || isCancelRequested
            case .undo: isInterrupted
            case .pause: isInterrupted || isStopping
            case nil: false
            }
        }
    }

    private let state = Mutex(State())

    var isCancelRequested: Bool { state.withLock { $0.isCancelRequested } }
    /// The engine shuts down: nothing new is begun.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Tells a running step to end.
    func requestCancellation() {
        change { $0.isCancelRequested = true }
    }

    /// Nothing new begins; what is in flight may end.
    func stop() {
        change { $0.isStopping = true }
    }

    /// Ends what is in flight as well: the grace of a shutdown is over.
    func interrupt() {
        change {
            $0.isStopping = true
            $0.isInterrupted = true
        }
    }

    func begin(_ work: Work, interrupt: @escaping @Sendable () -> Void) {
        change { $0.inFlight = (work, interrupt) }
    }

    func end() {
        change { $0.inFlight = nil }
    }

    private func change(_ body: (inout State) -> Void) {
        let interrupt = state.withLock { state in
            body(&state)
            return state.mustEnd ? state.inFlight?.interrupt : nil
        }
        interrupt?()
    }
}
