import AgentProtocol
import ComputeModel
import HostAgent
import Logging
import SimulatedDrivers
import Synchronization
import Testing

/// A control plane that only counts who has come, and answers polls with nothing.
private final class Reception: Sendable {
    private let reported = Mutex<[String: Int]>([:])
    private let arrivals: AsyncStream<Int>
    private let continuation: AsyncStream<Int>.Continuation

    init() {
        (arrivals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func note(_ name: String) {
        let count = reported.withLock { reported in
            reported[name, default: 0] += 1
            return reported.count
        }
        continuation.yield(count)
    }

    func reports(of name: String) -> Int { reported.withLock { $0[name] ?? 0 } }

    func wait(for count: Int) async {
        for await seen in arrivals where seen >= count { return }
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
            let (stream, continuation) = AsyncStream<Never>.makeStream()
            for await _ in stream {}
            continuation.finish()
            throw .unreachable("cancelled")
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

@Suite(.timeLimit(.minutes(1))) struct SimulatedFleetTests {
    private func fleet(_ count: Int, _ reception: Reception) -> SimulatedFleet {
        SimulatedFleet(
            .standard(hosts: count), agentVersion: "1",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { ReceptionLink(reception: reception, name: $0.name) }
    }

    @Test func hundredsOfHostsComeAtOnce() async {
        let reception = Reception()
        let fleet = fleet(300, reception)
        await fleet.start()
        await reception.wait(for: 300)
        await fleet.stop()
    }

    @Test func agentsComeAndGo() async throws {
        let reception = Reception()
        let fleet = fleet(3, reception)
        await fleet.start()
        await reception.wait(for: 3)
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

    @Test func runsUntilItIsCancelled() async {
        let reception = Reception()
        let fleet = fleet(2, reception)
        let run = Task { await fleet.run() }
        await reception.wait(for: 2)
        run.cancel()
        await run.value
        #expect(await fleet.namesOfRunningAgents == [])
    }
}
