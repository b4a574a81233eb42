import ComputeModel
import HostDrivers
import SimulatedDrivers
import Synchronization
import TestSupport
import Testing

@Suite(.endsTheHung) struct SimulatedMigrationTests {
    private let neighbours = SimulatedNeighbours()
    private let here: GuestHost
    private let there: GuestHost
    private let id = GuestHost.instance
    private var hypervisor: any Hypervisor { here.drivers.hypervisor }

    init() {
        here = GuestHost("a", neighbours: neighbours)
        there = GuestHost("b", neighbours: neighbours)
    }

    private func departure(_ uri: String = "simulated://b") -> GuestDeparture {
        GuestDeparture(
            migrationID: MigrationID("m"), destinationURI: uri, destinationHostName: "b",
            numa: nil, isEncrypted: true, bandwidthMiBPerSecond: nil, downtimeMS: 500,
            timeoutMS: 1000)
    }

    private func migrate(_ uri: String = "simulated://b") async throws(DriverError) {
        try await hypervisor.migrate(id, departure(uri)) { _ in }
    }

    private var isHere: Bool {
        here.guest?.power == .running && here.guest?.transit == nil && there.guest == nil
    }

    private var isThere: Bool {
        there.guest?.power == .running && there.guest?.transit == nil && here.guest == nil
    }

    @Test func movesPowerDiskAndNothingElse() async throws {
        try await here.run()
        here.host.write("mine", toDiskOf: id)
        try await there.prepare()
        let reports = Mutex<[GuestMigrationReport]>([])
        try await hypervisor.migrate(id, departure()) { report in
            reports.withLock { $0.append(report) }
        }
        #expect(isThere)
        #expect(there.disks?[.root(build: 0)]?.content == "mine")
        #expect(here.disks?.count == 1)
        #expect(reports.withLock { $0.map(\.memoryRemainingBytes) } == [64 << 20, 0])
        #expect(there.guest?.plan.disks.first?.path == "/simulated/b/i/root.qcow2")
    }

    @Test func aPausedGuestComesPaused() async throws {
        try await here.run()
        try await hypervisor.pause(id)
        try await there.prepare()
        try await migrate()
        #expect(there.guest?.power == .paused)
        #expect(there.guest?.transit == nil)
    }

    @Test func refusals() async throws {
        #expect(await driverFailure { try await migrate() } == "notFound")
        try await here.run()
        #expect(await driverFailure { try await migrate() } == "refused")
        try await there.prepare()
        #expect(await driverFailure { try await migrate("simulated://c") } == "refused")
        #expect(await driverFailure { try await migrate("simulated://a") } == "refused")
        #expect(await driverFailure { try await migrate("qemu+tls://b/system") } == "refused")
        try await hypervisor.attach(id, here.nic())
        #expect(await driverFailure { try await migrate() } == "refused")
        try await hypervisor.detach(id, GuestHost.port, timeout: .seconds(1))
        try await there.drivers.hypervisor.define(there.plan())
        #expect(await driverFailure { try await migrate() } == "refused")
        try await there.drivers.hypervisor.undefine(id)
        #expect(isHere)
        try await migrate()
    }

    /// Runs `body` while the guest is on its way.
    private func onItsWay(
        _ body: (Task<String, Never>) async throws -> Void
    ) async throws -> String {
        try await here.run()
        try await there.prepare()
        here.host.set(.stall, on: .transfer)
        let task = Task { await driverFailure { try await migrate() } }
        for (host, transit) in [(there.host, GuestTransit.arriving), (here.host, .leaving)] {
            try await awaiting("the guest to be \(transit)", in: host.changes()) { [id] in
                $0.guests[id]?.transit == transit
            }
        }
        #expect(here.guest?.power == .running)
        #expect(there.guest?.power == .paused)
        try await body(task)
        return await task.value
    }

    @Test func nothingElseTouchesIt() async throws {
        let end = try await onItsWay { _ in
            let nic = here.nic()
            #expect(await driverFailure { try await hypervisor.attach(id, nic) } == "refused")
            #expect(await driverFailure { try await hypervisor.pause(id) } == "refused")
            #expect(await driverFailure { try await hypervisor.save(id) } == "refused")
            let transits = try await hypervisor.guests().map(\.transit)
            #expect(transits == [.leaving])
            here.host.heal()
        }
        #expect(end == "none")
        #expect(isThere)
    }

    @Test func forcedItEnds() async throws {
        let end = try await onItsWay { _ in
            try await hypervisor.forceMigration(id)
        }
        #expect(end == "none")
        #expect(isThere)
        #expect(await driverFailure { try await hypervisor.forceMigration(id) } == "notFound")
    }

    @Test func cancelledItStays() async throws {
        let end = try await onItsWay { $0.cancel() }
        #expect(end == "cancelled")
        #expect(isHere)
    }

    @Test func abortedItStays() async throws {
        let end = try await onItsWay { _ in
            try await hypervisor.abortMigration(id)
            #expect(isHere)
            try await hypervisor.abortMigration(id)
            here.host.heal()
        }
        #expect(end == "failed")
        #expect(isHere)
    }

    @Test func whenItIsThrownOutThereItStays() async throws {
        let end = try await onItsWay { _ in
            try await there.drivers.hypervisor.destroy(id)
            here.host.heal()
        }
        #expect(end == "failed")
        #expect(isHere)
    }

    @Test(arguments: [OrphanedMigrations.abort, .complete, .goOn])
    func whenTheAgentIsKilled(_ rule: OrphanedMigrations) async throws {
        here.host.setOrphanedMigrations(rule)
        let end = try await onItsWay { task in
            here.host.sever()
            task.cancel()
        }
        #expect(end == "cancelled")
        switch rule {
        case .abort: #expect(isHere)
        case .complete: #expect(isThere)
        case .goOn:
            #expect(here.guest?.transit == .leaving)
            try await here.host.drivers().hypervisor.abortMigration(id)
            #expect(isHere)
        }
    }

    @Test func twoHostsSendToEachOther() async throws {
        try await here.run()
        try await there.prepare()
        let other = GuestHost("c", neighbours: neighbours)
        try await migrate()
        try await other.prepare()
        for (host, uri) in [(there, "simulated://c"), (other, "simulated://b")] {
            let next = departure(uri)
            try await host.drivers.hypervisor.migrate(id, next) { _ in }
        }
        #expect(isThere)
        #expect(other.guest == nil)
    }
}
