import AgentProtocol
import ComputeModel
import HostAgent
import Logging
import SimulatedDrivers
import TestSupport
import Testing

/// A control plane that only counts who has come, and answers polls with nothing.
private final class Reception: Sendable {
    private let reports = Watched<[String: Int]>([:])

    func note(_ name: String) { reports.change { $0[name, default: 0] += 1 } }

    /// Waits until so many hosts have reported.
    func wait(for count: Int, line: Int = #line) async throws {
        try await awaiting(
            "reports of \(count) hosts", in: reports.states(), line: line
        ) {
            "\($0.count): \($0.keys.sorted())"
        } where: {
            $0.count >= count
        }
    }
}

private struct ReceptionLink: ControlPlaneLink {
    let reception: Reception
    let name: String

    func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome {
        AgentWelcome(
            hostID: HostID("id-\(hello.hostName)"), pollTimeoutMS: 1000, hostDownAfterMS: 3000)
    }

    func reportHost(_ report: HostReport) async throws(AgentLinkError) { reception.note(name) }

    func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch {
        if revision == 1 {
            do { try await Gate().pass() } catch { throw .unreachable("cancelled") }
        }
        return AssignmentBatch(revision: 1, assignments: [], questions: [])
    }

    func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError) {}
    func answer(_ answer: HostAnswer) async throws(AgentLinkError) {}
    func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {}
    func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {}
}

@Suite(.bounded) struct SimulatedFleetTests {
    private func fleet(_ count: Int, _ reception: Reception) -> SimulatedFleet {
        SimulatedFleet(
            .standard(hosts: count), agentVersion: "1",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { ReceptionLink(reception: reception, name: $0.name) }
    }

    @Test func hundredsOfHostsComeAtOnce() async throws {
        let reception = Reception()
        let fleet = fleet(300, reception)
        await fleet.start()
        try await reception.wait(for: 300)
        await fleet.stop()
    }

    @Test func agentsComeAndGo() async throws {
        let reception = Reception()
        let fleet = fleet(3, reception)
        await fleet.start()
        try await reception.wait(for: 3)
        try await fleet.stopAgent("sim-2")
        #expect(await fleet.namesOfRunningAgents == ["sim-1", "sim-3"])
        try await fleet.startAgent("sim-2")
        try await fleet.killAgent("sim-1")
        #expect(await fleet.namesOfRunningAgents == ["sim-2", "sim-3"])
        await #expect(throws: FleetError.unknownHost("sim-4")) {
            try await fleet.startAgent("sim-4")
        }
        #expect(try fleet.host(named: "sim-3").spec.cpus == 64)
        await fleet.stop()
        #expect(await fleet.namesOfRunningAgents == [])
    }

    @Test func runsUntilItIsCancelled() async throws {
        let reception = Reception()
        let fleet = fleet(2, reception)
        let run = Task { await fleet.run() }
        try await reception.wait(for: 2)
        run.cancel()
        await run.value
        #expect(await fleet.namesOfRunningAgents == [])
    }
}
