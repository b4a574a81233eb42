internal import Synchronization

/// What is being read just now: written by the thread that reads, for whoever gives up on it.
public final class ReadingNote: Sendable {
    private let text = Mutex("nothing yet")

    /// Nothing is being read yet.
    public init() {}

    /// `what` is read from now on, such as a path, or a question and its device.
    public func begin(_ what: String) { text.withLock { $0 = what } }

    /// What was begun last.
    public var current: String { text.withLock(\.self) }
}
