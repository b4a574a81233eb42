import ComputeModel
import DeviceTracking
import Testing

@testable import Scheduler

/// One host that is refused: what is wrong with it or asked of it, and what is said.
struct Refused: Sendable, CustomTestStringConvertible {
    var name: String
    var change: @Sendable (inout HostSnapshot) -> Void = { _ in }
    var ask: @Sendable (inout PlacementRequest) -> Void = { _ in }
    var reasons: [Rejection] = []
    /// Instead of `reasons`: how operators read the only one.
    var text: String?
    var category: String
    var testDescription: String { name }

    static let port = PortID("p1")

    /// What operators read when no device is left.
    static func shortage(
        ofKind: Int, onNetwork: Int, free: Int, _ what: String = "on physnet1"
    ) -> String {
        "no free vdpa device \(what) for port p1: \(ofKind) of that kind, \(onNetwork) wired"
            + " there, \(free) free"
    }

    static let services: [Refused] = [
        Refused(
            name: "down", change: { $0.isUp = false }, reasons: [.down],
            category: "compute host is down"),
        Refused(
            name: "forced down", change: { $0.host.forcedDown = true }, reasons: [.forcedDown],
            category: "compute host is down"),
        Refused(
            name: "disabled",
            change: {
                $0.host.disabled = true
                $0.host.disabledReason = "new fans"
            }, reasons: [.disabled(reason: "new fans")], category: "compute host is disabled"),
        Refused(
            name: "never reported", change: { $0.report = nil }, reasons: [.neverReported],
            category: "compute host is down"),
    ]

    static let places: [Refused] = [
        Refused(
            name: "zone", ask: { $0.zone = "east" },
            reasons: [.zone(found: "nova", wanted: "east")],
            category: "not in availability zone east"),
        Refused(
            name: "host", ask: { $0.hostName = "b" }, reasons: [.otherHostWanted("b")],
            category: "not the requested host"),
    ]

    static let capacities: [Refused] = [
        Refused(
            name: "vCPUs", change: { $0.ledger.claims = [HostSamples.claim("i", vcpus: 15)] },
            ask: { $0.capacity.vcpus = 2 }, reasons: [.vcpus(free: 1, wanted: 2)],
            category: "not enough vCPUs"),
        Refused(
            name: "memory",
            change: { $0.ledger.claims = [HostSamples.claim("i", memoryMiB: 16_000)] },
            ask: { $0.capacity.memoryMiB = 512 },
            reasons: [.memory(freeMiB: 384, wantedMiB: 512)], category: "not enough memory"),
        Refused(
            name: "overdrawn memory",
            change: { $0.ledger.claims = [HostSamples.claim("i", memoryMiB: 20_000)] },
            reasons: [.memory(freeMiB: 0, wantedMiB: 64)], category: "not enough memory"),
        Refused(
            name: "disk", ask: { $0.capacity.diskGiB = 101 },
            reasons: [.disk(freeGiB: 100, wantedGiB: 101)], category: "not enough disk"),
        Refused(
            name: "several",
            change: {
                $0.isUp = false
                $0.ledger.claims = [HostSamples.claim("i", memoryMiB: 16_384, diskGiB: 100)]
            },
            reasons: [
                .down, .memory(freeMiB: 0, wantedMiB: 64), .disk(freeGiB: 0, wantedGiB: 1),
            ], category: "compute host is down"),
    ]

    static let devices: [Refused] = [
        Refused(
            name: "old software",
            change: {
                $0.report?.conditions = [
                    HostCondition(code: "clock", message: "the clock is off", blocksVDPA: false),
                    HostCondition(code: "old", message: "QEMU 7 is too old", blocksVDPA: true),
                ]
            }, reasons: [.vdpaBlocked("QEMU 7 is too old")],
            category: "host software does not support vDPA"),
        Refused(
            name: "no device of the kind", change: { $0.report?.devices = [] },
            text: shortage(ofKind: 0, onNetwork: 0, free: 0),
            category: "no free vdpa device on physnet1"),
        Refused(
            name: "a VF is no vDPA device",
            change: { host in
                for index in 0..<2 { host.report?.devices[index].kind = .vf }
            }, text: shortage(ofKind: 0, onNetwork: 0, free: 0),
            category: "no free vdpa device on physnet1"),
        Refused(
            name: "wired elsewhere", ask: { $0.devices[0].network = .wired(to: "physnet2") },
            text: shortage(ofKind: 2, onNetwork: 0, free: 0, "on physnet2"),
            category: "no free vdpa device on physnet2"),
        Refused(
            name: "tunnelled", ask: { $0.devices[0].network = .wired(to: nil) },
            text: shortage(ofKind: 2, onNetwork: 0, free: 0, "for tunnelled networks"),
            category: "no free vdpa device for tunnelled networks"),
        Refused(
            name: "all taken",
            change: {
                $0.ledger.claims = [HostSamples.claim("i", devices: ["a-vdpa0", "a-vdpa1"])]
            }, text: shortage(ofKind: 2, onNetwork: 2, free: 0),
            category: "no free vdpa device on physnet1"),
        Refused(
            name: "fixed MACs",
            change: { host in
                for index in 0..<2 { host.report?.devices[index].macSettable = false }
            }, ask: { $0.devices[0].requiredMAC = "02:ff:00:00:00:00" },
            text: shortage(
                ofKind: 2, onNetwork: 2, free: 2,
                "on physnet1 that can have MAC 02:ff:00:00:00:00"),
            category: "no free vdpa device on physnet1 that can have MAC 02:ff:00:00:00:00"),
    ]
}

@Suite struct RejectionTests {
    static func decide(
        _ host: HostSnapshot, _ ask: (inout PlacementRequest) -> Void
    ) -> PlacementDecision {
        var request = PlacementRequest(
            capacity: HostCapacity(vcpus: 1, memoryMiB: 64, diskGiB: 1),
            devices: [
                DeviceRequest(
                    portID: Refused.port, kind: .vdpa, physicalNetwork: "physnet1")
            ])
        ask(&request)
        let ratios = OvercommitRatios(cpu: 2)
        let scheduler = Scheduler()
        let fleet = Fleet([host], ratios: ratios)
        var decision = scheduler.decide(request, fleet: fleet)
        decision.rejections =
            scheduler.refusals(
                request, fleet: fleet, decision: decision, detailMax: 100
            ).details
        return decision
    }

    @Test(arguments: Refused.services + Refused.places + Refused.capacities + Refused.devices)
    func aHostIsRefusedForItsReasons(refused: Refused) throws {
        let decision = Self.decide(HostSamples.host("a", refused.change), refused.ask)
        #expect(decision.candidates.isEmpty)
        let rejection = try #require(decision.rejections.first)
        #expect(rejection.hostName == "a")
        #expect(rejection.hostID == HostID("id-a"))
        if let text = refused.text {
            #expect(rejection.reasons.map(\.description) == [text])
        } else {
            #expect(rejection.reasons == refused.reasons)
        }
        #expect(rejection.reasons.first?.category == refused.category)
        #expect(decision.summary == "1 host: \(refused.category).")
    }

    @Test(arguments: Refused.services + Refused.places + Refused.capacities + Refused.devices)
    func tenantsAreToldNoNameOfAHostOrDevice(refused: Refused) throws {
        let host = HostSamples.host("secret-host") { host in
            refused.change(&host)
        }
        let summary = Self.decide(host, refused.ask).summary
        #expect(!summary.contains("secret-host"))
        #expect(!summary.contains("vdpa0"))
    }

    @Test(arguments: [
        (Rejection.disabled(reason: nil), "it is disabled"),
        (.disabled(reason: "fans"), "it is disabled: fans"),
        (.zone(found: "nova", wanted: "east"), "it is in zone nova, not in east"),
        (.vcpus(free: 1, wanted: 2), "1 vCPUs are free, 2 wanted"),
        (.memory(freeMiB: 3, wantedMiB: 4), "3 MiB of memory are free, 4 wanted"),
        (.disk(freeGiB: 5, wantedGiB: 6), "5 GiB of disk are free, 6 wanted"),
        (.otherHostWanted("b"), "host b was asked for"),
        (.lostRace, "other requests claimed it first"),
        (.neverReported, "it has not reported its hardware yet"),
    ])
    func operatorsReadOneSentence(rejection: Rejection, text: String) {
        #expect(rejection.description == text)
    }

    @Test func operatorsReadTheCountsOfDevices() throws {
        let decision = Self.decide(HostSamples.host("a")) {
            $0.devices[0].network = .wired(to: "x")
        }
        let reason = try #require(decision.rejections.first?.reasons.first)
        #expect(
            reason.description
                == "no free vdpa device on x for port p1: 2 of that kind, 0 wired there, 0 free")
    }
}
