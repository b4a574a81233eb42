import ComputeModel
import Testing

@testable import DeviceTracking

/// Which of several devices that would do is given.
@Suite struct DevicePreferenceTests {
    private static func request(_ port: String, policy: NUMAAffinityPolicy = .legacy)
        -> DeviceRequest
    {
        var request = DeviceRequest(
            portID: PortID(port), kind: .vdpa, physicalNetwork: "physnet1")
        request.numaPolicy = policy
        return request
    }

    private static func rich(_ index: Int, queuePairs: Int = 8) -> Device {
        var device = Card.vdpa(index)
        var can = DeviceCapabilities()
        can.queuePairsMax = queuePairs
        can.features = ["mq"]
        device.capabilities = can
        return device
    }

    private static func near(_ device: Device, _ node: Int?) -> Device {
        var device = device
        device.numaNode = node
        return device
    }

    private static func choose(
        _ requests: [DeviceRequest], _ free: [Device], cells: [Int]? = nil,
        sockets: [Int: Int] = [:]
    ) throws -> [String] {
        try DeviceChoice.choose(requests, from: free, guestCells: cells, sockets: sockets).get()
            .map(\.deviceID.text)
    }

    @Test func theLowestAddressIsGivenWhateverTheOrder() throws {
        let free = [Card.vdpa(2), Card.vdpa(0), Card.vdpa(1)]
        #expect(try Self.choose([Self.request("a")], free) == ["vdpa0"])
        #expect(
            try Self.choose([Self.request("a"), Self.request("b")], free.reversed())
                == ["vdpa0", "vdpa1"])
    }

    @Test func richDevicesAreKeptForWhoNeedsThem() throws {
        let free = [Self.rich(0), Card.vdpa(1), Self.rich(2, queuePairs: 4)]
        #expect(try Self.choose([Self.request("plain")], free) == ["vdpa1"])
        #expect(
            try Self.choose([Self.request("a"), Self.request("b")], free) == ["vdpa1", "vdpa2"])
        var wide = Self.request("wide")
        wide.requirements.queuePairsMin = 8
        #expect(try Self.choose([Self.request("plain"), wide], free) == ["vdpa1", "vdpa0"])
        #expect(
            try Self.choose(
                [Self.request("plain"), wide], [Self.rich(0), Self.rich(1, queuePairs: 9)])
                == ["vdpa0", "vdpa1"])
    }

    /// Each step adds something that a request could ask for.
    @Test func moreIsNeverRankedBelowLess() {
        var device = Card.vf(0)
        device.capabilities = DeviceCapabilities()
        device.tags = DeviceTags()
        device.macSettable = false
        var ranks = [DeviceRank(of: device)]
        let steps: [(inout Device) -> Void] = [
            { $0.macSettable = true }, { $0.capabilities?.mtuMaxBytes = 9000 },
            { $0.capabilities?.linkSpeedMbps = 100_000 }, { $0.capabilities?.queuePairsMax = 2 },
            { $0.capabilities?.features = ["mq"] }, { $0.tags?.traits = ["CUSTOM_A"] },
            { $0.tags?.resourceClass = "CUSTOM_B" }, { $0.tags?.liveMigratable = true },
            { $0.tags?.trusted = true }, { $0.tags?.remoteManaged = true },
            { $0.capabilities?.transparentMigration = true }, { $0.kind = .pf },
        ]
        for step in steps {
            step(&device)
            ranks.append(DeviceRank(of: device))
        }
        #expect(zip(ranks, ranks.dropFirst()).allSatisfy { $0 < $1 })
    }

    /// Policy, what is given of devices on cells 0, 1, 2 and on none, in this order of address,
    /// to a guest on cell 1 that shares its socket with cell 2.
    @Test(arguments: [
        (NUMAAffinityPolicy.required, ["vdpa1"]), (.legacy, ["vdpa1", "vdpa3"]),
        (.preferred, ["vdpa1", "vdpa2", "vdpa3", "vdpa0"]), (.socket, ["vdpa1", "vdpa2"]),
    ])
    func nearDevicesComeFirst(policy: NUMAAffinityPolicy, order: [String]) throws {
        var free = [
            Self.near(Card.vdpa(0), 0), Self.near(Card.vdpa(1), 1), Self.near(Card.vdpa(2), 2),
            Self.near(Card.vdpa(3), nil),
        ]
        let sockets = [0: 0, 1: 1, 2: 1]
        for wanted in order {
            let request = Self.request("p", policy: policy)
            #expect(try Self.choose([request], free, cells: [1], sockets: sockets) == [wanted])
            free.removeAll { $0.id.text == wanted }
        }
        #expect(throws: UnmetDeviceRequest.self) {
            try Self.choose(
                [Self.request("p", policy: policy)], free, cells: [1], sockets: sockets)
        }
    }

    @Test func nearnessComesBeforeThrift() throws {
        let free = [Self.near(Card.vdpa(0), 0), Self.near(Self.rich(1), 1)]
        let request = Self.request("p", policy: .preferred)
        #expect(try Self.choose([request], free, cells: [1]) == ["vdpa1"])
        #expect(try Self.choose([request], free) == ["vdpa0"])
    }

    @Test func aVFIsGivenBeforeAPF() throws {
        let either = DeviceRequest(
            alias: "nic", number: 0, alternatives: [DeviceDemand(kinds: [.pf, .vf])])
        #expect(try Self.choose([either], [Card.pf(), Card.vf(0)]) == ["vf0"])
        #expect(try Self.choose([either], [Card.pf()]) == ["pf"])
        let claims = try DeviceChoice.choose([either], from: [Card.vf(0)]).get()
        #expect(claims.first?.alias == "nic" && claims.first?.portID == nil)
    }

    @Test func aPFAndItsChildNeverGoToOneInstance() throws {
        let pf = DeviceRequest(portID: PortID("pf"), kind: .pf, physicalNetwork: "physnet1")
        let child = Self.request("child")
        let unmet = #expect(throws: UnmetDeviceRequest.self) {
            try Self.choose([pf, child], [Card.pf(), Card.vdpa(0)])
        }
        #expect(unmet?.request == child)
        var other = Card.pf("other")
        other.address = try #require(PCIAddress("0000:81:00.0"))
        // The lower PF would be taken first, but then nothing was left for the child.
        #expect(
            try Self.choose([pf, child], [Card.pf(), Card.vdpa(0), other]) == ["other", "vdpa0"])
    }

    @Test func aVFAndTheDeviceOnItNeverGoToOneInstance() {
        let vf = DeviceRequest(portID: PortID("vf"), kind: .vf, physicalNetwork: "physnet1")
        let unmet = #expect(throws: UnmetDeviceRequest.self) {
            try Self.choose([vf, Self.request("vdpa")], [Card.vf(0), Card.vdpa(0)])
        }
        #expect(unmet?.request.id == "vdpa")
    }

    @Test func overlappingRequestsAreSortedOut() throws {
        // Every greedy order of requests gives one of them what another needs.
        func demand(_ number: Int, _ products: [String]) -> DeviceRequest {
            DeviceRequest(
                alias: "a", number: number,
                alternatives: products.map {
                    var demand = DeviceDemand(kinds: [.vf])
                    demand.productID = $0
                    return demand
                })
        }
        let free = (0..<3).map { index in
            var device = Card.vf(index)
            device.productID = "000\(index)"
            return device
        }
        let requests = [
            demand(0, ["0000", "0001"]), demand(1, ["0001", "0002"]), demand(2, ["0000"]),
        ]
        #expect(try Self.choose(requests, free) == ["vf1", "vf2", "vf0"])
    }

    /// The cost is that of one class, not of 64 devices taken 16 at a time.
    @Test func manyLikeDevicesMakeOneClass() throws {
        let free = (0..<64).map { Card.vdpa($0) }
        let requests = (0..<16).map { Self.request("p\($0)") }
        let pool = DevicePool(
            .init(requests: requests, devices: free, guestCells: nil, sockets: [:]))
        #expect(pool.groups.count == 1)
        #expect(try Self.choose(requests, free) == (0..<16).map { "vdpa\($0)" })
    }
}
