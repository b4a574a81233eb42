import ComputeModel
@testable import DeviceTracking
import Testing

/// Relations between devices that the host reports, or reported once, and that are not the plain
/// card of `DeviceStatesTests`. Identities here have the real form, `parent/vf3/vdpa3`.
@Suite struct DeviceRelationTests {
    private static func pf(_ parent: String = "sn.0") -> Device { Card.pf(parent) }

    private static func vf(_ index: Int) -> Device { named(Card.vf(index), "sn.0/vf\(index)") }

    private static func vdpa(_ index: Int, _ name: String? = nil) -> Device {
        named(Card.vdpa(index), "sn.0/vf\(index)/\(name ?? "vdpa\(index)")")
    }

    private static func named(_ device: Device, _ id: String) -> Device {
        var device = device
        device.id = DeviceID(id)
        device.parentID = DeviceID("sn.0")
        return device
    }

    private static func blocks(
        _ devices: [Device], owning: [String]
    ) -> [String: DeviceBlock] {
        let states = DeviceStates(devices: devices, ledger: .owning(owning))
        return Dictionary(
            states.entries.compactMap { entry in entry.block.map { (entry.device.id.text, $0) } }
        ) { first, _ in first }
    }

    private static func owner(_ id: String) -> InstanceID { InstanceID("of-\(id)") }

    @Test(arguments: [
        ("sn.0/vf3", "sn.0/vf3/vdpa3"), ("sn.0/vf3/vdpa3", "sn.0/vf3"),
    ])
    func aFunctionIsOwnedUnderBothItsNames(owned: String, other: String) {
        let both = [Self.vf(3), Self.vdpa(3), Self.vdpa(4)]
        let block = DeviceBlock.sameFunctionOwned(DeviceID(owned), Self.owner(owned))
        #expect(Self.blocks(both, owning: [owned]) == [other: block])
        // Re-typed: what is owned isn't reported any more, or only under its new name.
        let left = both.filter { $0.id.text != owned }
        #expect(Self.blocks(left, owning: [owned]) == [other: block])
    }

    @Test func anotherNameOfTheVDPADeviceIsTheSameFunction() {
        let blocks = Self.blocks([Self.vdpa(3, "new")], owning: ["sn.0/vf3/old"])
        #expect(
            blocks == [
                "sn.0/vf3/new": .sameFunctionOwned(
                    DeviceID("sn.0/vf3/old"), Self.owner("sn.0/vf3/old"))
            ])
        #expect(Self.blocks([Self.vdpa(3)], owning: ["sn.0/vf33/old", "sn.1/vf3"]) == [:])
    }

    @Test func aVanishedChildStillTakesItsPF() {
        let owned = "sn.0/vf3/vdpa3"
        let blocks = Self.blocks([Self.pf(), Self.vdpa(4)], owning: [owned])
        #expect(blocks == ["sn.0": .missingChildOwned(DeviceID(owned), Self.owner(owned))])
        #expect(
            blocks["sn.0"]?.description
                == "its child sn.0/vf3/vdpa3, not reported any more, is owned by instance"
                + " of-sn.0/vf3/vdpa3")
    }

    @Test func aVanishedPFStillTakesItsChildren() {
        let blocks = Self.blocks([Self.vf(1), Self.vdpa(2)], owning: ["sn.0"])
        let block = DeviceBlock.parentOwned(DeviceID("sn.0"), Self.owner("sn.0"))
        #expect(blocks == ["sn.0/vf1": block, "sn.0/vf2/vdpa2": block])
    }

    @Test func childrenWithoutAParentsIdentityAreFoundByItsAddress() {
        var child = Self.vf(1)
        child.parentID = nil
        #expect(
            Self.blocks([child, Self.pf()], owning: ["sn.0"])
                == ["sn.0/vf1": .parentOwned(DeviceID("sn.0"), Self.owner("sn.0"))])
        #expect(
            Self.blocks([child, Self.pf()], owning: ["sn.0/vf1"])
                == ["sn.0": .childOwned(Card.address(2), Self.owner("sn.0/vf1"))])
        #expect(Self.blocks([child], owning: []) == [:])
    }

    @Test func whatIsReportedTwiceIsNotGivenOut() {
        var twin = Self.vf(1)
        twin.address = Card.address(7)
        #expect(
            Self.blocks([Self.vf(1), twin], owning: []) == ["sn.0/vf1": .ambiguous(count: 2)])
        #expect(
            Self.blocks([Self.vdpa(1), Self.vdpa(1, "b")], owning: [])
                == [
                    "sn.0/vf1/vdpa1": .ambiguous(count: 2), "sn.0/vf1/b": .ambiguous(count: 2),
                ])
        let owned = DeviceStates(devices: [Self.vf(1), twin], ledger: .owning(["sn.0/vf1"]))
        #expect(owned.available.isEmpty && owned.missing.isEmpty)
    }

    @Test func softwareDevicesShareAddressesAndNothingElse() {
        let software = ["a", "b"].map { name in
            Device(
                id: DeviceID("software/vdpasim/\(name)"), kind: .vdpa,
                address: Card.address(0), vendorID: "0000", productID: "0000")
        }
        #expect(Self.blocks(software, owning: ["software/vdpasim/a"]) == [:])
        #expect(Self.blocks(software + [Self.pf()], owning: ["software/vdpasim/a"]) == [:])
    }

    @Test func whatIsOwnedTwiceIsToldAndStaysOwned() {
        var ledger = HostLedger.owning(["sn.0/vf1", "x"])
        ledger.claims[1].devices[0].deviceID = DeviceID("sn.0/vf1")
        let states = DeviceStates(devices: [Self.vf(1)], ledger: ledger)
        #expect(
            states.contested == [
                .init(
                    deviceID: DeviceID("sn.0/vf1"),
                    instanceIDs: [Self.owner("sn.0/vf1"), Self.owner("x")])
            ])
        #expect(states.entries.first?.instanceID == Self.owner("sn.0/vf1"))
        ledger.claims.removeFirst()
        let left = DeviceStates(devices: [Self.vf(1)], ledger: ledger)
        #expect(left.entries.first?.instanceID == Self.owner("x") && left.contested.isEmpty)
    }

    @Test func anAliasShowsInsteadOfAPort() {
        var ledger = HostLedger.owning(["sn.0/vf1"])
        ledger.claims[0].devices = [DeviceClaim(deviceID: DeviceID("sn.0/vf1"), alias: "gpu")]
        let entry = DeviceStates(devices: [Self.vf(1)], ledger: ledger).entries.first
        #expect(entry?.alias == "gpu" && entry?.portID == nil)
    }
}
