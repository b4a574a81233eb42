import AgentProtocol
import ComputeModel
import ControlPlaneState
import Foundation
import ImageStore
import Logging
import Persistence

/// The control plane's end of the link to one host. The host's name comes from its certificate
/// (or from the process itself, for simulated hosts), never from a message.
public struct HostLink: ControlPlaneLink {
    private let hostName: String
    private let context: ConductorContext
    private let hub: HostHub

    /// The end that serves the host called `hostName`.
    public init(hostName: String, context: ConductorContext, hub: HostHub) {
        self.hostName = hostName
        self.context = context
        self.hub = hub
    }

    /// See `ControlPlaneLink`. A host that is not known yet joins.
    public func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome {
        guard hello.protocolVersion == agentProtocolVersion else {
            throw .refused(
                "the agent of \(hostName) speaks version \(hello.protocolVersion) of the agent"
                    + " protocol, this server version \(agentProtocolVersion): install the same"
                    + " release on both")
        }
        guard hello.hostName == hostName else {
            throw .refused(
                "the agent says that its host is '\(hello.hostName)', its certificate is for"
                    + " '\(hostName)'")
        }
        let id = try await storing { try await join(hello) }
        hub.liveness.heard(id)
        return AgentWelcome(
            hostID: id, pollTimeoutMS: context.settings.pollTimeout.milliseconds,
            hostDownAfterMS: context.settings.hostDownAfter.milliseconds)
    }

    /// See `ControlPlaneLink`.
    public func reportHost(_ report: HostReport) async throws(AgentLinkError) {
        let id = try hostID()
        guard report.hostID == id else { throw .refused("the report is about another host") }
        hub.liveness.heard(id)
        try await storing {
            try await context.documents.transact { try $0.put(report) }
        }
    }

    /// See `ControlPlaneLink`.
    public func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch {
        let id = try hostID()
        hub.liveness.heard(id)
        let bound = min(timeoutMS, context.settings.pollTimeout.milliseconds)
        await hub.board.wait(
            id, after: revision, timeout: .milliseconds(max(0, bound)), clock: context.clock)
        hub.liveness.heard(id)
        // The revision is read first: a change in between is then told again, not missed.
        let now = hub.board.revision(id)
        let questions = hub.board.takeQuestions(id)
        let assignments = try await storing {
            try context.documents.list(Assignment.self, prefix: Assignment.keys(of: id)).map(
                \.value)
        }
        return AssignmentBatch(revision: now, assignments: assignments, questions: questions)
    }

    /// See `ControlPlaneLink`.
    public func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError) {
        let id = try hostID()
        hub.liveness.heard(id)
        let own = reports.filter { $0.hostID == id }
        guard own.count == reports.count else {
            throw .refused("a report is about a guest of another host")
        }
        try await storing { try await hub.guestReports.receive(own) }
    }

    /// See `ControlPlaneLink`.
    public func answer(_ answer: HostAnswer) async throws(AgentLinkError) {
        hub.liveness.heard(try hostID())
        hub.questions.settle(answer.id, answer)
    }

    /// See `ControlPlaneLink`. Hosts may only fetch images of instances assigned to them.
    public func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        let id = try hostID()
        let assigned = try await storing {
            try context.documents.list(Assignment.self, prefix: Assignment.keys(of: id))
                .contains { $0.value.guest.image.id == image }
        }
        guard assigned else {
            throw .refused("image \(image) belongs to no instance of host \(hostName)")
        }
        let chunks: ImageChunks
        do {
            chunks = try await hub.images.files.open(image)
        } catch {
            throw .refused("image \(image) has no data here")
        }
        do {
            for try await chunk in chunks { try await receive(chunk) }
        } catch {
            throw .receiverFailed("\(error)")
        }
    }

    /// See `ControlPlaneLink`. Hosts may only store what one of their assignments asks for.
    public func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {
        let id = try hostID()
        hub.liveness.heard(id)
        let isWanted = try await storing {
            try context.documents.list(Assignment.self, prefix: Assignment.keys(of: id))
                .contains { $0.value.export?.imageID == image }
        }
        guard isWanted else {
            throw .refused("no copy is wanted of host \(hostName) as image \(image)")
        }
        do {
            try await hub.images.storeCopy(
                image, sizeBytes: sizeBytes, AsyncThrowingStream(unfolding: next))
        } catch let error as DomainError {
            switch error {
            // Another attempt is still ending, or the disk is full: both may pass.
            case .conflict, .unavailable, .tooLarge, .internalFailure:
                throw .unreachable("\(error)")
            default: throw .refused("\(error)")
            }
        } catch {
            throw .unreachable("\(error)")
        }
    }

    private func hostID() throws(AgentLinkError) -> HostID {
        do {
            let key = Reservation.key(kind: "host-name", scope: "all", value: hostName)
            guard let name = try context.documents.get(Reservation.self, key) else {
                throw AgentLinkError.refused("host '\(hostName)' has not said hello yet")
            }
            return HostID(name.value.holder)
        } catch let error as AgentLinkError {
            throw error
        } catch {
            throw .unreachable("\(error)")
        }
    }

    private func join(_ hello: AgentHello) async throws -> HostID {
        let key = Reservation.key(kind: "host-name", scope: "all", value: hostName)
        if let known = try context.documents.get(Reservation.self, key) {
            return HostID(known.value.holder)
        }
        let id = HostID(uuid: context.makeUUID())
        let zone = hello.zone.isEmpty ? context.settings.defaultZone : hello.zone
        let host = ComputeHost(id: id, name: hostName, zone: zone, createdAt: context.now())
        try await context.documents.transact { transaction in
            try transaction.insert(
                Reservation(kind: "host-name", scope: "all", value: hostName, holder: id.text))
            try transaction.insert(host)
            try transaction.insert(HostLedger(hostID: id))
        }
        context.logger.notice(
            "a compute host joined", metadata: ["host": "\(hostName)", "id": "\(id)"])
        return id
    }

    /// Runs `body`; failures of the store look to the agent like a server that is away, so that
    /// it tries again.
    private func storing<Result: Sendable>(
        _ body: () async throws -> Result
    ) async throws(AgentLinkError) -> Result {
        do {
            return try await body()
        } catch let error as AgentLinkError {
            throw error
        } catch {
            context.logger.error(
                "serving a host failed", metadata: ["host": "\(hostName)", "cause": "\(error)"])
            throw .unreachable("the server could not store or read its state")
        }
    }
}

/// What all links share.
public struct HostHub: Sendable {
    /// Who was heard of when.
    public let liveness: HostLiveness
    /// Wakes polls.
    public let board: AssignmentBoard
    /// Questions under way.
    public let questions: HostQuestions
    /// Takes in what agents say of guests.
    public let guestReports: GuestReports
    /// Images that hosts read and store.
    public let images: Images
}

extension Duration {
    /// Whole milliseconds, for the wire.
    var milliseconds: Int {
        Int(components.seconds) * 1_000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
