import ComputeModel
import Foundation
import Testing

/// What a host's ledger says of its claims.
@Suite struct HostLedgerTests {
    private static func claim(_ instance: String, _ amount: Int) -> Claim {
        Claim(
            instanceID: InstanceID(instance), projectID: ProjectID("p"),
            workflowID: WorkflowID("w"),
            capacity: HostCapacity(vcpus: amount, memoryMiB: amount * 1_024, diskGiB: amount * 10),
            devices: [DeviceClaim(deviceID: DeviceID("d-" + instance), portID: PortID("q"))],
            createdAt: Date(timeIntervalSince1970: 1_790_000_000))
    }

    @Test func takesTogetherWhatItsClaimsTake() {
        var ledger = HostLedger(hostID: HostID("h"))
        #expect(ledger.taken == HostCapacity(vcpus: 0, memoryMiB: 0, diskGiB: 0))
        ledger.claims = [Self.claim("a", 1), Self.claim("b", 4)]
        #expect(ledger.taken == HostCapacity(vcpus: 5, memoryMiB: 5_120, diskGiB: 50))
    }

    @Test func claimsOfAnyPhaseAreTaken() {
        for phase in [ClaimPhase.claimed, .allocated, .releasing] {
            var ledger = HostLedger(hostID: HostID("h"))
            ledger.claims = [Self.claim("a", 2)]
            ledger.claims[0].phase = phase
            #expect(ledger.taken.vcpus == 2, "\(phase): it may still run")
        }
    }

    @Test func findsTheClaimOfAnInstance() {
        var ledger = HostLedger(hostID: HostID("h"))
        ledger.claims = [Self.claim("a", 1), Self.claim("b", 2)]
        #expect(ledger.claim(of: InstanceID("b")) == ledger.claims[1])
        #expect(ledger.claim(of: InstanceID("c")) == nil)
    }

    @Test func isReadAsItWasWritten() throws {
        var ledger = HostLedger(hostID: HostID("h"))
        ledger.claims = [Self.claim("a", 1)]
        ledger.claims[0].devices.append(DeviceClaim(deviceID: DeviceID("d2"), alias: "gpu"))
        let data = try JSONEncoder().encode(ledger)
        #expect(try JSONDecoder().decode(HostLedger.self, from: data) == ledger)
    }
}
