import ComputeModel
import HostDrivers
import Testing

@testable import HostAgent

/// One line of the table: what is wanted, what is there, what is remembered, what follows.
struct DifferenceCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var goal: AssignmentGoal
    var generation = 1
    var guest: ObservedGuest?
    var vifs: [PluggedVIF] = []
    var stored: StoredGuest?
    var remembered: RecordedGuest?
    let steps: [GuestStep]

    init(
        _ name: String, _ goal: AssignmentGoal, generation: Int = 1,
        guest: ObservedGuest? = nil, vifs: [PluggedVIF] = [], stored: StoredGuest? = nil,
        remembered: RecordedGuest? = nil, steps: [GuestStep]
    ) {
        testDescription = name
        self.goal = goal
        self.generation = generation
        self.guest = guest
        self.vifs = vifs
        self.stored = stored
        self.remembered = remembered
        self.steps = steps
    }
}

extension DifferenceCase {
    /// Compares, for an assignment that may be changed before.
    func check(_ change: (inout Assignment) -> Void = { _ in }) {
        let observed = HostObservation(
            guests: [guest].compactMap { $0 }, vifs: vifs, storage: [stored].compactMap { $0 })
        var record = LocalRecord()
        record[Fixture.instance] = remembered
        var assignment = Fixture.assignment(goal, generation: generation)
        change(&assignment)
        let actions = difference(
            desired: [assignment], observed: observed, record: record, orphans: .remove)
        #expect(
            actions == steps.map { GuestAction(Fixture.instance, $0) }, "\(testDescription)")
    }
}

private let p1 = Fixture.port(1)
private let p2 = Fixture.port(2)
private let wiring: [GuestStep] = [.ensureMAC(p1), .plug(p1), .ensureMAC(p2), .plug(p2)]
private let bothVIFs = [Fixture.vif(1), Fixture.vif(2)]
private let root = GuestDisk.root(build: 0)
private let halfDisk = StoredGuest(
    instanceID: Fixture.instance, disks: [], hasConfigDrive: false)

private func settled(
    _ goal: AssignmentGoal, generation: Int = 1
) -> RecordedGuest {
    RecordedGuest(generation: generation, goal: goal, phase: .settled, wasBuilt: true)
}

private func failed(_ goal: AssignmentGoal, wasBuilt: Bool = false) -> RecordedGuest {
    RecordedGuest(
        generation: 1, goal: goal, phase: .failed, failure: "no", detail: "really no",
        wasBuilt: wasBuilt)
}

private let runningCases: [DifferenceCase] = [
    DifferenceCase(
        "nothing there", .running,
        steps: [.prepare(root), .writeConfigDrive] + wiring + [.define, .start]),
    DifferenceCase(
        "half a disk", .running, stored: halfDisk,
        steps: [.prepare(root), .writeConfigDrive] + wiring + [.define, .start]),
    DifferenceCase(
        "killed after the disk", .running, stored: Fixture.disk,
        steps: [.writeConfigDrive] + wiring + [.define, .start]),
    DifferenceCase(
        "killed after one plug", .running, vifs: [Fixture.vif(1)], stored: Fixture.disk,
        steps: [.writeConfigDrive] + wiring + [.define, .start]),
    DifferenceCase(
        "killed before the start", .running, guest: Fixture.observed(.shutdown),
        vifs: bothVIFs, stored: Fixture.disk,
        steps: [.writeConfigDrive] + wiring + [.define, .start]),
    DifferenceCase(
        "runs, not remembered", .running, guest: Fixture.observed(.running), vifs: bothVIFs,
        stored: Fixture.disk, steps: []),
    DifferenceCase(
        "as it should be", .running, guest: Fixture.observed(.running), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(.running), steps: []),
    DifferenceCase(
        "paused by somebody", .running, guest: Fixture.observed(.paused), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(.running), steps: []),
    DifferenceCase(
        "another generation, already right", .running, generation: 2,
        guest: Fixture.observed(.running), vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(.running), steps: []),
    DifferenceCase(
        "a port fell off the switch", .running, guest: Fixture.observed(.running),
        vifs: [Fixture.vif(2)], stored: Fixture.disk, remembered: settled(.running),
        steps: [.plug(p1)]),
    DifferenceCase(
        "a stray port on the switch", .running, guest: Fixture.observed(.running),
        vifs: bothVIFs + [Fixture.vif(3)], stored: Fixture.disk,
        remembered: settled(.running), steps: [.unplug(Fixture.port(3))]),
    DifferenceCase(
        "powered off by itself", .running, guest: Fixture.observed(.shutdown), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(.running), steps: []),
    DifferenceCase(
        "crashed by itself", .running, guest: Fixture.observed(.crashed), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(.running), steps: []),
    DifferenceCase(
        "undefined by somebody", .running, vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(.running), steps: []),
    DifferenceCase(
        "started anew after it powered off", .running, generation: 2,
        guest: Fixture.observed(.shutdown), vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(.running),
        steps: [.writeConfigDrive] + wiring + [.define, .start]),
    DifferenceCase(
        "started anew after a crash", .running, generation: 2,
        guest: Fixture.observed(.crashed), vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(.running),
        steps: [.destroy, .writeConfigDrive] + wiring + [.define, .start]),
    DifferenceCase(
        "started anew with another port", .running, generation: 2,
        guest: Fixture.observed(.shutdown), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: settled(.stopped),
        steps: [.writeConfigDrive, .unplug(Fixture.port(3))] + wiring + [.define, .start]),
    DifferenceCase(
        "its data is gone", .running, generation: 2, guest: Fixture.observed(.shutdown),
        vifs: bothVIFs, remembered: settled(.running), steps: [.giveUp(.diskMissing)]),
    DifferenceCase(
        "given up before", .running, stored: Fixture.disk, remembered: failed(.running),
        steps: []),
    DifferenceCase(
        "given up before, asked again", .running, generation: 2, stored: Fixture.disk,
        remembered: failed(.running),
        steps: [.writeConfigDrive] + wiring + [.define, .start]),
]

private let otherCases: [DifferenceCase] = [
    DifferenceCase(
        "stop a running guest", .stopped, generation: 2, guest: Fixture.observed(.running),
        vifs: bothVIFs, stored: Fixture.disk, remembered: settled(.running),
        steps: [.shutdown]),
    DifferenceCase(
        "stop a paused guest", .stopped, generation: 2, guest: Fixture.observed(.paused),
        vifs: bothVIFs, stored: Fixture.disk, steps: [.shutdown]),
    DifferenceCase(
        "stopped already", .stopped, generation: 2, guest: Fixture.observed(.shutdown),
        vifs: bothVIFs, stored: Fixture.disk, remembered: settled(.running), steps: []),
    DifferenceCase(
        "stopped, then started by somebody", .stopped, guest: Fixture.observed(.running),
        vifs: bothVIFs, stored: Fixture.disk, remembered: settled(.stopped),
        steps: [.shutdown]),
    DifferenceCase(
        "built to be stopped", .stopped,
        steps: [.prepare(root), .writeConfigDrive] + wiring + [.define]),
    DifferenceCase("nothing to remove", .absent, steps: []),
    DifferenceCase(
        "remove a running guest", .absent, generation: 2, guest: Fixture.observed(.running),
        vifs: bothVIFs, stored: Fixture.disk, remembered: settled(.running),
        steps: [
            .destroy, .unplug(p1), .unplug(p2), .undefine, .removeStorage, .forget,
        ]),
    DifferenceCase(
        "remove a crashed guest", .absent, guest: Fixture.observed(.crashed),
        steps: [.destroy, .undefine]),
    DifferenceCase(
        "removal killed after the destroy", .absent, guest: Fixture.observed(.shutdown),
        vifs: bothVIFs, stored: Fixture.disk,
        steps: [.unplug(p1), .unplug(p2), .undefine, .removeStorage]),
    DifferenceCase(
        "removal killed after the unplugs", .absent, guest: Fixture.observed(.shutdown),
        stored: Fixture.disk, steps: [.undefine, .removeStorage]),
    DifferenceCase(
        "removal killed before the disk", .absent, stored: halfDisk, steps: [.removeStorage]),
    DifferenceCase(
        "only remembered", .absent, generation: 2, remembered: settled(.running),
        steps: [.forget]),
    DifferenceCase(
        "remove what was given up", .absent, generation: 2, vifs: [Fixture.vif(1)],
        stored: halfDisk, remembered: failed(.running),
        steps: [.unplug(p1), .removeStorage, .forget]),
    DifferenceCase(
        "removal given up", .absent, stored: Fixture.disk, remembered: failed(.absent),
        steps: []),
]

@Suite struct DifferenceTests {
    @Test(arguments: runningCases + otherCases)
    func table(_ line: DifferenceCase) { line.check() }

    @Test func refusesOtherKindsOfNIC() {
        var assignment = Fixture.assignment(.running)
        assignment.guest.interfaces[1].vnicType = .direct
        let actions = difference(
            desired: [assignment], observed: HostObservation(), record: nil, orphans: .remove)
        #expect(
            actions == [
                GuestAction(Fixture.instance, .giveUp(.interfaceUnsupported(p2, .direct)))
            ])
    }

    @Test(arguments: [OrphanPolicy.keep, .remove])
    func orphansGoOnlyWhenTheyMay(_ policy: OrphanPolicy) {
        let observed = HostObservation(
            guests: [Fixture.observed(.running)], vifs: bothVIFs, storage: [Fixture.disk])
        let actions = difference(
            desired: [], observed: observed, record: nil, orphans: policy)
        let removal: [GuestStep] = [
            .destroy, .unplug(p1), .unplug(p2), .undefine, .removeStorage,
        ]
        #expect(actions.map(\.step) == (policy == .remove ? removal : []))
    }

    @Test func aPortMovedToAnotherInstanceStays() {
        var moved = Fixture.vif(1)
        moved.instanceID = InstanceID("i2")
        let observed = HostObservation(vifs: [moved, Fixture.vif(2)])
        let actions = difference(
            desired: [Fixture.assignment(.absent)], observed: observed, record: nil,
            orphans: .keep)
        #expect(actions == [GuestAction(Fixture.instance, .unplug(p2))])
    }

    @Test func removalsComeFirst() {
        let other = InstanceID("i0")
        let leaving = InstanceID("i9")
        let orphan = StoredGuest(instanceID: InstanceID("x"), disks: [root], hasConfigDrive: true)
        let gone = StoredGuest(instanceID: leaving, disks: [root], hasConfigDrive: true)
        let actions = difference(
            desired: [
                Fixture.assignment(.running, instance: other),
                Fixture.assignment(.absent, instance: leaving),
            ],
            observed: HostObservation(storage: [orphan, gone]), record: nil, orphans: .remove)
        #expect(
            actions.prefix(3).map(\.instanceID) == [InstanceID("x"), leaving, other])
    }
}
