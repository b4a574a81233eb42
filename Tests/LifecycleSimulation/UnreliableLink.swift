import AgentProtocol
import ComputeModel
import Conductor
import Synchronization

/// The network between hosts and the server: loses, delays, repeats and reorders messages.
final class UnreliableNetwork: Sendable {
    /// What becomes of one message.
    struct Fate: Sendable {
        var delay: Duration
        var answerDelay: Duration
        var isRequestLost = false
        var isAnswerLost = false
        /// It arrives once more, so much later.
        var repeatedAfter: Duration?
    }

    private struct State {
        var isFaulty = false
        var cutOff: Set<String> = []
        /// Messages that will still arrive.
        var underWay = 0
    }

    private let chance: Chance
    private let log: EventLog
    private let state = Mutex(State())

    init(chance: Chance, log: EventLog) {
        self.chance = chance
        self.log = log
    }

    func setFaulty(_ isFaulty: Bool) { state.withLock { $0.isFaulty = isFaulty } }

    /// Nothing goes to or from the host until it is connected again.
    func cutOff(_ hostName: String, _ isCutOff: Bool) {
        state.withLock { state in
            if isCutOff {
                state.cutOff.insert(hostName)
            } else {
                state.cutOff.remove(hostName)
            }
        }
    }

    func isCutOff(_ hostName: String) -> Bool {
        state.withLock { $0.cutOff.contains(hostName) }
    }

    var underWay: Int { state.withLock(\.underWay) }

    func begin() { state.withLock { $0.underWay += 1 } }
    func end() { state.withLock { $0.underWay -= 1 } }

    func fate(_ message: String, _ hostName: String) -> Fate {
        var fate = Fate(
            delay: chance.duration(0.000_1...0.01), answerDelay: chance.duration(0.000_1...0.01))
        guard state.withLock(\.isFaulty) else { return fate }
        if chance.happens(0.1) { fate.delay = chance.duration(0.01...3) }
        if chance.happens(0.05) { fate.answerDelay = chance.duration(0.01...3) }
        fate.isRequestLost = chance.happens(0.03)
        fate.isAnswerLost = chance.happens(0.03)
        if message.hasPrefix("report"), chance.happens(0.05) {
            fate.repeatedAfter = chance.duration(0...10)
            log.count("network repeated")
        }
        if fate.isRequestLost || fate.isAnswerLost { log.count("network lost") }
        return fate
    }
}

/// An agent's link over an unreliable network to whichever server runs now.
struct UnreliableLink: ControlPlaneLink {
    let server: SimulatedServer
    let network: UnreliableNetwork
    let log: EventLog
    let hostName: String

    func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome {
        try await send("hello") { link async throws(AgentLinkError) in try await link.hello(hello) }
    }

    func reportHost(_ report: HostReport) async throws(AgentLinkError) {
        try await send("reportHost") { link async throws(AgentLinkError) in
            try await link.reportHost(report)
        }
    }

    func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch {
        try await send("assignments") { link async throws(AgentLinkError) in
            try await link.assignments(after: revision, timeoutMS: timeoutMS)
        }
    }

    func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError) {
        for report in reports {
            log.note(
                "\(hostName) says \(report.instanceID) g\(report.generation)"
                    + " \(report.phase.rawValue) \(report.power) \(report.detail)")
        }
        try await send("reportGuests") { link async throws(AgentLinkError) in
            try await link.reportGuests(reports)
        }
    }

    func answer(_ answer: HostAnswer) async throws(AgentLinkError) {
        try await send("answer") { link async throws(AgentLinkError) in
            try await link.answer(answer)
        }
    }

    func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        let number = server.process?.number ?? 0
        let (server, network, hostName) = (server, network, hostName)
        try await server.serve(hostName) { link async throws(AgentLinkError) in
            try await link.fetchImage(image) { chunk in
                guard server.isAlive(number), !network.isCutOff(hostName) else {
                    throw AgentLinkError.unreachable("the connection broke")
                }
                try await receive(chunk)
            }
        }
    }

    func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {
        let number = server.process?.number ?? 0
        let (server, network, hostName) = (server, network, hostName)
        try await server.serve(hostName) { link async throws(AgentLinkError) in
            try await link.storeImage(image, sizeBytes: sizeBytes) {
                guard server.isAlive(number), !network.isCutOff(hostName) else {
                    throw AgentLinkError.unreachable("the connection broke")
                }
                return try await next()
            }
        }
    }

    // MARK: One message

    private func send<Answer: Sendable>(
        _ message: String,
        _ call: @escaping @Sendable (HostLink) async throws(AgentLinkError) -> Answer
    ) async throws(AgentLinkError) -> Answer {
        let fate = network.fate(message, hostName)
        try await pass(fate.delay)
        if fate.isRequestLost { throw .unreachable("the request was lost") }
        if let later = fate.repeatedAfter { repeated(message, call, after: later) }
        let answer = try await server.serve(hostName, call)
        try await pass(fate.answerDelay)
        if fate.isAnswerLost { throw .unreachable("the answer was lost") }
        return answer
    }

    private func pass(_ delay: Duration) async throws(AgentLinkError) {
        do { try await server.clock.sleep(for: delay) } catch {
            throw .unreachable("cancelled")
        }
        if network.isCutOff(hostName) { throw .unreachable("the host is cut off") }
    }

    /// The message arrives a second time; nobody hears the answer.
    private func repeated<Answer: Sendable>(
        _ message: String,
        _ call: @escaping @Sendable (HostLink) async throws(AgentLinkError) -> Answer,
        after delay: Duration
    ) {
        network.begin()
        Task.detached { [self] in
            defer { network.end() }
            do {
                try await server.clock.sleep(for: delay)
                _ = try await server.serve(hostName, call)
                log.note("\(hostName) \(message) arrived again")
            } catch {
                log.note("\(hostName) \(message) was repeated in vain")
            }
        }
    }
}
