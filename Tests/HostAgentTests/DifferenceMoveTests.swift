import ComputeModel
import HostDrivers
import Testing

@testable import HostAgent

private let p1 = Fixture.port(1)
private let p2 = Fixture.port(2)
private let bothVIFs = [Fixture.vif(1), Fixture.vif(2)]
private let root = GuestDisk.root(build: 0)
private let wiring: [GuestStep] = [.ensureMAC(p1), .plug(p1), .ensureMAC(p2), .plug(p2)]
private let built: [GuestStep] = [.writeConfigDrive] + wiring + [.define]

private func stored(_ disks: Set<GuestDisk>, hasCopy: Bool = false) -> StoredGuest {
    var stored = StoredGuest(instanceID: Fixture.instance, disks: disks, hasConfigDrive: true)
    stored.hasCopy = hasCopy
    return stored
}

private func transit(_ way: GuestTransit, _ power: GuestPower = .running) -> ObservedGuest {
    var guest = Fixture.observed(power, ports: [])
    guest.transit = way
    return guest
}

private func settled(
    generation: Int = 1, exported: ImageID? = nil, builtRoots: [Int]? = nil, hasBegun: Bool? = nil
) -> RecordedGuest {
    var guest = RecordedGuest(
        generation: generation, goal: .running, phase: .settled, wasBuilt: true)
    guest.exported = exported
    guest.builtRoots = builtRoots
    if let hasBegun {
        guest.migration = RecordedMigration(migrationID: Fixture.migrationID)
        guest.migration?.hasBegun = hasBegun
    }
    return guest
}

private func line(
    _ name: String, to goal: AssignmentGoal = .running, _ guest: ObservedGuest?,
    vifs: [PluggedVIF] = bothVIFs, stored: StoredGuest? = Fixture.disk,
    knows remembered: RecordedGuest? = settled(), _ steps: [GuestStep]
) -> DifferenceCase {
    DifferenceCase(
        name, goal, generation: 2, guest: guest, vifs: vifs, stored: stored,
        remembered: remembered, steps: steps)
}

private let on = Fixture.observed(.running)
private let off = Fixture.observed(.shutdown)
private let away: [GuestStep] = [.detach(p1), .unplug(p1), .detach(p2), .unplug(p2)]

@Suite struct DifferenceMoveTests {
    // MARK: Definitions that are too old

    @Test(arguments: [
        line("hard", on, [.destroy] + built + [.start]),
        line("paused", to: .paused, on, [.destroy] + built + [.start, .pause]),
        line("off", off, built + [.start]),
        line("off and stopped", to: .stopped, off, built),
        line(
            "suspended", Fixture.observed(.suspended, ports: []), vifs: [],
            [.discardSaved] + built + [.start]),
        line("crashed", Fixture.observed(.crashed), [.destroy] + built + [.start]),
    ])
    func definedSince(_ line: DifferenceCase) { line.check { $0.definedSince = 2 } }

    @Test func softRestartsAskFirst() {
        line("soft", on, [.shutdown] + built + [.start]).check {
            $0.definedSince = 2
            $0.restart = .soft
        }
    }

    @Test func aDefinitionThatIsYoungEnoughStays() {
        line("young", on, []).check { $0.definedSince = 1 }
    }

    // MARK: Root disks

    @Test(arguments: [
        line(
            "the new disk comes before the power goes", on,
            [.prepare(.root(build: 1)), .destroy] + built + [.start]),
        line(
            "killed after the disk", on, stored: stored([root, .root(build: 1)]),
            [.destroy] + built + [.start]),
        line(
            "built before, and gone", off, knows: settled(builtRoots: [0, 1]),
            [.giveUp(.diskMissing)]),
    ])
    func rebuild(_ line: DifferenceCase) {
        line.check {
            $0.guest.rootBuild = 1
            $0.definedSince = 2
        }
    }

    @Test(arguments: [
        line(
            "nobody uses it", on, stored: stored([root, .root(build: 3), .rescue]),
            [.removeDisk(.root(build: 3)), .removeDisk(.rescue)]),
        line("a way back", on, stored: stored([root, .root(build: 2)]), []),
        line("its own can't be seen", on, stored: stored([.root(build: 3)]), []),
        line(
            "a copy that nobody waits for", on, stored: stored([root], hasCopy: true),
            [.removeCopy]),
        line(
            "not before the goal is reached", off, stored: stored([root, .root(build: 3)]),
            built + [.start]),
    ])
    func tidying(_ line: DifferenceCase) { line.check { $0.guest.keptRootBuilds = [2] } }

    @Test func rescueBootsFromADiskOfItsOwn() {
        line("rescue", on, [.prepare(.rescue), .destroy] + built + [.start]).check {
            $0.definedSince = 2
            $0.guest.rescue = Fixture.image
        }
    }

    // MARK: Copies

    static let copy = ImageID("copy")

    @Test(arguments: [
        line("running", on, [.copyRoot, .export(isCopied: true)]),
        line("stopped", to: .stopped, off, [.export(isCopied: false)]),
        line(
            "suspended", to: .suspended, Fixture.observed(.suspended, ports: []), vifs: [],
            [.export(isCopied: false)]),
        line("first the power", to: .stopped, on, [.shutdown]),
        line("done", on, knows: settled(exported: ImageID("copy")), []),
        line(
            "another was done", on, knows: settled(exported: ImageID("before")),
            [.copyRoot, .export(isCopied: true)]),
        line("without a disk", on, stored: nil, [.giveUp(.diskMissing)]),
    ])
    func export(_ line: DifferenceCase) {
        line.check { $0.export = DiskExport(imageID: Self.copy) }
    }

    // MARK: Live migration

    @Test(arguments: [
        line("all NICs go, then the guest", on, away + [.migrate]),
        line(
            "killed after the NICs", Fixture.observed(.running, ports: []), vifs: [Fixture.vif(2)],
            [.unplug(p2), .migrate]),
        line("paused, to run", Fixture.observed(.paused), [.unpause] + away + [.migrate]),
        line(
            "paused, to stay so", to: .paused, Fixture.observed(.paused),
            [.giveUp(.detachWhilePaused(p1))]),
        line(
            "paused without NICs", to: .paused, Fixture.observed(.paused, ports: []), vifs: [],
            [.migrate]),
        line("on its way", transit(.leaving), []),
        line("off", off, [.giveUp(.guestNotRunning)]),
        line("crashed", Fixture.observed(.crashed), [.giveUp(.guestNotRunning)]),
        line("never here", nil, [.giveUp(.guestMissing)]),
        line("gone", nil, knows: settled(hasBegun: true), []),
        line("sent before and still here", on, knows: settled(hasBegun: true), away + [.migrate]),
    ])
    func departure(_ line: DifferenceCase) { line.check { $0.departure = Fixture.departure } }

    @Test func aFailedDepartureLeavesTheGuestAlone() {
        var failed = settled(generation: 2)
        failed.phase = .failed
        line("failed", Fixture.observed(.running, ports: [2]), vifs: [], knows: failed, [.plug(p2)])
            .check { $0.departure = Fixture.departure }
        line("failed, on its way", transit(.leaving), knows: failed, [.abortMigration])
            .check { $0.departure = Fixture.departure }
    }

    @Test(arguments: [
        line("taken back on the way", transit(.leaving), [.abortMigration]),
        line("stopped on the way", to: .stopped, transit(.leaving), [.abortMigration]),
        line("removed on the way", to: .absent, transit(.leaving), [.abortMigration]),
        line("on the way here, unasked", to: .absent, transit(.arriving), []),
        line("sent away, and wanted back", nil, knows: settled(hasBegun: true), []),
        line(
            "back: exactly what is missing", Fixture.observed(.running, ports: [2]),
            vifs: [Fixture.vif(2)], knows: settled(hasBegun: true),
            [.ensureMAC(p1), .plug(p1), .attach(p1)]),
        line("off after all", off, knows: settled(hasBegun: true), built + [.start]),
    ])
    func withoutDeparture(_ line: DifferenceCase) { line.check() }

    @Test(arguments: [
        line(
            "nothing there", nil, vifs: [], stored: nil, knows: nil,
            [.prepare(root), .writeConfigDrive] + wiring),
        line(
            "killed on the way", nil, vifs: [Fixture.vif(1)], knows: nil,
            [.ensureMAC(p2), .plug(p2)]),
        line("all is there", nil, knows: nil, []),
        line("asked whether it left", nil, vifs: [], knows: settled(hasBegun: true), []),
        line("on its way", transit(.arriving, .paused), knows: nil, []),
        line(
            "it has come", Fixture.observed(.running, ports: []), knows: nil,
            [
                .ensureMAC(p1), .plug(p1), .attach(p1), .ensureMAC(p2), .plug(p2), .attach(p2),
                .announce(p1), .announce(p2),
            ]),
        line(
            "killed before the last NIC", Fixture.observed(.running, ports: [1]), knows: nil,
            [.ensureMAC(p2), .plug(p2), .attach(p2), .announce(p1), .announce(p2)]),
        line("it is complete", on, knows: settled(generation: 2), []),
        line("off soon after", Fixture.observed(.shutdown, ports: []), knows: nil, []),
        line("gone after it had come", nil, knows: settled(generation: 2), []),
    ])
    func arrival(_ line: DifferenceCase) {
        line.check {
            $0.arrival = Fixture.arrival
            $0.definedSince = 2
        }
    }

    @Test func aGuestThatWasSentAwayMayComeBack() {
        line(
            "by another migration", nil, stored: nil, knows: settled(hasBegun: true),
            [.prepare(root), .writeConfigDrive]
        ).check {
            $0.arrival = Fixture.arrival
            $0.arrival?.migrationID = MigrationID("another")
        }
    }

    @Test func orphansOnTheirWay() {
        for (way, steps) in [(GuestTransit.leaving, [GuestStep.abortMigration]), (.arriving, [])] {
            let actions = difference(
                desired: [], observed: HostObservation(guests: [transit(way)]), record: nil,
                orphans: .remove)
            #expect(actions.map(\.step) == steps)
        }
    }
}
