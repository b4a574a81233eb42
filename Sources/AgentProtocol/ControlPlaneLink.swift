import ComputeModel

/// The agent's side of the contract between a compute host and the control plane. The HTTPS form
/// and the in-process form (for simulated hosts) behave alike; the control plane's own end is the
/// same protocol, so nothing above it knows which is used.
///
/// Every call is safe to repeat. The host is known by the link (its certificate), never by what
/// the messages say.
public protocol ControlPlaneLink: Sendable {
    /// Says hello: who the host is. Answers the host's id and the times the agent must keep.
    func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome

    /// Hands in what the host is made of; again whenever that changes.
    func reportHost(_ report: HostReport) async throws(AgentLinkError)

    /// Waits until something for this host is newer than `revision` or `timeoutMS` has passed, and
    /// answers all its assignments. Counts as the host's heartbeat.
    func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch

    /// Hands in what became of guests. An acknowledged report is durable.
    func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError)

    /// Answers a question that came with a batch.
    func answer(_ answer: HostAnswer) async throws(AgentLinkError)

    /// Streams an image's bytes to `receive`, in order, in chunks of at most 1 MiB.
    func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError)

    /// Stores the data of an image that an assignment of this host wants as a copy
    /// (`Assignment.export`). `next` gives chunks of at most 1 MiB in order, and nil at the end.
    /// Repeated for an image that has its data, nothing changes.
    func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError)
}

/// What an agent says first.
public struct AgentHello: Codable, Sendable {
    /// Version of this contract that the agent speaks.
    public var protocolVersion: Int
    /// The agent's program version.
    public var agentVersion: String
    /// The host's name.
    public var hostName: String
    /// Zone of a host that joins; ignored when it is known.
    public var zone: String

    /// A greeting; see the fields.
    public init(protocolVersion: Int, agentVersion: String, hostName: String, zone: String) {
        self.protocolVersion = protocolVersion
        self.agentVersion = agentVersion
        self.hostName = hostName
        self.zone = zone
    }
}

/// The control plane's answer to a greeting.
public struct AgentWelcome: Codable, Sendable {
    /// The host's id.
    public var hostID: HostID
    /// How long a poll may be held.
    public var pollTimeoutMS: Int
    /// The host counts as down when nothing was heard for so long.
    public var hostDownAfterMS: Int

    /// An answer; see the fields.
    public init(hostID: HostID, pollTimeoutMS: Int, hostDownAfterMS: Int) {
        self.hostID = hostID
        self.pollTimeoutMS = pollTimeoutMS
        self.hostDownAfterMS = hostDownAfterMS
    }
}

/// Everything a host should know now.
public struct AssignmentBatch: Codable, Sendable {
    /// Pass this as `after` to wait for the next change.
    public var revision: Int64
    /// All assignments of the host, those to be made absent included. A guest of ours that is on
    /// the host and not in this list is an orphan and must be destroyed.
    public var assignments: [Assignment]
    /// Questions to be answered once each.
    public var questions: [HostQuestion]

    /// A batch; see the fields.
    public init(revision: Int64, assignments: [Assignment], questions: [HostQuestion]) {
        self.revision = revision
        self.assignments = assignments
        self.questions = questions
    }
}

/// A question to a host; asked at most once, lost without harm.
public struct HostQuestion: Codable, Sendable {
    /// Names the question in its answer.
    public var id: String
    /// The guest it is about.
    public var instanceID: InstanceID
    /// The last so many bytes of its console log are wanted.
    public var consoleTailBytes: Int
    /// Instead, what the host has of all guests is wanted; nil means no.
    public var wantsInventory: Bool?

    /// Asks for the end of a console log.
    public init(id: String, instanceID: InstanceID, consoleTailBytes: Int) {
        self.id = id
        self.instanceID = instanceID
        self.consoleTailBytes = consoleTailBytes
    }

    /// Asks for what the host has of all guests.
    public init(inventoryAs id: String) {
        self.init(id: id, instanceID: InstanceID(""), consoleTailBytes: 0)
        wantsInventory = true
    }
}

/// The answer to a `HostQuestion`.
public struct HostAnswer: Codable, Sendable {
    /// The question.
    public var id: String
    /// The text asked for; nil when there is none.
    public var text: String?
    /// The inventory, where that was asked for.
    public var inventory: HostInventory?
    /// Why there is none, for operators.
    public var problem: String?

    /// An answer; see the fields.
    public init(id: String, text: String?, problem: String? = nil) {
        self.id = id
        self.text = text
        self.problem = problem
    }
}

/// Version of the contract in this build.
public let agentProtocolVersion = 1

/// What can go wrong on the link. Agents repeat everything but `refused`.
public enum AgentLinkError: Error, Sendable, CustomStringConvertible {
    /// The control plane doesn't answer, or the connection broke.
    case unreachable(String)
    /// The control plane understood and said no; repeating won't help.
    case refused(String)
    /// The answer made no sense.
    case garbled(String)
    /// The end of a stream that the caller gave failed: what receives (disk full, cancelled), or
    /// what the bytes come from.
    case receiverFailed(String)

    /// One sentence for operators.
    public var description: String {
        switch self {
        case .unreachable(let why): "The control plane can't be reached: \(why)"
        case .refused(let why): "The control plane refused: \(why)"
        case .garbled(let why): "The control plane's answer can't be read: \(why)"
        case .receiverFailed(let why): "The caller's end of the stream failed: \(why)"
        }
    }
}
