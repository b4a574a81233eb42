import ComputeModel
import Foundation
import Persistence
import SimulatedDrivers
import Testing

@testable import Conductor

/// What the audit finds when something was brought out of order by hand, and what it mends.
@Suite struct AuditRunTests {
    /// Something that is wrong, the finding that tells of it, and whether a repair ends it.
    struct Disorder: Sendable, CustomTestStringConvertible {
        let kind: AuditKind
        var isMended = true
        let make: @Sendable (InstanceTestbed, Instance) async throws -> Void

        var testDescription: String { kind.rawValue }
    }

    static let disorders: [Disorder] = [
        Disorder(kind: .taskWithoutWorkflow) { bed, instance in
            try await bed.documents.mutate(Instance.self, instance.id.text) {
                $0.task = .rebooting
                $0.workflowID = WorkflowID("gone")
            }
        },
        Disorder(kind: .portOrphaned) { bed, _ in
            let port = try await bed.port()
            try await bed.documents.mutate(NetworkPort.self, port.id.text) {
                $0.deviceID = "11111111-0000-4000-8000-000000000001"
                $0.deviceOwner = "compute:nova"
            }
        },
        Disorder(kind: .claimOrphaned) { bed, instance in
            let host = try bed.hostID("h2")
            try await bed.documents.mutate(HostLedger.self, host.text) {
                $0.claims.append(
                    Claim(
                        instanceID: instance.id, projectID: instance.projectID,
                        workflowID: WorkflowID("gone"),
                        capacity: HostCapacity(vcpus: 1, memoryMiB: 64, diskGiB: 1), devices: [],
                        createdAt: Date(timeIntervalSince1970: 0)))
            }
        },
        Disorder(kind: .deviceOwnedTwice, isMended: false) { bed, instance in
            let host = try bed.hostID("h1")
            try await bed.documents.mutate(HostLedger.self, host.text) { ledger in
                guard let claim = ledger.claims.first else { return }
                ledger.claims.append(claim)
            }
        },
        Disorder(kind: .portDiffers, isMended: false) { bed, instance in
            let port = try #require(instance.interfaces.first).portID
            try await bed.documents.mutate(NetworkPort.self, port.text) {
                $0.binding?.deviceID = DeviceID("another")
            }
        },
        Disorder(kind: .claimMissing, isMended: false) { bed, instance in
            let host = try bed.hostID("h1")
            try await bed.documents.mutate(HostLedger.self, host.text) { $0.claims = [] }
        },
        Disorder(kind: .hostDiffers, isMended: false) { bed, instance in
            let port = try #require(instance.interfaces.first).portID
            let host = try bed.host("h1")
            // The agent would mend it at once.
            host.set(.transient(), on: .plug)
            host.removeVIF(port)
        },
    ]

    @Test(arguments: disorders)
    func disorderIsFoundAndMendedWhereThatIsSafe(_ disorder: Disorder) async throws {
        try await InstanceTestbed.run([.small("h1"), .small("h2")]) { bed in
            let id = try await bed.create([try await bed.port()], InstanceTestbed.admin) {
                $0.hostName = "h1"
            }
            let instance = try await bed.settled(id, .active)
            try await bed.idle()
            let audit = try bed.conductor.audit
            #expect(try await audit.findings(asksHosts: true, repairs: false).isEmpty)
            try await disorder.make(bed, instance)
            let found = try await audit.findings(asksHosts: true, repairs: false)
            #expect(found.contains { $0.kind == disorder.kind }, "\(found)")
            #expect(found.allSatisfy { $0.repair == nil && !$0.detail.isEmpty })
            let told = try await audit.findings(asksHosts: true, repairs: true)
            let own = told.filter { $0.kind == disorder.kind }
            #expect(own.allSatisfy { ($0.repair != nil) == disorder.isMended }, "\(own)")
            let left = try await audit.findings(asksHosts: true, repairs: false)
            #expect(left.contains { $0.kind == disorder.kind } == !disorder.isMended, "\(left)")
            #expect(try bed.power(id, on: "h1") == .running)
        }
    }

    @Test func aHostThatIsDownIsNamed() async throws {
        try await InstanceTestbed.run { bed in
            try await bed.fleet.stopAgent("h1")
            try await bed.declareDown("h1", true)
            let found = try await bed.conductor.audit.findings(asksHosts: true, repairs: true)
            #expect(found.map(\.kind) == [.hostSilent])
            #expect(found.first?.object == "host h1")
        }
    }
}
