import ComputeModel
import Foundation
import Logging
import Persistence
import Placement
import Scheduler

/// What claims cost when they are stored.
struct StoreBenchmarks {
    let hostCount: Int
    let claimsPerRun: Int

    private struct Everything: HostVitals {
        func isUp(_ host: HostID) -> Bool { true }
    }

    func run() async throws -> (rows: [Measurement], ratios: [Ratio]) {
        try await withStore { try await run($0) }
    }

    /// Only claims of one server, printed.
    func runClaims() async throws {
        try await withStore { store in
            let documents = try await open(store)
            try await fill(documents)
            let index = FleetIndex(documents, vitals: Everything(), settings: settings)
            _ = try await claims(placer(documents, index))
            await documents.close()
        }
    }

    private func withStore<Result>(
        _ body: (SQLiteStateStore) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("placement-benchmark-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(
            SQLiteStateStore(
                path: folder.appendingPathComponent("state.sqlite").path, logger: Self.logger))
    }

    private func run(
        _ store: SQLiteStateStore
    ) async throws -> (rows: [Measurement], ratios: [Ratio]) {
        let documents = try await open(store)
        try await fill(documents)
        let index = FleetIndex(documents, vitals: Everything(), settings: settings)
        let rebuild = try Measurement.run("prepare \(hostCount) hosts", count: 1, warmup: 0) { _ in
            _ = try index.current()
        }
        var rows = [rebuild]
        let refresh = try await refresh(documents, index)
        let placer = placer(documents, index)
        let bare = try await bareTransactions(documents)
        let (single, concurrent, perSecond) = try await claims(placer)
        let singlePerSecond = 1e6 / single.p50
        let conflicts = try await race(store)
        rows += [refresh, bare, single, concurrent]
        let ratios = [
            Ratio(
                name: "refresh after one change / prepare all",
                found: refresh.p50 / rebuild.p50, bound: Thresholds.refreshAgainstRebuild),
            Ratio(
                name: "durable claim / bare transaction", found: single.p50 / bare.p50,
                bound: Thresholds.claimAgainstTransaction),
            Ratio(
                name: "claims/s: 64 at once / one at a time",
                found: perSecond / singlePerSecond, bound: Thresholds.concurrencyGain,
                isUpper: false),
            Ratio(
                name: "conflicts / claim, 8 schedulers", found: conflicts,
                bound: Thresholds.conflictsPerClaim),
        ]
        await documents.close()
        return (rows, ratios)
    }

    private func claims(
        _ placer: Placer
    ) async throws -> (single: Measurement, concurrent: Measurement, perSecond: Double) {
        let single = try await sequential(placer)
        let (concurrent, perSecond) = try await concurrent(placer, tasks: 64)
        print(
            "durable claims a second: \(Int(1e6 / single.p50)) one at a time,"
                + " \(Int(perSecond)) by 64 at once")
        return (single, concurrent, perSecond)
    }

    static let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }

    private var settings: PlacementSettings { PlacementSettings(ratios: FleetFixture.ratios) }

    private func open(_ store: any StateStore) async throws -> DocumentStore {
        try await DocumentStore.open(
            store,
            types: [
                ComputeHost.self, HostReport.self, HostLedger.self, HostAggregate.self,
                PlacementRecord.self, BenchmarkDocument.self,
            ], logger: Self.logger)
    }

    private func placer(_ documents: DocumentStore, _ index: FleetIndex) -> Placer {
        Placer(documents, index: index, settings: settings, now: { FleetFixture.time })
    }

    private func fill(_ documents: DocumentStore) async throws {
        for first in stride(from: 0, to: hostCount, by: 20) {
            try await documents.transact { transaction in
                for number in first..<min(first + 20, hostCount) {
                    let host = FleetFixture.host(number)
                    try transaction.insert(host.host)
                    if let report = host.report { try transaction.insert(report) }
                    try transaction.insert(host.ledger)
                }
            }
        }
    }

    private func refresh(
        _ documents: DocumentStore, _ index: FleetIndex
    ) async throws -> Measurement {
        let clock = ContinuousClock()
        var samples: [Duration] = []
        for number in 0..<200 {
            let id = FleetFixture.host(number % hostCount).host.id
            try await documents.mutate(ComputeHost.self, id.text) { $0.updatedAt = Date() }
            let start = clock.now
            _ = try index.current()
            samples.append(start.duration(to: clock.now))
        }
        return Measurement("refresh after one host's change", samples)
    }

    /// The floor: a transaction of about the bytes that a claim writes.
    private func bareTransactions(_ documents: DocumentStore) async throws -> Measurement {
        let clock = ContinuousClock()
        var samples: [Duration] = []
        for number in 0..<claimsPerRun {
            let start = clock.now
            try await documents.transact {
                try $0.put(BenchmarkDocument(number: number, text: Self.filler))
            }
            samples.append(start.duration(to: clock.now))
        }
        return Measurement("baseline: bare transaction of 4 KiB", samples)
    }

    private static let filler = String(repeating: "x", count: 4_096)

    private func sequential(_ placer: Placer) async throws -> Measurement {
        let clock = ContinuousClock()
        var samples: [Duration] = []
        for number in 0..<claimsPerRun {
            let start = clock.now
            try await claim(placer, "s\(number)")
            samples.append(start.duration(to: clock.now))
        }
        return Measurement("choose + durable claim, one at a time", samples)
    }

    private func concurrent(
        _ placer: Placer, tasks: Int
    ) async throws -> (Measurement, perSecond: Double) {
        let clock = ContinuousClock()
        let start = clock.now
        let each = claimsPerRun * 2 / tasks + 1
        let samples = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var own: [Duration] = []
                    for number in 0..<each {
                        let begin = clock.now
                        try await claim(placer, "c\(task)-\(number)")
                        own.append(begin.duration(to: clock.now))
                    }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let seconds = start.duration(to: clock.now).microseconds / 1e6
        return (
            Measurement("choose + durable claim, \(tasks) at once", samples),
            Double(samples.count) / seconds
        )
    }

    private func claim(_ placer: Placer, _ name: String) async throws {
        try await placer.claim { _ in
            let job = PlacementJob(
                request: FleetFixture.request(devices: 1, name),
                instanceID: InstanceID("i-\(name)"), projectID: ProjectID("p"),
                workflowID: WorkflowID("w-\(name)"))
            return ClaimProposal(jobs: [job]) { _, _ in }
        }
    }

    /// Eight schedulers, each with its own memory of one store. Returns conflicts for each claim;
    /// stops the program when a device was given out twice.
    private func race(_ store: any StateStore) async throws -> Double {
        let total = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for scheduler in 0..<8 {
                group.addTask {
                    let documents = try await open(store)
                    let index = FleetIndex(documents, vitals: Everything(), settings: settings)
                    let placer = placer(documents, index)
                    var conflicts = 0
                    for number in 0..<claimsPerRun / 8 {
                        let name = "r\(scheduler)-\(number)"
                        try await claim(placer, name)
                        let record = try documents.require(PlacementRecord.self, "w-\(name)")
                        conflicts += record.value.conflicts
                    }
                    return (claimsPerRun / 8, conflicts)
                }
            }
            return try await group.reduce(into: (claims: 0, conflicts: 0)) {
                $0.claims += $1.0
                $0.conflicts += $1.1
            }
        }
        try await checkNothingIsOwnedTwice(store)
        print("8 schedulers: \(total.claims) claims, \(total.conflicts) conflicts, 0 double claims")
        return Double(total.conflicts) / Double(total.claims)
    }

    private func checkNothingIsOwnedTwice(_ store: any StateStore) async throws {
        let documents = try await open(store)
        for ledger in try documents.list(HostLedger.self) {
            let devices = ledger.value.claims.flatMap { $0.devices.map(\.deviceID) }
            precondition(Set(devices).count == devices.count, "a device was given out twice")
        }
    }
}

/// A document of the baseline.
private struct BenchmarkDocument: Codable, Sendable, Equatable, StoredValue {
    static var collection: String { "benchmark" }
    var documentKey: String { String(number) }
    var number: Int
    var text: String
}
