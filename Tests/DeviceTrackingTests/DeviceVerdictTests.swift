import ComputeModel
import DeviceTracking
import Foundation
import Testing

@Suite struct DeviceVerdictTests {
    private static let request = DeviceRequest(
        portID: PortID("p"), kind: .vdpa, physicalNetwork: "physnet1")

    @Test func eachDeviceSaysWhyItIsNotGiven() throws {
        var sick = Card.vdpa(4)
        sick.problems = ["no representor found"]
        let devices = [
            Card.vf(0), Card.vdpa(1), Card.vdpa(2), Card.vdpa(3), sick, Card.vdpa(5, network: "b"),
        ]
        var sibling = Self.request
        sibling.id = "sibling"
        let verdicts = DeviceChoice.reasons(
            for: Self.request, after: [sibling],
            in: DeviceStates(devices: devices, ledger: .owning(["vdpa1"])))
        #expect(
            verdicts.map(\.verdict) == [
                .refused(.kind(found: .vf, wanted: "vdpa")), .owned(InstanceID("of-vdpa1")),
                .takenBySibling(request: "sibling", device: DeviceID("vdpa2")), .free,
                .blocked(.problem("no representor found")),
                .refused(.physicalNetwork(found: "b", wanted: "physnet1")),
            ])
        #expect(verdicts.map(\.deviceID) == devices.map(\.id))
        let text = try JSONEncoder().encode(verdicts)
        #expect(try JSONDecoder().decode([DeviceVerdict].self, from: text) == verdicts)
        #expect("\(verdicts[1])" == "device vdpa1 at 0000:06:00.2 is owned by instance of-vdpa1")
    }

    @Test func aRelativeOfWhatASiblingTakesIsNotFree() {
        let pf = DeviceRequest(portID: PortID("pf"), kind: .pf, physicalNetwork: "physnet1")
        let states = DeviceStates(devices: [Card.pf(), Card.vdpa(0)], ledger: .owning([]))
        let verdicts = DeviceChoice.reasons(for: Self.request, after: [pf], in: states)
        #expect(
            verdicts.map(\.verdict) == [
                .refused(.kind(found: .pf, wanted: "vdpa")),
                .takenBySibling(request: pf.id, device: DeviceID("pf")),
            ])
    }

    @Test func nearnessCountsWhereTheGuestIsPlaced() {
        var far = Card.vdpa(0)
        far.numaNode = 0
        let states = DeviceStates(devices: [far], ledger: .owning([]))
        #expect(DeviceChoice.reasons(for: Self.request, in: states).map(\.verdict) == [.free])
        let near = DeviceChoice.reasons(for: Self.request, in: states, guestCells: [1])
        #expect(
            near.map(\.verdict) == [
                .refused(.numaNode(found: 0, wanted: [1], policy: .legacy))
            ])
    }
}
