import AgentProtocol
import ComputeModel
import Foundation
import Persistence
import SimulatedDrivers
import Synchronization
import Testing

@testable import Conductor

@Suite struct HostLinkTests {
    private static func hello(_ name: String, version: Int = agentProtocolVersion) -> AgentHello {
        AgentHello(
            protocolVersion: version, agentVersion: "1", hostName: name, zone: "east")
    }

    /// The reason of a refusal; nil for any other outcome.
    private static func refusal(
        _ body: () async throws(AgentLinkError) -> Void
    ) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            guard case .refused(let why) = error else { return nil }
            return why
        }
    }

    private static func report(
        _ id: InstanceID, _ host: HostID, generation: Int, phase: GuestPhase = .settled,
        power: GuestPower = .running
    ) -> GuestReport {
        GuestReport(
            instanceID: id, hostID: host, generation: generation, phase: phase, power: power,
            detail: "from the test", reportedAt: Date(timeIntervalSince1970: 1_790_000_000))
    }

    @Test func aHostJoinsOnceAndIsKnownByItsName() async throws {
        try await InstanceTestbed.run([]) { bed in
            let link = try bed.conductor.link(hostName: "new")
            let first = try await link.hello(Self.hello("new"))
            let second = try await bed.conductor.link(hostName: "new").hello(Self.hello("new"))
            #expect(first.hostID == second.hostID)
            let host = try #require(try bed.conductor.hosts.list().first)
            #expect(host.host.name == "new")
            #expect(host.host.zone == "east")
            #expect(host.isUp)
            #expect(host.report == nil)
            #expect(try bed.conductor.hosts.list().count == 1)
            #expect(first.pollTimeoutMS == 20_000)
            #expect(first.hostDownAfterMS == 86_400_000)
        }
    }

    @Test func whoIsNotWhatTheCertificateSaysIsRefused() async throws {
        try await InstanceTestbed.run([]) { bed in
            let link = try bed.conductor.link(hostName: "new")
            let name = await Self.refusal { () async throws(AgentLinkError) in
                _ = try await link.hello(Self.hello("another"))
            }
            #expect(name?.contains("'another'") == true)
            let version = await Self.refusal { () async throws(AgentLinkError) in
                _ = try await link.hello(Self.hello("new", version: 99))
            }
            #expect(version?.contains("version 99") == true)
            let early = await Self.refusal { () async throws(AgentLinkError) in
                _ = try await link.assignments(after: 0, timeoutMS: 0)
            }
            #expect(early?.contains("not said hello") == true)
            #expect(try bed.conductor.hosts.list().isEmpty)
        }
    }

    @Test func aHostSpeaksForItselfOnly() async throws {
        try await InstanceTestbed.run { bed in
            let link = try bed.conductor.link(hostName: "h1")
            let own = try bed.hostID()
            var report = try bed.documents.require(HostReport.self, own.text).value
            report.hostID = HostID("another")
            let foreign = report
            let aboutHost = await Self.refusal { () async throws(AgentLinkError) in
                try await link.reportHost(foreign)
            }
            #expect(aboutHost != nil)
            let guest = Self.report(InstanceID("i"), HostID("another"), generation: 1)
            let aboutGuest = await Self.refusal { () async throws(AgentLinkError) in
                try await link.reportGuests([guest])
            }
            #expect(aboutGuest != nil)
            #expect(try bed.documents.list(GuestReport.self).isEmpty)
            #expect(try bed.documents.list(HostReport.self).count == 1)
        }
    }

    @Test(arguments: [GuestPhase.absent, .failed, .settled, .working])
    func aReportAboutAnOlderAssignmentIsPassedOver(phase: GuestPhase) async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let host = try bed.hostID()
            try await bed.fleet.stopAgent("h1")
            let before = try bed.documents.require(Instance.self, id.text)
            let link = try bed.conductor.link(hostName: "h1")
            for generation in [0, 2, -1] {
                try await link.reportGuests([
                    Self.report(
                        id, host, generation: generation, phase: phase, power: .crashed)
                ])
            }
            #expect(try bed.documents.require(Instance.self, id.text) == before)
            #expect(try bed.claims().map(\.phase) == [.allocated])
            let stored = try bed.documents.require(GuestReport.self, GuestReport.key(host, id))
                .value
            #expect(stored.detail != "from the test")
        }
    }

    @Test func aGuestThatIsGoneUnaskedKeepsItsClaim() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let host = try bed.hostID()
            try await bed.fleet.stopAgent("h1")
            let link = try bed.conductor.link(hostName: "h1")
            let gone = Self.report(id, host, generation: 1, phase: .absent, power: .none)
            try await link.reportGuests([gone])
            #expect(try bed.claims().map(\.phase) == [.allocated])
            #expect(try bed.documents.list(Assignment.self).map(\.value.goal) == [.running])
        }
    }

    @Test func aGuestThatCouldNotBeStartedIsOff() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            try await bed.fleet.stopAgent("h1")
            let host = try bed.hostID()
            let link = try bed.conductor.link(hostName: "h1")
            try await link.reportGuests([
                Self.report(id, host, generation: 1, phase: .failed, power: .shutdown)
            ])
            #expect(try bed.instance(id).state == .stopped)
            #expect(try bed.documents.list(Assignment.self).map(\.value.goal) == [.stopped])
        }
    }

    @Test func whatIsSaidDuringAWorkflowCountsAfterIt() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            try await bed.fleet.stopAgent("h1")
            let host = try bed.hostID()
            let link = try bed.conductor.link(hostName: "h1")
            try await bed.documents.mutate(Instance.self, id.text) {
                $0.workflowID = WorkflowID("w")
            }
            try await link.reportGuests([
                Self.report(id, host, generation: 1, power: .shutdown)
            ])
            #expect(try bed.instance(id).state == .active)
            try await bed.conductor.instances.parts.instances.release(id) { _ in }
            #expect(try bed.instance(id).state == .stopped)
            #expect(try bed.documents.list(Assignment.self).map(\.value.goal) == [.stopped])
        }
    }

    @Test func aReportThatIsRepeatedWritesNothing() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            try await bed.fleet.stopAgent("h1")
            let host = try bed.hostID()
            let link = try bed.conductor.link(hostName: "h1")
            var report = try bed.documents.require(GuestReport.self, GuestReport.key(host, id))
                .value
            let commits = try bed.server.session.commits
            report.reportedAt += 60
            try await link.reportGuests([report])
            #expect(try bed.server.session.commits == commits)
        }
    }

    @Test func aReportAboutWhatIsNotAssignedLeavesNothing() async throws {
        try await InstanceTestbed.run { bed in
            let link = try bed.conductor.link(hostName: "h1")
            let stray = Self.report(InstanceID("stray"), try bed.hostID(), generation: 1)
            try await link.reportGuests([stray])
            #expect(try bed.documents.list(GuestReport.self).isEmpty)
        }
    }

    @Test func imagesAreForHostsThatHaveAGuestOfThem() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1), .small("h2", devices: 0)]) { bed in
            let image = bed.image.id
            let bytes = Mutex<[UInt8]>([])
            let fetch = { @Sendable (name: String) async throws -> String? in
                let link = try bed.conductor.link(hostName: name)
                return await Self.refusal { () async throws(AgentLinkError) in
                    try await link.fetchImage(image) { chunk in bytes.withLock { $0 += chunk } }
                }
            }
            #expect(try await fetch("h1")?.contains("belongs to no instance") == true)
            try await bed.settled(try await bed.create([try await bed.port()]), .active)
            #expect(try await fetch("h1") == nil)
            #expect(bytes.withLock { $0 } == InstanceTestbed.imageBytes)
            #expect(try await fetch("h2")?.contains("belongs to no instance") == true)
            #expect(bytes.withLock(\.count) == InstanceTestbed.imageBytes.count)
        }
    }

    @Test func aPollReturnsWhenSomethingIsNew() async throws {
        try await InstanceTestbed.run(
            [.small("h1", devices: 1), .small("h2", devices: 0)],
            change: { $0.pollTimeout = .seconds(120) }
        ) { bed in
            let link = try bed.conductor.link(hostName: "h1")
            let first = try await link.assignments(after: 0, timeoutMS: 60_000)
            #expect(first.assignments.isEmpty)
            async let next = link.assignments(after: first.revision, timeoutMS: 120_000)
            let id = try await bed.create([try await bed.port()])
            let batch = try await next
            #expect(batch.revision != first.revision)
            #expect(batch.assignments.map(\.instanceID) == [id])
            let other = try await bed.conductor.link(hostName: "h2")
                .assignments(after: 0, timeoutMS: 0)
            #expect(other.assignments.isEmpty)
        }
    }

    @Test func pollsEndAtTheirTimeAndWhenTheServerEnds() async throws {
        try await InstanceTestbed.run(change: { $0.pollTimeout = .milliseconds(10) }) { bed in
            await bed.fleet.stop()
            let link = try bed.conductor.link(hostName: "h1")
            let first = try await link.assignments(after: 0, timeoutMS: 60_000)
            let same = try await link.assignments(after: first.revision, timeoutMS: 60_000)
            #expect(same.revision == first.revision)
        }
        try await InstanceTestbed.run { bed in
            await bed.fleet.stop()
            let link = try bed.conductor.link(hostName: "h1")
            let first = try await link.assignments(after: 0, timeoutMS: 60_000)
            async let held = link.assignments(after: first.revision, timeoutMS: 60_000)
            try bed.conductor.hub.board.close()
            _ = try await held
        }
    }
}
