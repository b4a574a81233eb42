import ComputeModel
import Foundation
import HostDrivers
import Logging
import Synchronization
import TestSupport
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("departures as libvirt is asked for them")
struct MigrationMappingTests {
    private func migration(
        _ departure: GuestDeparture, allowsPostCopy: Bool = false, limit: Int? = nil
    ) throws -> DomainMigration {
        try DomainMigration(
            departure, allowsPostCopy: allowsPostCopy, bandwidthMiBPerSecond: limit,
            GuestCall("migrate", InstanceID(uuid: UUID())))
    }

    @Test(
        "where memory and disks go",
        arguments: [
            ("qemu+tls://host2/system", "tcp://host2"),
            ("qemu+tls://host2.example.org:16514/system?x=1", "tcp://host2.example.org"),
            ("qemu+ssh://root@10.0.0.2/system", "tcp://10.0.0.2"),
            ("qemu+tls://[fd00::2]/system", "tcp://[fd00::2]"),
        ])
    func address(_ uri: String, _ data: String) throws {
        let migration = try migration(.sample(uri: uri))
        #expect(migration.destinationURI == uri)
        #expect(migration.dataURI == data)
        #expect(migration.flags == [.wholeGuest, .tls])
    }

    @Test(
        "URIs that are refused",
        arguments: ["", "qemu:///system", "host2", "qemu+tcp://host2/system", "http://host2/"])
    func refused(_ uri: String) async {
        await expect(.refused) { _ = try migration(.sample(uri: uri)) }
    }

    @Test("in the clear, where that is allowed")
    func unencrypted() throws {
        var departure = GuestDeparture.sample(uri: "qemu+tcp://host2/system")
        departure.isEncrypted = false
        #expect(try migration(departure).flags == .wholeGuest)
        #expect(
            try migration(departure, allowsPostCopy: true).flags == [.wholeGuest, .postCopy])
    }

    @Test(
        "the lower limit counts",
        arguments: [(nil, nil, nil), (5, nil, 5), (nil, 7, 7), (5, 7, 5), (9, 7, 7)]
            as [(Int?, Int?, Int?)])
    func bandwidth(_ wanted: Int?, _ limit: Int?, _ expected: Int?) throws {
        var departure = GuestDeparture.sample()
        departure.bandwidthMiBPerSecond = wanted
        #expect(try migration(departure, limit: limit).bandwidthMiBPerSecond == expected)
    }

    @Test("where it lies there")
    func placement() {
        #expect(DomainPlacement(arriving: nil) == DomainPlacement())
        let pinned = NUMAPlacement(cells: [
            NUMACellPlacement(
                hostCell: 1, vcpus: [0, 1], memoryMiB: 512, pageSizeKiB: 2_048,
                pins: [CPUPin(vcpu: 1, hostCPU: 9), CPUPin(vcpu: 0, hostCPU: 8)])
        ])
        let found = DomainPlacement(arriving: pinned)
        #expect(found.pins.map(\.vcpu) == [0, 1])
        #expect(found.pins.map(\.hostCPUs) == [[8], [9]])
        #expect(found.emulatorCPUs == [8, 9])
        #expect(found.cells.map(\.hostNode) == [1])
        #expect(found.cells.map(\.hugePageKiB) == [2_048])
        let floating = NUMAPlacement(cells: [
            NUMACellPlacement(hostCell: 1, vcpus: [0, 1], memoryMiB: 512)
        ])
        let placed = DomainPlacement(arriving: floating)
        #expect(placed.pins.isEmpty && placed.emulatorCPUs.isEmpty && placed.cpuSet.isEmpty)
        #expect(placed.cells.map(\.hostNode) == [1])
    }

    @Test("where it lies on cells that are known: as if it were defined there")
    func placementOnCells() async throws {
        var departure = GuestDeparture.sample()
        let call = try GuestCall("migrate the guest", InstanceID(uuid: UUID()))
        var dividing = NUMACell(id: 0, cpus: [0, 1, 2, 3], memoryMiB: 4_096)
        departure.hostCells = [dividing]
        #expect(try DomainPlacement(arrivingBy: departure, call) == DomainPlacement())
        dividing.dedicatedCPUs = [2, 3]
        departure.hostCells = [dividing]
        #expect(try DomainPlacement(arrivingBy: departure, call).cpuSet == [0, 1])
        departure.numa = NUMAPlacement(cells: [
            NUMACellPlacement(
                hostCell: 0, vcpus: [0], memoryMiB: 512, pins: [CPUPin(vcpu: 0, hostCPU: 2)])
        ])
        let pinned = try DomainPlacement(arrivingBy: departure, call)
        #expect(pinned.pins.map(\.hostCPUs) == [[2]])
        #expect(pinned.emulatorCPUs == [0, 1])
        departure.hostCells?[0].id = 1
        let refused = departure
        await expect(.refused) { _ = try DomainPlacement(arrivingBy: refused, call) }
    }

    @Test("progress")
    func progress() {
        var job = DomainJob(completed: [:])
        job.memoryTotalBytes = 4
        job.memoryRemainingBytes = 3
        job.diskTotalBytes = 2
        job.diskRemainingBytes = 1
        let id = MigrationID(uuid: UUID())
        let report = GuestMigrationReport(id, job)
        #expect(report.migrationID == id)
        #expect((report.memoryTotalBytes, report.memoryRemainingBytes) == (4, 3))
        #expect((report.diskTotalBytes, report.diskRemainingBytes) == (2, 1))
    }
}

@Suite("long calls that are watched", .endsTheHung)
struct SupervisedJobTests {
    private static func job(
        _ clock: ManualClock, timeout: Duration = .seconds(60)
    ) throws -> SupervisedJob {
        SupervisedJob(
            call: try GuestCall("save", InstanceID(uuid: UUID())),
            session: LibvirtSession(uri: "test:///default", logger: Logger(label: "test")),
            clock: clock, logger: Logger(label: "test"), timeout: timeout)
    }

    private static let failure = LibvirtError.other(
        LibvirtFailure(operation: "save", object: "d", code: 1, domain: 10, message: "aborted"))

    @Test("success is nothing to tell")
    func success() async throws {
        let job = try Self.job(ManualClock())
        let ending = await job.run { _ throws(LibvirtError) in }
        #expect(ending.driverError(job.call) == nil)
        #expect(ending.abort == nil)
    }

    @Test("a failure keeps its kind")
    func failure() async throws {
        let job = try Self.job(ManualClock())
        let ending = await job.run { _ throws(LibvirtError) in throw Self.failure }
        #expect(ending.driverError(job.call).map(Kind.init) == .failed)
        #expect(!ending.isAnswerLost)
    }

    @Test("a cancelled caller waits for the call's end, and hears that it was cancelled")
    func cancellation() async throws {
        let clock = ManualClock()
        let job = try Self.job(clock)
        let (end, ender) = AsyncStream.makeStream(of: Void.self)
        let caller = Task {
            await job.run { _ throws(LibvirtError) in
                for await _ in end {}
                throw Self.failure
            }
        }
        try await clock.waitForSleepers()
        caller.cancel()
        // Two looks: the first has asked for the abort by the time of the second.
        clock.advance(by: .seconds(1))
        try await clock.waitForSleepers()
        ender.finish()
        let ending = await caller.value
        #expect(ending.abort == .cancelled)
        #expect(ending.driverError(job.call).map(Kind.init) == .cancelled)
    }

    @Test("what succeeded in spite of the abort has succeeded")
    func lateSuccess() async throws {
        let clock = ManualClock()
        let job = try Self.job(clock)
        let (end, ender) = AsyncStream.makeStream(of: Void.self)
        let caller = Task {
            await job.run { _ throws(LibvirtError) in for await _ in end {} }
        }
        try await clock.waitForSleepers()
        caller.cancel()
        clock.advance(by: .seconds(1))
        try await clock.waitForSleepers()
        ender.finish()
        #expect(await caller.value.driverError(job.call) == nil)
    }
}
