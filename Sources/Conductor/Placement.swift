import ComputeModel
import DeviceTracking
import Persistence
import Scheduler

/// Chooses a host and claims on it, in one transaction. Claims are made at scheduling time for
/// the exact devices, so a placed instance can't lose them on the way to its host.
public struct Placement: Sendable {
    private let context: ConductorContext
    private let liveness: HostLiveness
    private let scheduler: Scheduler

    /// Places among the hosts in `context`'s documents.
    public init(_ context: ConductorContext, liveness: HostLiveness) {
        self.context = context
        self.liveness = liveness
        scheduler = Scheduler(ratios: OvercommitRatios(cpu: context.settings.cpuRatio))
    }

    /// What an instance with these ports needs.
    public func request(
        for instance: Instance, ports: [NetworkPort], networks: [NetworkID: Network],
        image: Image?
    ) -> PlacementRequest {
        let imageGiB = ((image?.virtualSizeBytes ?? 0) + (1 << 30) - 1) >> 30
        let disk = instance.flavor.diskGiB > 0 ? instance.flavor.diskGiB : Int(imageGiB)
        let devices = ports.compactMap { port -> DeviceRequest? in
            guard port.vnicType == .vdpa else { return nil }
            return DeviceRequest(
                portID: port.id, kind: .vdpa,
                physicalNetwork: networks[port.networkID]?.physicalNetwork,
                requiredMAC: port.macChosenByUser ? port.ownMACAddress : nil)
        }
        return PlacementRequest(
            capacity: HostCapacity(
                vcpus: instance.flavor.vcpus, memoryMiB: instance.flavor.memoryMiB,
                diskGiB: disk),
            devices: devices, zone: instance.requestedZone, hostName: instance.requestedHost)
    }

    /// What the scheduler would answer now; claims nothing.
    public func decide(_ request: PlacementRequest) throws(StoreError) -> PlacementDecision {
        scheduler.decide(request, hosts: try snapshots(context.documents.snapshot()))
    }

    /// The hosts as they are in `snapshot`, in the order of their ids.
    public func snapshots(
        _ snapshot: DocumentSnapshot
    ) throws(StoreError) -> [HostSnapshot] {
        var hosts: [HostSnapshot] = []
        for host in try snapshot.list(ComputeHost.self) {
            let id = host.value.id
            hosts.append(
                HostSnapshot(
                    host: host.value,
                    report: try snapshot.get(HostReport.self, id.text)?.value,
                    ledger: try snapshot.get(HostLedger.self, id.text)?.value
                        ?? HostLedger(hostID: id),
                    isUp: liveness.isUp(id)))
        }
        return hosts
    }

    /// Chooses and claims. `alongside` adds what must change together with the claim. When
    /// another request changes the chosen host's ledger first, it is decided anew, a bounded
    /// number of times.
    ///
    /// Throws `PlacementFailure` when no host can take it.
    func claim(
        _ request: PlacementRequest, _ makeClaim: (Candidate) -> Claim,
        alongside: (Candidate, inout DocumentTransaction) throws -> Void
    ) async throws -> Candidate {
        var attempts = 0
        while true {
            let snapshot = context.documents.snapshot()
            let decision = scheduler.decide(request, hosts: try snapshots(snapshot))
            guard let candidate = decision.candidates.first else {
                throw PlacementFailure(rejections: decision.rejections)
            }
            let ledger = try snapshot.require(HostLedger.self, candidate.hostID.text)
            var changed = ledger.value
            changed.claims.append(makeClaim(candidate))
            var transaction = context.documents.makeTransaction()
            try transaction.update(ledger, to: changed)
            try alongside(candidate, &transaction)
            if try await commit(transaction) { return candidate }
            attempts += 1
            guard attempts < context.settings.claimAttemptsMax else {
                throw PlacementFailure(
                    rejections: [
                        HostRejection(
                            hostID: candidate.hostID, hostName: candidate.hostName,
                            reasons: [.lostRace])
                    ])
            }
        }
    }

    /// False when another request changed something first.
    private func commit(_ transaction: DocumentTransaction) async throws(StoreError) -> Bool {
        do {
            try await context.documents.commit(transaction)
            return true
        } catch {
            guard case .conflict = error else { throw error }
            try await context.documents.catchUp()
            return false
        }
    }
}

/// No host could take a request.
struct PlacementFailure: Error {
    let rejections: [HostRejection]
}
