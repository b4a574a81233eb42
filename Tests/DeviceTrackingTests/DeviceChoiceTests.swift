import ComputeModel
import DeviceTracking
import Testing

@Suite struct DeviceChoiceTests {
    private static let mac = "02:00:00:00:00:01"
    private static let otherMAC = "02:00:00:00:00:02"

    private static func request(
        _ port: String, _ kind: DeviceKind = .vdpa, network: String? = "physnet1",
        mac: String? = nil
    ) -> DeviceRequest {
        DeviceRequest(
            portID: PortID(port), kind: kind, physicalNetwork: network, requiredMAC: mac)
    }

    private static func choose(
        _ requests: [DeviceRequest], _ free: [Device]
    ) throws -> [String] {
        try DeviceChoice.choose(requests, from: free).get().map {
            "\($0.portID?.text ?? $0.alias ?? "?"):\($0.deviceID)"
        }
    }

    @Test(arguments: DeviceKind.allCases, DeviceKind.allCases)
    func onlyTheKindThatWasAskedForIsGiven(wanted: DeviceKind, found: DeviceKind) {
        var device = Card.vdpa(0)
        device.kind = found
        let refusal = Self.request("p", wanted).refusal(of: device)
        #expect(refusal == (wanted == found ? nil : .kind(found: found, wanted: wanted.rawValue)))
    }

    @Test(arguments: [
        ("physnet1", "physnet1", true), ("PhysNet1", "physnet1", true),
        ("physnet1", "physnet2", false), (nil, nil, true), (nil, "physnet1", false),
        ("physnet1", nil, false),
    ])
    func theNetworkMustBeTheSame(wanted: String?, found: String?, fits: Bool) {
        let refusal = Self.request("p", network: wanted)
            .refusal(of: Card.vdpa(0, network: found))
        #expect(refusal == (fits ? nil : .physicalNetwork(found: found, wanted: wanted)))
    }

    /// The MAC of the port's user, the device's, whether the device takes another, the refusal.
    @Test(arguments: [
        (nil, mac, false, nil), (nil, nil, false, nil), (mac, otherMAC, true, nil),
        (mac, mac, false, nil), (mac, nil, true, nil),
        (mac, otherMAC, false, DeviceRefusal.fixedMAC(found: otherMAC, wanted: mac)),
        (mac, nil, false, DeviceRefusal.fixedMAC(found: "unknown", wanted: mac)),
    ])
    func aFixedMACServesOnlyWhoCanWearIt(
        wanted: String?, found: String?, settable: Bool, refusal: DeviceRefusal?
    ) {
        let device = Card.vdpa(0, mac: found, settable: settable)
        #expect(Self.request("p", mac: wanted).refusal(of: device) == refusal)
    }

    @Test func theFirstFittingDeviceOfEachIsGivenInTheOrderOfTheRequests() throws {
        let free = [Card.pf(), Card.vf(0), Card.vdpa(1), Card.vdpa(2), Card.vdpa(3)]
        let requests = [Self.request("a"), Self.request("b", .vf), Self.request("c")]
        #expect(try Self.choose(requests, free) == ["a:vdpa1", "b:vf0", "c:vdpa2"])
        #expect(try Self.choose([], free) == [])
    }

    @Test func whoNeedsACertainMACChoosesFirst() throws {
        let free = [
            Card.vdpa(0, mac: Self.mac, settable: false),
            Card.vdpa(1, mac: Self.otherMAC, settable: false),
        ]
        let requests = [Self.request("any"), Self.request("certain", mac: Self.mac)]
        #expect(try Self.choose(requests, free) == ["any:vdpa1", "certain:vdpa0"])
    }

    @Test func theRequestThatNothingIsLeftForIsNamed() {
        let requests = [Self.request("a"), Self.request("b"), Self.request("c")]
        let unmet = #expect(throws: UnmetDeviceRequest.self) {
            try DeviceChoice.choose(requests, from: [Card.vdpa(0), Card.vdpa(1)]).get()
        }
        #expect(unmet?.request == requests[2])
        let none = #expect(throws: UnmetDeviceRequest.self) {
            try DeviceChoice.choose(requests, from: []).get()
        }
        #expect(none?.request == requests[0])
    }
}
