import ComputeModel
import DeviceTracking
import Scheduler
import Testing

@Suite struct RankingTests {
    private static func request(
        devices: Int = 0, memoryMiB: Int = 64, vcpus: Int = 1
    ) -> PlacementRequest {
        PlacementRequest(
            capacity: HostCapacity(vcpus: vcpus, memoryMiB: memoryMiB, diskGiB: 1),
            devices: (0..<devices).map {
                DeviceRequest(
                    portID: PortID("p\($0)"), kind: .vdpa, physicalNetwork: "physnet1")
            })
    }

    private static func names(
        _ request: PlacementRequest, _ hosts: [HostSnapshot], cpuRatio: Double = 4
    ) -> [String] {
        decide(request, hosts, cpuRatio: cpuRatio).candidates.map(\.hostName)
    }

    private static func decide(
        _ request: PlacementRequest, _ hosts: [HostSnapshot], cpuRatio: Double = 4
    ) -> PlacementDecision {
        let ratios = OvercommitRatios(cpu: cpuRatio)
        let scheduler = Scheduler()
        let fleet = Fleet(hosts, ratios: ratios)
        var decision = scheduler.decide(request, fleet: fleet, candidatesMax: hosts.count)
        decision.rejections =
            scheduler.refusals(
                request, fleet: fleet, decision: decision, detailMax: 100
            ).details
        return decision
    }

    private static func fleet() -> [HostSnapshot] {
        [
            HostSamples.host("c", devices: 3), HostSamples.host("a", devices: 1),
            HostSamples.host("d", devices: 3) {
                $0.ledger.claims = [HostSamples.claim("i", memoryMiB: 1)]
            },
            HostSamples.host("b", devices: 3), HostSamples.host("e", devices: 0),
        ]
    }

    @Test func devicesAreKeptTogetherThenMemoryThenTheNameDecides() {
        #expect(Self.names(Self.request(devices: 1), Self.fleet()) == ["a", "b", "c", "d"])
    }

    @Test func guestsWithoutDevicesAvoidHostsThatHaveAny() {
        #expect(Self.names(Self.request(), Self.fleet()) == ["e", "a", "b", "c", "d"])
    }

    @Test func onlyFreeDevicesCount() {
        var hosts = [HostSamples.host("a", devices: 3), HostSamples.host("b", devices: 3)]
        hosts[1].ledger.claims = [HostSamples.claim("i", devices: ["b-vdpa0"])]
        #expect(Self.names(Self.request(devices: 1), hosts) == ["b", "a"])
        #expect(Self.names(Self.request(devices: 3), hosts) == ["a"])
    }

    @Test(arguments: 0..<20)
    func theOrderOfTheHostsDoesNotMatter(round: Int) {
        let shuffled = Self.fleet().shuffled()
        let decision = Self.decide(Self.request(devices: 2), shuffled)
        #expect(decision.candidates.map(\.hostName) == ["b", "c", "d"])
        #expect(Set(decision.rejections.map(\.hostName)) == ["a", "e"])
        #expect(decision.summary == "2 hosts: no free vdpa device on physnet1.")
    }

    @Test func theCandidateNamesTheExactDevices() throws {
        let host = HostSamples.host("a", devices: 3) {
            $0.ledger.claims = [HostSamples.claim("i", devices: ["a-vdpa1"])]
        }
        let decision = Self.decide(Self.request(devices: 2), [host])
        let candidate = try #require(decision.candidates.first)
        #expect(candidate.hostID == HostID("id-a"))
        #expect(candidate.devices.map(\.deviceID.text) == ["a-vdpa0", "a-vdpa2"])
        #expect(candidate.devices.map(\.portID?.text) == ["p0", "p1"])
    }

    @Test(arguments: [(1.0, 8, true), (1.0, 9, false), (1.5, 12, true), (1.5, 13, false)])
    func vCPUsAreGivenOutByTheRatio(ratio: Double, vcpus: Int, fits: Bool) {
        let names = Self.names(
            Self.request(vcpus: vcpus), [HostSamples.host("a")], cpuRatio: ratio)
        #expect(names == (fits ? ["a"] : []))
    }

    @Test func memoryIsUsedToTheLastMiB() {
        #expect(Self.names(Self.request(memoryMiB: 16_384), [HostSamples.host("a")]) == ["a"])
        #expect(Self.names(Self.request(memoryMiB: 16_385), [HostSamples.host("a")]) == [])
    }

    @Test func theSummaryCountsTheFirstReasonOfEachHostTheMostFrequentFirst() {
        let hosts =
            ["a", "b"].map { HostSamples.host($0, devices: 0) }
            + [
                HostSamples.host("c") { $0.isUp = false },
                HostSamples.host("d") { $0.host.disabled = true },
            ]
        let decision = Self.decide(Self.request(devices: 1), hosts)
        #expect(
            decision.summary
                == "2 hosts: no free vdpa device on physnet1; 1 host: compute host is disabled;"
                + " 1 host: compute host is down.")
        #expect(PlacementDecision.summary([]) == "There are no compute hosts.")
    }
}
