import ComputeModel
import DeviceTracking
import Testing

@Suite struct DeviceStatesTests {
    private static let devices = [Card.vdpa(2), Card.pf(), Card.vf(0), Card.vdpa(1)]

    private static func states(_ ledger: HostLedger) -> [String: DeviceState] {
        let states = DeviceStates(devices: devices, ledger: ledger)
        return Dictionary(
            states.entries.map { ($0.device.id.text, $0.state) }
        ) { first, _ in first }
    }

    @Test func everythingIsFreeWhileNothingIsOwned() {
        let states = DeviceStates(devices: Self.devices, ledger: .owning([]))
        #expect(states.entries.allSatisfy { $0.state == .available && $0.reason == nil })
        #expect(states.available.map(\.id.text) == ["pf", "vf0", "vdpa1", "vdpa2"])
        #expect(states.missing.isEmpty)
    }

    @Test(arguments: ["vf0", "vdpa1"])
    func anOwnedChildTakesThePFAndNoSibling(child: String) {
        var expected: [String: DeviceState] = [
            "pf": .unavailable, "vf0": .available, "vdpa1": .available, "vdpa2": .available,
        ]
        expected[child] = .allocated
        #expect(Self.states(.owning([child])) == expected)
    }

    @Test(arguments: [ClaimPhase.claimed, .allocated, .releasing])
    func anOwnedPFTakesAllItsChildren(phase: ClaimPhase) {
        let states = Self.states(.owning(["pf"], phase: phase))
        #expect(states["pf"] == (phase == .claimed ? .claimed : .allocated))
        for child in ["vf0", "vdpa1", "vdpa2"] { #expect(states[child] == .unavailable) }
    }

    @Test(arguments: [
        (ClaimPhase.claimed, DeviceState.claimed), (.allocated, .allocated),
        (.releasing, .allocated),
    ])
    func thePhaseOfTheClaimShows(phase: ClaimPhase, state: DeviceState) {
        let states = DeviceStates(
            devices: Self.devices, ledger: .owning(["vdpa1"], phase: phase))
        let entry = states.entries.first { $0.device.id == DeviceID("vdpa1") }
        #expect(entry?.state == state)
        #expect(entry?.instanceID == InstanceID("of-vdpa1"))
        #expect(entry?.portID == PortID("port-vdpa1"))
    }

    @Test func theReasonNamesTheRelative() {
        let childOwned = DeviceStates(devices: Self.devices, ledger: .owning(["vdpa1"]))
        #expect(
            childOwned.entries.first?.block == .childOwned(Card.address(2), InstanceID("of-vdpa1")))
        #expect(
            childOwned.entries.first?.reason
                == "its child 0000:06:00.2 is owned by instance of-vdpa1")
        let parentOwned = DeviceStates(devices: Self.devices, ledger: .owning(["pf"]))
        #expect(
            parentOwned.entries.last?.reason == "its PF pf is owned by instance of-pf")
    }

    @Test func relativesOfAnotherCardDoNotMatter() {
        var stranger = Card.vdpa(3)
        stranger.id = DeviceID("stranger")
        stranger.parentID = DeviceID("other-pf")
        let states = DeviceStates(
            devices: Self.devices + [stranger], ledger: .owning(["pf", "stranger"]))
        #expect(states.entries.first { $0.device.id == stranger.id }?.state == .allocated)
        let freed = DeviceStates(devices: Self.devices + [stranger], ledger: .owning(["pf"]))
        #expect(freed.available.map(\.id) == [stranger.id])
    }

    @Test func aDeviceWithAProblemIsNotGivenOut() {
        var sick = Card.vdpa(1)
        sick.problems = ["no representor found", "second"]
        let states = DeviceStates(devices: [Card.pf(), sick], ledger: .owning([]))
        #expect(states.available.map(\.id.text) == ["pf"])
        #expect(states.entries.last?.reason == "no representor found")
        let owned = DeviceStates(devices: [sick], ledger: .owning(["vdpa1"]))
        #expect(owned.entries.first?.state == .allocated)
    }

    @Test func whatIsOwnedAndVanishedIsKept() {
        let states = DeviceStates(
            devices: [Card.pf(), Card.vf(0)], ledger: .owning(["vdpa1", "vf0"]))
        #expect(states.missing.map(\.claim.deviceID.text) == ["vdpa1"])
        #expect(states.missing.map(\.instanceID.text) == ["of-vdpa1"])
        #expect(states.available.isEmpty)
    }
}
