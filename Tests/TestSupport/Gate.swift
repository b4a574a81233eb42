/// Shut until a test opens it, or has seen that it was opened.
public final class Gate: Sendable {
    private let isOpen = Watched(false)

    public init() {}

    public func open() { isOpen.change { $0 = true } }

    /// For what is tested: returns when the gate is open, throws when the task is cancelled.
    public func pass() async throws(CancellationError) {
        _ = try await isOpen.next { $0 }
    }

    /// For the test: returns when somebody has opened the gate, which `what` stands for.
    public func opened(
        _ what: String, file: String = #fileID, line: Int = #line
    ) async throws {
        try await awaiting(what, in: isOpen.states(), file: file, line: line) {
            $0 ? "it came" : "not yet"
        } where: {
            $0
        }
    }
}
