import ComputeModel
import HostDrivers
import Testing

@testable import HostAgent

private let p1 = Fixture.port(1)
private let p2 = Fixture.port(2)
private let p3 = Fixture.port(3)
private let bothVIFs = [Fixture.vif(1), Fixture.vif(2)]
private let wiring: [GuestStep] = [.ensureMAC(p1), .plug(p1), .ensureMAC(p2), .plug(p2)]

private func settled(_ goal: AssignmentGoal = .running) -> RecordedGuest {
    RecordedGuest(generation: 1, goal: goal, phase: .settled, wasBuilt: true)
}

private func failed(_ goal: AssignmentGoal) -> RecordedGuest {
    RecordedGuest(
        generation: 1, goal: goal, phase: .failed, failure: "no", detail: "no", wasBuilt: true)
}

/// Guests that have their power: which NICs and wires come and go.
private let hotplugCases: [DifferenceCase] = [
    DifferenceCase(
        "a NIC more", .running, generation: 2, guest: Fixture.observed(.running, ports: [1]),
        vifs: [Fixture.vif(1)], stored: Fixture.disk, remembered: settled(),
        steps: [.ensureMAC(p2), .plug(p2), .attach(p2)]),
    DifferenceCase(
        "killed after the plug of a NIC more", .running, generation: 2,
        guest: Fixture.observed(.running, ports: [1]), vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(), steps: [.ensureMAC(p2), .plug(p2), .attach(p2)]),
    DifferenceCase(
        "a NIC less", .running, generation: 2,
        guest: Fixture.observed(.running, ports: [1, 2, 3]), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: settled(), steps: [.detach(p3), .unplug(p3)]),
    DifferenceCase(
        "killed between detach and unplug", .running, generation: 2,
        guest: Fixture.observed(.running), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: settled(), steps: [.unplug(p3)]),
    DifferenceCase(
        "one NIC for another: devices are given back first", .running, generation: 2,
        guest: Fixture.observed(.running, ports: [1, 3]),
        vifs: [Fixture.vif(1), Fixture.vif(3)], stored: Fixture.disk, remembered: settled(),
        steps: [.detach(p3), .unplug(p3), .ensureMAC(p2), .plug(p2), .attach(p2)]),
    DifferenceCase(
        "the same NICs in another order", .running, generation: 2,
        guest: Fixture.observed(.running, ports: [2, 1]), vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(), steps: []),
    DifferenceCase(
        "a NIC went by itself", .running, guest: Fixture.observed(.running, ports: [1]),
        vifs: bothVIFs, stored: Fixture.disk, remembered: settled(),
        steps: [.ensureMAC(p2), .plug(p2), .attach(p2)]),
    DifferenceCase(
        "paused on the way, nothing to give up", .running, generation: 2,
        guest: Fixture.observed(.paused, ports: [1]), vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(.paused),
        steps: [.ensureMAC(p2), .plug(p2), .attach(p2), .unpause]),
    DifferenceCase(
        "paused on the way, a NIC to give up", .running, generation: 2,
        guest: Fixture.observed(.paused, ports: [1, 2, 3]), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: settled(.paused),
        steps: [.unpause, .detach(p3), .unplug(p3)]),
    DifferenceCase(
        "paused by itself, a NIC too many", .running,
        guest: Fixture.observed(.paused, ports: [1, 2, 3]), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: settled(), steps: []),
    DifferenceCase(
        "a failed detach is not tried again", .running,
        guest: Fixture.observed(.running, ports: [1, 2, 3]), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: failed(.running), steps: []),
    DifferenceCase(
        "what is left after a failure stays wired", .running,
        guest: Fixture.observed(.running, ports: [1, 3]), vifs: [Fixture.vif(3)],
        stored: Fixture.disk, remembered: failed(.running), steps: [.plug(p1)]),
    DifferenceCase(
        "also of a suspension", .suspended, guest: Fixture.observed(.running, ports: [2]),
        vifs: [], stored: Fixture.disk, remembered: failed(.suspended), steps: [.plug(p2)]),
    DifferenceCase(
        "back after a failed suspension: exactly what is missing", .running, generation: 2,
        guest: Fixture.observed(.running, ports: [2]), vifs: [Fixture.vif(2)],
        stored: Fixture.disk, remembered: failed(.suspended),
        steps: [.ensureMAC(p1), .plug(p1), .attach(p1)]),
]

private let pausedCases: [DifferenceCase] = [
    DifferenceCase(
        "pause", .paused, generation: 2, guest: Fixture.observed(.running), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(), steps: [.pause]),
    DifferenceCase(
        "is paused", .paused, generation: 2, guest: Fixture.observed(.paused), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(), steps: []),
    DifferenceCase(
        "a NIC more for a paused guest", .paused, generation: 2,
        guest: Fixture.observed(.paused, ports: [1]), vifs: [Fixture.vif(1)],
        stored: Fixture.disk, remembered: settled(.paused),
        steps: [.ensureMAC(p2), .plug(p2), .attach(p2)]),
    DifferenceCase(
        "a NIC less for a paused guest", .paused, generation: 2,
        guest: Fixture.observed(.paused, ports: [1, 2, 3]), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: settled(.paused),
        steps: [.giveUp(.detachWhilePaused(p3))]),
    DifferenceCase(
        "built and paused", .paused,
        steps: [.prepare(.root(build: 0)), .writeConfigDrive] + wiring
            + [.define, .start, .pause]),
    DifferenceCase(
        "off by itself", .paused, guest: Fixture.observed(.shutdown), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(.paused), steps: []),
    DifferenceCase(
        "resumed into pause", .paused, generation: 2,
        guest: Fixture.observed(.suspended, ports: []), stored: Fixture.disk,
        remembered: settled(.suspended),
        steps: wiring + [.restore, .attach(p1), .attach(p2)]),
]

private let suspendedCases: [DifferenceCase] = [
    DifferenceCase(
        "suspend", .suspended, generation: 2, guest: Fixture.observed(.running), vifs: bothVIFs,
        stored: Fixture.disk, remembered: settled(),
        steps: [.detach(p1), .unplug(p1), .detach(p2), .unplug(p2), .save]),
    DifferenceCase(
        "suspend a paused guest", .suspended, generation: 2,
        guest: Fixture.observed(.paused), vifs: bothVIFs, stored: Fixture.disk,
        steps: [.unpause, .detach(p1), .unplug(p1), .detach(p2), .unplug(p2), .save]),
    DifferenceCase(
        "killed before the last unplug", .suspended, generation: 2,
        guest: Fixture.observed(.running, ports: []), vifs: [Fixture.vif(2)],
        stored: Fixture.disk, steps: [.unplug(p2), .save]),
    DifferenceCase(
        "saved again after a resume that failed", .suspended, generation: 2,
        guest: Fixture.observed(.paused, ports: []), vifs: bothVIFs, stored: Fixture.disk,
        steps: [.unplug(p1), .unplug(p2), .save]),
    DifferenceCase(
        "is suspended", .suspended, generation: 2,
        guest: Fixture.observed(.suspended, ports: []), stored: Fixture.disk, steps: []),
    DifferenceCase(
        "off before it could be suspended", .suspended, generation: 2,
        guest: Fixture.observed(.shutdown), vifs: bothVIFs, stored: Fixture.disk,
        steps: [.unplug(p1), .unplug(p2)]),
    DifferenceCase(
        "resume", .running, generation: 2, guest: Fixture.observed(.suspended, ports: []),
        stored: Fixture.disk, remembered: settled(.suspended),
        steps: wiring + [.restore, .attach(p1), .attach(p2), .unpause]),
    DifferenceCase(
        "resume killed after the restore", .running, generation: 2,
        guest: Fixture.observed(.paused, ports: []), vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(.suspended),
        steps: [
            .ensureMAC(p1), .plug(p1), .attach(p1), .ensureMAC(p2), .plug(p2), .attach(p2),
            .unpause,
        ]),
    DifferenceCase(
        "stop a suspended guest", .stopped, generation: 2,
        guest: Fixture.observed(.suspended, ports: []), stored: Fixture.disk,
        remembered: settled(.suspended), steps: [.discardSaved]),
    DifferenceCase(
        "remove a suspended guest", .absent, generation: 2,
        guest: Fixture.observed(.suspended, ports: []), stored: Fixture.disk,
        remembered: settled(.suspended), steps: [.undefine, .removeStorage, .forget]),
]

private let stoppedCases: [DifferenceCase] = [
    DifferenceCase(
        "a NIC more while it is off", .stopped, generation: 2,
        guest: Fixture.observed(.shutdown, ports: [1]), vifs: [Fixture.vif(1)],
        stored: Fixture.disk, remembered: settled(.stopped),
        steps: [.writeConfigDrive] + wiring + [.define]),
    DifferenceCase(
        "a NIC less while it is off", .stopped, generation: 2,
        guest: Fixture.observed(.shutdown, ports: [1, 2, 3]), vifs: bothVIFs + [Fixture.vif(3)],
        stored: Fixture.disk, remembered: settled(.stopped),
        steps: [.writeConfigDrive, .unplug(p3)] + wiring + [.define]),
    DifferenceCase(
        "a wire fell off", .stopped, guest: Fixture.observed(.shutdown), vifs: [Fixture.vif(1)],
        stored: Fixture.disk, remembered: settled(.stopped), steps: [.ensureMAC(p2), .plug(p2)]),
    DifferenceCase(
        "undefined by somebody", .stopped, vifs: bothVIFs, stored: Fixture.disk,
        remembered: settled(.stopped), steps: []),
]

@Suite struct DifferenceNICTests {
    @Test(arguments: hotplugCases + pausedCases + suspendedCases + stoppedCases)
    func table(_ line: DifferenceCase) { line.check() }

    /// NICs that somebody else gave the guest are nobody's business here.
    @Test func foreignNICsAreLeftAlone() {
        var guest = Fixture.observed(.running)
        guest.interfaces.append(ObservedInterface(portID: nil, macAddress: "52:54:00:00:00:01"))
        DifferenceCase(
            "foreign", .running, guest: guest, vifs: bothVIFs, stored: Fixture.disk, steps: []
        ).check()
    }

    @Test func otherKindsOfNICAreRefusedAlsoLater() {
        DifferenceCase(
            "direct", .running, generation: 2, guest: Fixture.observed(.running, ports: [1]),
            vifs: [Fixture.vif(1)], stored: Fixture.disk,
            steps: [.giveUp(.interfaceUnsupported(p2, .direct))]
        ).check { $0.guest.interfaces[1].vnicType = .direct }
    }
}
