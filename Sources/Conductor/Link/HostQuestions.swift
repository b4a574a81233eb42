import AgentProtocol
import ComputeModel
import Synchronization

/// Questions to hosts that wait for their answers. Agents open no port, so a question travels
/// with the answer to the host's next poll.
public final class HostQuestions: Sendable {
    private let board: AssignmentBoard
    private let context: ConductorContext
    private let waiting = Mutex<[String: CheckedContinuation<HostAnswer?, Never>]>([:])

    init(board: AssignmentBoard, context: ConductorContext) {
        self.board = board
        self.context = context
    }

    /// The last `bytes` of a guest's console log. Throws `unavailable` when the host doesn't
    /// answer in time.
    public func consoleTail(
        _ instance: InstanceID, host: HostID, bytes: Int
    ) async throws(DomainError) -> String {
        let answer = await ask(host) {
            HostQuestion(id: $0, instanceID: instance, consoleTailBytes: bytes)
        }
        guard let answer else {
            throw .unavailable("The compute host of server \(instance) doesn't answer now.")
        }
        if let problem = answer.problem {
            context.logger.warning(
                "console log not available",
                metadata: ["instance": "\(instance)", "cause": "\(problem)"])
        }
        return answer.text ?? ""
    }

    /// What the host has of all guests. Throws `unavailable` when the host doesn't answer in time,
    /// or can't list it.
    public func inventory(of host: HostID) async throws(DomainError) -> HostInventory {
        let answer = await ask(host) { HostQuestion(inventoryAs: $0) }
        guard let answer else { throw .unavailable("The host doesn't answer now.") }
        guard let inventory = answer.inventory else {
            throw .unavailable(
                "The host can't say what it has: \(answer.problem ?? "its agent is too old")")
        }
        return inventory
    }

    /// Nil when there was no answer in time.
    private func ask(_ host: HostID, _ make: (String) -> HostQuestion) async -> HostAnswer? {
        let id = context.makeUUID().uuidString
        let question = make(id)
        var timeout: Task<Void, any Error>?
        defer { timeout?.cancel() }
        return await withCheckedContinuation { continuation in
            waiting.withLock { $0[id] = continuation }
            // Begins when there is somebody to be told that it ended.
            timeout = Task {
                try await context.clock.sleep(for: context.settings.questionTimeout)
                settle(id, nil)
            }
            board.ask(host, question)
        }
    }

    /// Hands an answer to who waits for it; late ones are passed over.
    func settle(_ id: String, _ answer: HostAnswer?) {
        waiting.withLock { $0.removeValue(forKey: id) }?.resume(returning: answer)
    }
}
