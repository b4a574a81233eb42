import ComputeModel
import DeviceTracking
import Foundation
import Logging
import Persistence
import Placement
import Scheduler
import Synchronization

/// Hosts in a store in memory, with as many servers over it as a test wants.
struct PlacementTestbed: Sendable {
    static let time = Date(timeIntervalSince1970: 1_790_000_000)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let store: any StateStore
    let vitals = SettableVitals()

    /// Runs `body` over a store with `hosts`.
    static func run(
        _ hosts: [HostSnapshot], _ body: (PlacementTestbed) async throws -> Void
    ) async throws {
        let bed = PlacementTestbed(store: MemoryStateStore())
        let documents = try await bed.open()
        for host in hosts {
            try await documents.transact { transaction in
                try transaction.insert(host.host)
                if let report = host.report { try transaction.insert(report) }
                try transaction.insert(host.ledger)
            }
        }
        try await body(bed)
        await documents.close()
    }

    /// A memory of its own over the same store, as another server has.
    func open() async throws -> DocumentStore {
        try await DocumentStore.open(
            store,
            types: [
                ComputeHost.self, HostReport.self, HostLedger.self, HostAggregate.self,
                PlacementRecord.self, Token.self,
            ], logger: Self.logger)
    }

    func placer(
        _ documents: DocumentStore, _ change: (inout PlacementSettings) -> Void = { _ in }
    ) -> Placer {
        var settings = PlacementSettings(ratios: OvercommitRatios(cpu: 4))
        change(&settings)
        return Placer(
            documents, index: FleetIndex(documents, vitals: vitals, settings: settings),
            settings: settings, now: { Self.time })
    }

    /// A host with 8 CPUs, 16 GiB and `devices` vDPA devices on physnet1.
    static func host(_ name: String, devices count: Int = 2) -> HostSnapshot {
        let id = HostID("id-\(name)")
        let facts = HypervisorFacts(
            type: "simulated", version: 1, libvirtVersion: 1, kernelRelease: "6",
            architecture: "x86_64", cpuModel: "m")
        let report = HostReport(
            hostID: id, cpus: 8, memoryMiB: 16_384, diskGiB: 100,
            numaCells: [NUMACell(id: 0, cpus: Array(0..<8), memoryMiB: 16_384)],
            hypervisor: facts, devices: (0..<count).compactMap { device(name, $0) },
            conditions: [], agentVersion: "1", address: "192.0.2.1", reportedAt: time)
        return HostSnapshot(
            host: ComputeHost(id: id, name: name, zone: "nova", createdAt: time), report: report,
            ledger: HostLedger(hostID: id), isUp: true)
    }

    private static func device(_ host: String, _ index: Int) -> Device? {
        PCIAddress(domain: 0, bus: 6, slot: UInt8(index / 8), function: UInt8(index % 8)).map {
            var device = Device(
                id: DeviceID("\(host)-vdpa\(index)"), kind: .vdpa, address: $0,
                vendorID: "15b3", productID: "101e")
            device.physicalNetwork = "physnet1"
            device.macSettable = true
            return device
        }
    }

    /// A job for one vDPA device.
    static func job(
        _ name: String, devices: Int = 1, _ change: (inout PlacementRequest) -> Void = { _ in }
    ) -> PlacementJob {
        var request = PlacementRequest(
            capacity: HostCapacity(vcpus: 1, memoryMiB: 64, diskGiB: 1),
            devices: (0..<devices).map {
                DeviceRequest(
                    portID: PortID("\(name)-p\($0)"), kind: .vdpa, physicalNetwork: "physnet1")
            })
        change(&request)
        return PlacementJob(
            request: request, instanceID: InstanceID(name), projectID: ProjectID("p"),
            workflowID: WorkflowID("w-\(name)"))
    }

    /// All claims in the store.
    func claims() async throws -> [Claim] {
        let documents = try await open()
        return try documents.list(HostLedger.self).flatMap(\.value.claims)
    }
}

/// Hosts live unless a test says otherwise.
final class SettableVitals: HostVitals {
    private let down = Mutex<Set<HostID>>([])

    func isUp(_ host: HostID) -> Bool { !down.withLock { $0.contains(host) } }

    func set(_ host: String, isUp: Bool) {
        down.withLock { down in
            if isUp { down.remove(HostID("id-\(host)")) } else { down.insert(HostID("id-\(host)")) }
        }
    }
}

/// Something that changes together with a claim.
struct Token: Codable, Sendable, Equatable, StoredValue {
    static var collection: String { "tokens" }
    var documentKey: String { name }
    var name: String
    var count = 0
}

extension Placer {
    @discardableResult
    func claim(_ jobs: [PlacementJob]) async throws -> [Candidate] {
        try await claim { _ in ClaimProposal(jobs: jobs) { _, _ in } }
    }
}
