import AgentProtocol
import ComputeModel
import Persistence
import Synchronization

@testable import Conductor

/// Agents that die as they tell of their guests.
final class ReportDeaths: Sendable {
    /// When an agent dies.
    enum Moment: Sendable, CaseIterable {
        /// Nothing of the message has left the host.
        case before
        /// The server has taken the message; the agent doesn't know.
        case after
    }

    private struct Due {
        var number: Int
        let moment: Moment
    }

    private let due = Mutex<[String: Due]>([:])
    private let kill: Mutex<@Sendable (String) -> Void> = Mutex({ _ in })

    /// Agents are killed by this.
    func onDeath(_ kill: @escaping @Sendable (String) -> Void) {
        self.kill.withLock { $0 = kill }
    }

    /// The `number`-th message from now on, counted from 1, is the agent's last.
    func set(_ moment: Moment, at number: Int, of hostName: String) {
        due.withLock { $0[hostName] = Due(number: number, moment: moment) }
    }

    /// Whoever has not died lives. False: the agent is dead, or about to be.
    func cancel(of hostName: String) -> Bool {
        due.withLock { $0.removeValue(forKey: hostName) != nil }
    }

    /// What becomes of the next message.
    fileprivate func next(of hostName: String) -> Moment? {
        due.withLock { due in
            guard let found = due[hostName] else { return nil }
            due[hostName]?.number -= 1
            guard found.number <= 1 else { return nil }
            due[hostName] = nil
            return found.moment
        }
    }

    fileprivate func die(_ hostName: String) { kill.withLock { $0 }(hostName) }
}

/// The link of one run of an agent to whichever server runs now.
final class TestServerLink: ControlPlaneLink {
    private let server: TestServer
    private let hostName: String
    private let deaths: ReportDeaths
    private let isDead = Atomic(false)

    init(_ server: TestServer, _ hostName: String, _ deaths: ReportDeaths) {
        self.server = server
        self.hostName = hostName
        self.deaths = deaths
    }

    private func live() throws(AgentLinkError) -> HostLink {
        guard !isDead.load(ordering: .relaxed) else { throw .unreachable("the agent was killed") }
        return try server.link(hostName)
    }

    private func die() -> AgentLinkError {
        isDead.store(true, ordering: .relaxed)
        deaths.die(hostName)
        return .unreachable("the agent was killed")
    }

    func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome {
        try await live().hello(hello)
    }

    func reportHost(_ report: HostReport) async throws(AgentLinkError) {
        try await live().reportHost(report)
    }

    func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch {
        let batch = try await live().assignments(after: revision, timeoutMS: timeoutMS)
        // Whoever died while the poll was held can't answer it.
        _ = try live()
        return batch
    }

    func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError) {
        let moment = deaths.next(of: hostName)
        if moment == .before { throw die() }
        try await live().reportGuests(reports)
        if moment == .after { throw die() }
    }

    func answer(_ answer: HostAnswer) async throws(AgentLinkError) {
        try await live().answer(answer)
    }

    func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        try await live().fetchImage(image, receive: receive)
    }

    func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {
        try await live().storeImage(image, sizeBytes: sizeBytes, next: next)
    }
}
