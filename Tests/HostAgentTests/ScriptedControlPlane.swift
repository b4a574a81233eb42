import AgentProtocol
import ComputeModel
import TestSupport
import Testing

/// The control plane's end of the link, played by a test.
final class ScriptedControlPlane: Sendable {
    struct State: Sendable {
        var revision: Int64 = 10
        var assignments: [Assignment] = []
        var questions: [HostQuestion] = []
        var hostID = HostID("host-id")
        var problem: AgentLinkError?
        var imageIsStalled = false
        var imageProblem: AgentLinkError?
        var hellos = 0
        var polls = 0
        var hostReports: [HostReport] = []
        var reports: [GuestReport] = []
        var answers: [HostAnswer] = []
        var imageBytesSent = 0
        var cancelledFetches = 0
        /// Copies of disks that were stored, whole.
        var stored: [ImageID: [UInt8]] = [:]
        var storeProblem: AgentLinkError?
        var storeIsStalled = false
        var storesBegun = 0

        func latest(_ instance: InstanceID) -> GuestReport? {
            reports.last { $0.instanceID == instance }
        }

        /// What a wait that gave up found.
        var story: String {
            let wanted = assignments.map { "\($0.instanceID) \($0.goal) \($0.generation)" }
            let heard = reports.suffix(8).map { report in
                "\(report.instanceID) \(report.phase) \(report.generation) \(report.power)"
                    + " '\(report.detail)' \(report.failure ?? "")"
            }
            return """
                revision \(revision), assigned \(wanted), problem \(String(describing: problem)), \
                \(hellos) hellos, \(polls) polls, \(hostReports.count) host reports with at last \
                \(hostReports.last?.conditions.map(\.code) ?? []), \(answers.count) answers, \
                image bytes sent \(imageBytesSent), stores begun \(storesBegun), last reports \
                \(heard)
                """
        }
    }

    private let watched = Watched(State())

    var state: State { watched.state }

    @discardableResult
    func change<Answer: Sendable>(_ body: (inout State) -> Answer) -> Answer {
        watched.change(body)
    }

    /// Assigns and makes a new revision of it.
    func assign(_ assignments: Assignment...) {
        change { state in
            state.assignments = assignments
            state.revision += 1
        }
    }

    /// For the link: the first state that fulfils `condition`.
    fileprivate func next(
        where condition: (State) -> Bool
    ) async throws(AgentLinkError) -> State {
        do { return try await watched.next(where: condition) } catch {
            throw .unreachable("cancelled")
        }
    }

    /// For the test: the first state that fulfils `condition`, which is `what`.
    @discardableResult
    func awaiting(
        _ what: String, file: String = #fileID, line: Int = #line,
        where condition: @escaping @Sendable (State) -> Bool
    ) async throws -> State {
        try await TestSupport.awaiting(
            what, in: watched.states(), file: file, line: line, describe: \.story,
            where: condition)
    }

    /// Waits for a report of this phase that answers `generation`.
    @discardableResult
    func report(
        _ phase: GuestPhase, generation: Int = 1, power: GuestPower? = nil,
        of instance: InstanceID = Fixture.instance, file: String = #fileID, line: Int = #line
    ) async throws -> GuestReport {
        let what =
            "a report of \(instance): \(phase), generation \(generation)"
            + (power.map { ", \($0)" } ?? "")
        let state = try await awaiting(what, file: file, line: line) { state in
            guard let latest = state.latest(instance) else { return false }
            return latest.phase == phase && latest.generation == generation
                && (power == nil || latest.power == power)
        }
        return try #require(state.latest(instance))
    }

    /// A link that works while `isAlive` says so.
    func link(isAlive: @escaping @Sendable () -> Bool = { true }) -> ScriptedLink {
        ScriptedLink(plane: self, isAlive: isAlive)
    }
}

struct ScriptedLink: ControlPlaneLink {
    let plane: ScriptedControlPlane
    let isAlive: @Sendable () -> Bool

    private func check() throws(AgentLinkError) {
        guard isAlive(), !Task.isCancelled else { throw .unreachable("the agent is dead") }
        if let problem = plane.state.problem { throw problem }
    }

    func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome {
        plane.change { $0.hellos += 1 }
        try check()
        return AgentWelcome(
            hostID: plane.state.hostID, pollTimeoutMS: 60_000, hostDownAfterMS: 90_000)
    }

    func reportHost(_ report: HostReport) async throws(AgentLinkError) {
        try check()
        plane.change { $0.hostReports.append(report) }
    }

    func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch {
        plane.change { $0.polls += 1 }
        try check()
        _ = try await plane.next {
            $0.revision > revision || !$0.questions.isEmpty || $0.problem != nil
        }
        try check()
        return plane.change { state in
            defer { state.questions = [] }
            return AssignmentBatch(
                revision: state.revision, assignments: state.assignments,
                questions: state.questions)
        }
    }

    func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError) {
        try check()
        plane.change { $0.reports += reports }
    }

    func answer(_ answer: HostAnswer) async throws(AgentLinkError) {
        try check()
        plane.change { $0.answers.append(answer) }
    }

    func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        try check()
        if let problem = plane.state.imageProblem { throw problem }
        if let stored = plane.state.stored[image] {
            do { try await receive(stored) } catch { throw .receiverFailed("\(error)") }
            return
        }
        let chunk = [UInt8](repeating: 0, count: Fixture.imageBytes / 4)
        for part in 0..<4 {
            if part == 2 { try await untilTheImageFlows() }
            do { try await receive(chunk) } catch { throw .receiverFailed("\(error)") }
            plane.change { $0.imageBytesSent += chunk.count }
        }
    }

    private func untilTheImageFlows() async throws(AgentLinkError) {
        do {
            _ = try await plane.next { !$0.imageIsStalled }
        } catch {
            plane.change { $0.cancelledFetches += 1 }
            throw error
        }
    }

    func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {
        try check()
        plane.change { $0.storesBegun += 1 }
        if let problem = plane.state.storeProblem { throw problem }
        var bytes: [UInt8] = []
        do {
            while let chunk = try await next() { bytes += chunk }
        } catch { throw .receiverFailed("\(error)") }
        _ = try await plane.next { !$0.storeIsStalled }
        try check()
        guard bytes.count == sizeBytes else { throw .refused("the size is wrong") }
        plane.change { [bytes] in $0.stored[image] = bytes }
    }
}
