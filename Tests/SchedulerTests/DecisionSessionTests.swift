import ComputeModel
import DeviceTracking
import TestSupport
import Testing

@testable import Scheduler

/// A session takes shortcuts; here each of its answers is held against the plain decision.
@Suite struct DecisionSessionTests {
    private static let ratios = OvercommitRatios(cpu: 4)

    @Test(arguments: 0..<120)
    func itFindsHostsThatAPlainDecisionFinds(seed: Int) throws {
        var chance = SeededRandom(seed: UInt64(seed))
        let hosts = Self.hosts(&chance)
        let kinds = (0..<chance.number(1...10)).map { _ in Self.request(hosts, &chance) }
        let scheduler = Scheduler()
        var session = DecisionSession(scheduler, fleet: Fleet(hosts, ratios: Self.ratios))
        for step in 0..<60 {
            let request = Self.like(chance.pick(kinds), step, &chance)
            let candidatesMax = chance.pick([1, 1, 3, 20])
            let tie = chance.next()
            let plain = Fleet(session.fleet.allHosts, ratios: Self.ratios)
            let decision = session.decide(request, candidatesMax: candidatesMax, seed: tie)
            let expected = scheduler.decide(
                request, fleet: plain, candidatesMax: candidatesMax, seed: tie)
            #expect(decision.candidates.count == expected.candidates.count)
            #expect(decision.hostCount == expected.hostCount)
            if step == 0 { #expect(decision.candidates == expected.candidates) }
            #expect(
                Set(decision.candidates.map(\.hostID)).count == decision.candidates.count)
            for candidate in decision.candidates {
                var only = request
                only.hostName = candidate.hostName
                let alone = scheduler.decide(only, fleet: plain).candidates.first
                #expect(alone?.devices == candidate.devices)
                #expect(alone?.numa == candidate.numa)
            }
            Self.change(&session, request, decision, step, &chance)
        }
        Self.expectMadeAnew(session.fleet)
    }

    @Test(arguments: 0..<20)
    func theSameQuestionsGetTheSameAnswers(seed: Int) {
        func answers() -> [[String]] {
            var chance = SeededRandom(seed: UInt64(seed))
            let hosts = Self.hosts(&chance)
            let kinds = (0..<3).map { _ in Self.request(hosts, &chance) }
            var session = DecisionSession(Scheduler(), fleet: Fleet(hosts, ratios: Self.ratios))
            return (0..<40).map { step in
                let request = Self.like(chance.pick(kinds), step, &chance)
                let decision = session.decide(request, seed: chance.next())
                Self.change(&session, request, decision, step, &chance)
                return decision.candidates.map(\.hostName)
            }
        }
        #expect(answers() == answers())
    }

    @Test func likeRequestsFillOneHostAfterTheOther() {
        let hosts = (0..<40).map { HostSamples.host("h\($0)", devices: 4) }
        var session = DecisionSession(Scheduler(), fleet: Fleet(hosts, ratios: Self.ratios))
        var names: [String] = []
        for number in 0..<160 {
            let request = Self.ports(1, "p\(number)", memoryMiB: 64)
            let decision = session.decide(request, candidatesMax: 1, seed: UInt64(number))
            guard let candidate = decision.candidates.first else { break }
            names.append(candidate.hostName)
            session.add(Self.claim(candidate, request, number), on: candidate.hostID)
        }
        // Hosts keep their devices together for requests of several.
        #expect(names.count == 160)
        for start in stride(from: 0, to: 160, by: 4) {
            #expect(Set(names[start..<start + 4]).count == 1)
        }
        #expect(Set(names).count == 40)
        let last = session.decide(Self.ports(1, "last", memoryMiB: 64), seed: 1)
        #expect(last.candidates.isEmpty)
    }

    // MARK: Random fleets

    private static func hosts(_ chance: inout SeededRandom) -> [HostSnapshot] {
        (0..<chance.number(1...50)).map { number in
            let isFixed = chance.number(0...3) == 0
            var host = HostSamples.host("h\(number)", devices: chance.number(0...4))
            for index in host.report?.devices.indices ?? 0..<0 where isFixed {
                host.report?.devices[index].macSettable = false
            }
            if chance.number(0...4) == 0 { host.zone = "east" }
            if chance.number(0...9) == 0 { host.host.disabled = true }
            if chance.number(0...9) == 0 { host.report?.devices.append(contentsOf: pair(number)) }
            host.report?.memoryMiB = chance.pick([512, 4_096, 16_384])
            host.buildFailures = chance.number(0...9) == 0 ? 1 : 0
            return host
        }
    }

    /// A PF with its VF: who gets one of them takes the other away.
    private static func pair(_ number: Int) -> [Device] {
        var devices = [HostSamples.vdpa("x\(number)", 6), HostSamples.vdpa("y\(number)", 7)]
        devices[0].kind = .pf
        devices[1].kind = .vf
        devices[1].parentID = devices[0].id
        return devices
    }

    private static func request(
        _ hosts: [HostSnapshot], _ chance: inout SeededRandom
    ) -> PlacementRequest {
        var request = ports(
            chance.number(0...2), "k", memoryMiB: chance.pick([64, 1_024, 8_000]))
        switch chance.number(0...11) {
        case 0: request.zone = "east"
        case 1: request.hostName = chance.pick(hosts).host.name
        case 2: request.excludedHosts = [chance.pick(hosts).host.id]
        case 3: request.onlyHosts = [chance.pick(hosts).host.id, HostID("nowhere")]
        case 4:
            let policy = chance.pick(GroupPolicy.allCases)
            request.group = GroupDemand(
                policy: policy, maxPerHost: 1, members: [chance.pick(hosts).host.id: 1])
        case 5:
            for index in request.devices.indices {
                request.devices[index].alternatives = [
                    DeviceDemand(kinds: [chance.pick([.pf, .vf])])
                ]
            }
        case 6:
            for index in request.devices.indices { request.devices[index].numaPolicy = .required }
        default: break
        }
        return request
    }

    private static func ports(
        _ count: Int, _ name: String, memoryMiB: Int
    ) -> PlacementRequest {
        PlacementRequest(
            capacity: HostCapacity(vcpus: 1, memoryMiB: memoryMiB, diskGiB: 1),
            devices: (0..<count).map {
                DeviceRequest(
                    portID: PortID("\(name)-\($0)"), kind: .vdpa, physicalNetwork: "physnet1")
            })
    }

    /// The same kind of request for another instance, sometimes with a MAC.
    private static func like(
        _ kind: PlacementRequest, _ step: Int, _ chance: inout SeededRandom
    ) -> PlacementRequest {
        var request = kind
        for index in request.devices.indices {
            request.devices[index].id = "s\(step)-\(index)"
            request.devices[index].portID = PortID("s\(step)-\(index)")
            if chance.number(0...7) == 0 {
                request.devices[index].requiredMAC = "02:00:00:00:00:01"
            }
        }
        return request
    }

    // MARK: Changes

    private static func claim(
        _ candidate: Candidate, _ request: PlacementRequest, _ step: Int
    ) -> Claim {
        var claim = HostSamples.claim("i\(step)")
        claim.capacity = request.capacity
        claim.devices = candidate.devices
        claim.numa = candidate.numa
        return claim
    }

    /// Mostly claims what was found; sometimes takes it back, or finds the host dead.
    private static func change(
        _ session: inout DecisionSession, _ request: PlacementRequest,
        _ decision: PlacementDecision, _ step: Int, _ chance: inout SeededRandom
    ) {
        guard let candidate = decision.candidates.first,
            let before = session.fleet[candidate.hostID]
        else { return }
        switch chance.number(0...11) {
        case 0: session.setUp(candidate.hostID, false)
        case 1: break
        default:
            session.add(claim(candidate, request, step), on: candidate.hostID)
            if chance.number(0...5) == 0 { session.put(before) }
        }
    }

    /// Claims leave the fleet as it would be if it were made of the hosts as they are.
    private static func expectMadeAnew(_ fleet: Fleet) {
        let anew = Fleet(fleet.allHosts, ratios: ratios)
        let request = ports(1, "p", memoryMiB: 0)
        for host in fleet.allHosts {
            guard let left = fleet.position(of: host.host.id),
                let right = anew.position(of: host.host.id)
            else {
                Issue.record("host \(host.host.id) is lost")
                continue
            }
            #expect(fleet.rows[left].room == anew.rows[right].room)
            #expect(fleet.rows[left].isOpen == anew.rows[right].isOpen)
            #expect(fleet.rows[left].freeDevices == anew.rows[right].freeDevices)
            #expect(fleet.freeDevices(at: left) == anew.freeDevices(at: right))
            let passes = [(fleet, left), (anew, right)].map {
                FleetScan(request, $0.0).pass(at: $0.1)?.freeDevices
            }
            #expect(passes[0] == passes[1])
        }
    }
}
