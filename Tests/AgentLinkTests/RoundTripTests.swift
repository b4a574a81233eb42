import AgentClient
import AgentProtocol
import ComputeModel
import Foundation
import Testing

@Suite struct RoundTripTests {
    @Test func everyCallArrivesAndIsAnswered() async throws {
        let fixture = try LinkFixture()
        let sample = sampleBatch()
        fixture.script.state.withLock { $0.batch = sample }
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let welcome = try await link.hello(greeting)
                #expect(welcome.hostID == HostID("id-of-host-a"))
                #expect(welcome.pollTimeoutMS == 20_000)
                #expect(welcome.hostDownAfterMS == 60_000)

                try await link.reportHost(sampleHostReport)
                let batch = try await link.assignments(after: 41, timeoutMS: 1_234)
                #expect(batch.revision == sample.revision)
                #expect(batch.assignments == sample.assignments)
                #expect(batch.questions.map(\.id) == ["q1"])
                #expect(batch.questions.map(\.consoleTailBytes) == [4_096])
                try await link.reportGuests([sampleGuestReport])
                try await link.answer(HostAnswer(id: "q1", text: "login: \u{1B}[0m\0ß\n"))
            }
        }
        let state = fixture.script.state.withLock { $0 }
        #expect(
            state.heard.map(\.what) == [
                "hello east", "host-report", "assignments", "guest-reports", "answer",
            ])
        #expect(Set(state.heard.map(\.host)) == ["host-a"])
        #expect(state.reports == [sampleHostReport])
        #expect(state.guests == [sampleGuestReport])
        #expect(state.answers.map(\.text) == ["login: \u{1B}[0m\0ß\n"])
        #expect(state.polls.map(\.after) == [41])
        #expect(state.polls.map(\.timeoutMS) == [1_234])
    }

    @Test(arguments: [
        (AgentLinkError.refused("because"), "The control plane refused: because"),
        (.unreachable("store away"), "The control plane can't be reached: store away"),
        (.garbled("what"), "The control plane can't be reached: what"),
    ])
    func failuresOfTheControlPlaneKeepTheirWords(
        failure: AgentLinkError, seen: String
    ) async throws {
        let fixture = try LinkFixture()
        fixture.script.state.withLock { $0.failure = failure }
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let error = await #expect(throws: AgentLinkError.self) {
                    try await link.reportGuests([])
                }
                #expect(error?.description == seen)
                let image = await #expect(throws: AgentLinkError.self) {
                    try await link.fetchImage(ImageID("i")) { _ in }
                }
                #expect(image?.description == seen)
            }
        }
    }

    @Test func holdsAreBoundedAtBothEnds() async throws {
        var fixture = try LinkFixture()
        fixture.limits.pollTimeoutMSMax = 700
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                _ = try await link.assignments(after: 0, timeoutMS: -5)
                _ = try await link.assignments(after: 0, timeoutMS: .max)
            }
        }
        #expect(fixture.script.state.withLock { $0.polls.map(\.timeoutMS) } == [0, 700])
    }

    @Test func imageIDsCannotLeaveTheirPlaceInThePath() async throws {
        let fixture = try LinkFixture()
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                try await link.fetchImage(ImageID("../a b?c#d/%2F")) { _ in }
            }
        }
        #expect(Set(fixture.script.calls) == ["image ../a b?c#d/%2F"])
    }
}

let moment = Date(timeIntervalSinceReferenceDate: 800_000_000.123)

let sampleHostReport = HostReport(
    hostID: HostID("h"), cpus: 8, memoryMiB: 1_024, diskGiB: 10,
    numaCells: [NUMACell(id: 0, cpus: [0, 1], memoryMiB: 1_024)],
    hypervisor: HypervisorFacts(
        type: "QEMU", version: 7_002_000, libvirtVersion: 9_000_000, kernelRelease: "6.1",
        architecture: "x86_64", cpuModel: "any"),
    devices: [], conditions: [HostCondition(code: "c", message: "m", blocksVDPA: true)],
    agentVersion: "1", address: "10.0.0.1", reportedAt: moment)

let sampleGuestReport = GuestReport(
    instanceID: InstanceID("i"), hostID: HostID("h"), generation: 3, phase: .settled,
    power: .running, detail: "ok", portsUp: [PortID("p")], reportedAt: moment)

func sampleBatch() -> AssignmentBatch {
    var guest = GuestDefinition(
        name: "instance-1", displayName: "web", hostname: "web", projectID: ProjectID("p"),
        userID: UserID("u"), vcpus: 2, memoryMiB: 512, diskGiB: 4,
        image: GuestImage(
            id: ImageID("img"), format: "qcow2", sizeBytes: 1 << 40, virtualSizeBytes: 1 << 41,
            sha512: "ab"),
        availabilityZone: "nova")
    guest.userData = "I2Nsb3Vk"
    guest.metadata = ["k": "v/\u{2028}"]
    return AssignmentBatch(
        revision: 1 << 60,
        assignments: [
            Assignment(
                instanceID: InstanceID("i"), hostID: HostID("h"), generation: 1, goal: .running,
                guest: guest)
        ],
        questions: [
            HostQuestion(id: "q1", instanceID: InstanceID("i"), consoleTailBytes: 4_096)
        ])
}
