import ComputeModel
import DeviceTracking
import Testing

@testable import Scheduler

/// What requests may ask of hosts beside room and devices.
@Suite struct WishTests {
    private static let port = PortID("p1")

    static func request(_ change: (inout PlacementRequest) -> Void) -> PlacementRequest {
        var request = PlacementRequest(
            capacity: HostCapacity(vcpus: 1, memoryMiB: 64, diskGiB: 1),
            devices: [DeviceRequest(portID: port, kind: .vdpa, physicalNetwork: "physnet1")])
        change(&request)
        return request
    }

    static func names(
        _ hosts: [HostSnapshot], _ change: (inout PlacementRequest) -> Void
    ) -> [String] {
        let fleet = Fleet(hosts, ratios: OvercommitRatios(cpu: 4))
        return Scheduler().decide(request(change), fleet: fleet, candidatesMax: hosts.count)
            .candidates.map(\.hostName)
    }

    static func reasons(
        _ host: HostSnapshot, _ change: (inout PlacementRequest) -> Void
    ) -> [String] {
        let fleet = Fleet([host], ratios: OvercommitRatios(cpu: 4))
        let request = request(change)
        let scheduler = Scheduler()
        let decision = scheduler.decide(request, fleet: fleet)
        return scheduler.refusals(request, fleet: fleet, decision: decision, detailMax: 1)
            .details.flatMap { $0.reasons.map(\.description) }
    }

    private static let three = ["a", "b", "c"].map { HostSamples.host($0, devices: 4) }

    @Test(arguments: [
        ("4", "= 3", true), ("3", "= 3", true), ("2", "= 3", false), ("3", "== 3", true),
        ("3", "!= 3", false), ("5", ">= 5", true), ("5", "<= 4", false), ("x", ">= 1", false),
        ("abc", "s== abc", true), ("abc", "s!= abc", false), ("b", "s> a", true),
        ("fast ssd", "<in> ssd", true), ("fast ssd", "<all-in> ssd fast", true),
        ("fast ssd", "<all-in> ssd slow", false), ("hdd", "<or> ssd <or> hdd", true),
        ("tape", "<or> ssd <or> hdd", false), ("true", "true", true), ("true", "false", false),
        ("a b", "a b", true), ("", "", true),
    ])
    func extraSpecsHaveOperators(found: String, wanted: String, holds: Bool) {
        #expect(ExtraSpecExpression(wanted).matches(found) == holds)
    }

    @Test func aggregatesMustHaveWhatTheFlavorAsksFor() {
        var host = HostSamples.host("a")
        host.aggregates = [["ssd": "true"], ["rack": "7"]]
        #expect(
            Self.names([host]) { $0.aggregateSpecs = ["ssd": "true", "rack": ">= 5"] } == ["a"])
        #expect(
            Self.reasons(host) { $0.aggregateSpecs = ["rack": "8"] }
                == ["its aggregates have rack 7, the flavor wants '8'"])
        #expect(
            Self.reasons(host) { $0.aggregateSpecs = ["gpu": "true"] }
                == ["its aggregates have no 'gpu', the flavor wants 'true'"])
    }

    @Test func theImageNamesItsMachine() {
        let host = HostSamples.host("a")
        #expect(Self.names([host]) { $0.image.architecture = "x86_64" } == ["a"])
        #expect(Self.names([host]) { $0.image.hypervisorType = "KVM" } == ["a"])
        #expect(
            Self.reasons(host) { $0.image.architecture = "aarch64" }
                == ["its architecture is x86_64, the image wants aarch64"])
        #expect(
            Self.reasons(host) { $0.image.vmMode = "xen" }
                == ["its VM mode is hvm, the image wants xen"])
        #expect(
            Self.reasons(host) { $0.image.hypervisorType = "hyperv" }
                == ["its hypervisor type is simulated, the image wants hyperv"])
    }

    @Test(arguments: [
        (GroupPolicy.affinity, ["b"]), (.antiAffinity, ["a", "c"]),
        (.softAffinity, ["b", "a", "c"]), (.softAntiAffinity, ["a", "c", "b"]),
    ])
    func groupsKeepTogetherOrApart(policy: GroupPolicy, expected: [String]) {
        let group = GroupDemand(policy: policy, maxPerHost: 1, members: [HostID("id-b"): 1])
        #expect(Self.names(Self.three) { $0.group = group } == expected)
        let first = GroupDemand(policy: policy, maxPerHost: 1, members: [:])
        #expect(Self.names(Self.three) { $0.group = first }.count == 3)
    }

    @Test func antiAffinityCountsUpToItsLimit() {
        let group = GroupDemand(
            policy: .antiAffinity, maxPerHost: 2,
            members: [HostID("id-a"): 2, HostID("id-b"): 1])
        #expect(Self.names(Self.three) { $0.group = group } == ["b", "c"])
    }

    @Test func hintsNameHosts() {
        #expect(Self.names(Self.three) { $0.onlyHosts = [HostID("id-c")] } == ["c"])
        #expect(Self.names(Self.three) { $0.excludedHosts = [HostID("id-a")] } == ["b", "c"])
        #expect(Self.names(Self.three) { $0.hostName = "b" } == ["b"])
        #expect(Self.names(Self.three) { $0.onlyHosts = [] } == [])
    }

    @Test func driversMustKnowTheKindOfNIC() {
        var host = HostSamples.host("a")
        host.report?.devices[0].kind = .vf
        let direct = DeviceRequest(portID: Self.port, kind: .vf, physicalNetwork: "physnet1")
        let ask = { (request: inout PlacementRequest) in
            request.devices = [direct]
            request.vnicTypes = [.direct]
        }
        #expect(
            Self.reasons(host, ask)
                == ["its drivers can't give a guest ports of type direct"])
        host.report?.bootableVNICs = [.vdpa, .direct]
        #expect(Self.names([host], ask) == ["a"])
    }

    @Test func aDeviceByAliasNeedsADriverThatPassesItThrough() {
        var host = HostSamples.host("a")
        host.report?.devices[0].kind = .pci
        var demand = DeviceDemand(kinds: [.pci])
        demand.vendorID = "15b3"
        let device = DeviceRequest(alias: "gpu", number: 0, alternatives: [demand])
        let ask = { (request: inout PlacementRequest) in request.devices.append(device) }
        #expect(
            Self.reasons(host, ask)
                == ["its drivers can't give a guest the PCI devices of alias 'gpu'"])
        host.report?.passesDevicesThrough = true
        #expect(Self.names([host], ask) == ["a"])
    }
}

/// Which of several devices and hosts is taken.
@Suite struct DeviceWishTests {
    private static func rich(_ device: inout Device) {
        var capabilities = DeviceCapabilities()
        capabilities.queuePairsMax = 16
        capabilities.features = ["mq", "packed_ring"]
        device.capabilities = capabilities
    }

    @Test func aRichDeviceIsKeptForThoseWhoNeedIt() throws {
        let host = HostSamples.host("a", devices: 3) { Self.rich(&$0.report!.devices[0]) }
        let fleet = Fleet([host], ratios: OvercommitRatios(cpu: 4))
        let plain = Scheduler().decide(WishTests.request { _ in }, fleet: fleet)
        #expect(plain.candidates.first?.devices.first?.deviceID.text == "a-vdpa1")
        let demanding = WishTests.request { $0.devices[0].requirements.features = ["packed_ring"] }
        let picked = Scheduler().decide(demanding, fleet: fleet)
        #expect(picked.candidates.first?.devices.first?.deviceID.text == "a-vdpa0")
    }

    @Test func aHostWithPlainDevicesComesBeforeOneWithRichOnes() {
        let rich = HostSamples.host("a", devices: 1) { Self.rich(&$0.report!.devices[0]) }
        let plain = HostSamples.host("b", devices: 2)
        #expect(WishTests.names([rich, plain]) { _ in } == ["b", "a"])
        let names = WishTests.names([rich, plain]) { $0.devices[0].requirements.queuePairsMin = 8 }
        #expect(names == ["a"])
    }

    @Test func whatNobodyCanDoIsSaid() {
        let reasons = WishTests.reasons(HostSamples.host("a")) {
            $0.devices[0].requirements.linkSpeedMbpsMin = 100_000
        }
        #expect(
            reasons == [
                "no free vdpa device on physnet1 with link_speed_mbps 100000 for port p1: 2 of"
                    + " that kind, 2 wired there, 2 free"
            ])
    }

    @Test func aPFAndItsVFAreNotBothGiven() {
        let host = HostSamples.host("a", devices: 1) { host in
            var pf = host.report!.devices[0]
            pf.id = DeviceID("pf")
            pf.kind = .pf
            host.report!.devices[0].parentID = pf.id
            host.report!.devices[0].parentAddress = PCIAddress("0000:07:00.0")
            pf = Device(
                id: pf.id, kind: .pf, address: PCIAddress("0000:07:00.0")!, vendorID: "15b3",
                productID: "101d")
            pf.physicalNetwork = "physnet1"
            host.report!.devices.append(pf)
            host.report!.bootableVNICs = [.vdpa, .directPhysical]
        }
        let both = { (request: inout PlacementRequest) in
            request.devices.append(
                DeviceRequest(portID: PortID("p2"), kind: .pf, physicalNetwork: "physnet1"))
        }
        #expect(WishTests.names([host], both) == [])
        #expect(WishTests.names([host]) { _ in } == ["a"])
    }
}

/// Guests with NUMA wishes, near their devices.
@Suite struct NUMAWishTests {
    /// Two cells of four CPUs, two of them dedicated; a vDPA device on each cell.
    private static func host(_ change: (inout HostSnapshot) -> Void = { _ in }) -> HostSnapshot {
        HostSamples.host("a", devices: 2) { host in
            host.report!.numaCells = (0..<2).map { cell in
                var numa = NUMACell(
                    id: cell, cpus: Array(cell * 4..<cell * 4 + 4), memoryMiB: 8_192)
                numa.dedicatedCPUs = [cell * 4 + 2, cell * 4 + 3]
                numa.socket = cell
                return numa
            }
            for index in 0..<2 { host.report!.devices[index].numaNode = index }
            change(&host)
        }
    }

    private static func topology(vcpus: Int) -> GuestTopology {
        var topology = GuestTopology(
            cells: [GuestCell(vcpus: Array(0..<vcpus), memoryMiB: 64)])
        topology.cpuPolicy = .dedicated
        return topology
    }

    private static func decide(
        _ host: HostSnapshot, _ change: (inout PlacementRequest) -> Void
    ) -> Candidate? {
        let fleet = Fleet([host], ratios: OvercommitRatios(cpu: 4))
        return Scheduler().decide(WishTests.request(change), fleet: fleet).candidates.first
    }

    @Test func aPinnedGuestIsPutBesideItsDevice() throws {
        let taken = Self.host { $0.ledger.claims = [HostSamples.claim("i", devices: ["a-vdpa0"])] }
        let found = try #require(
            Self.decide(taken) {
                $0.topology = Self.topology(vcpus: 2)
                $0.capacity.vcpus = 2
            })
        #expect(found.numa?.hostCells == [1])
        #expect(found.numa?.pinnedCPUs == [6, 7])
        #expect(found.devices.map(\.deviceID.text) == ["a-vdpa1"])
    }

    @Test func anOverdrawnShareDoesNotCloseTheDedicatedOne() {
        // 60 vCPUs floated over 8 CPUs before the operator dedicated half of them.
        let host = Self.host {
            $0.ledger.claims = [HostSamples.claim("i", vcpus: 60)]
        }
        let dedicated = Self.decide(host) { $0.topology = Self.topology(vcpus: 1) }
        #expect(dedicated?.numa?.pinnedCPUs.count == 1)
        #expect(Self.decide(host) { _ in } == nil)
    }

    @Test func cpusOfOthersAreNotGivenAgain() {
        var other = HostSamples.claim("i", vcpus: 2, memoryMiB: 64)
        other.numa = NUMAPlacement(cells: [
            NUMACellPlacement(
                hostCell: 0, vcpus: [0, 1], memoryMiB: 64,
                pins: [CPUPin(vcpu: 0, hostCPU: 2), CPUPin(vcpu: 1, hostCPU: 3)])
        ])
        let claim = other
        let host = Self.host { $0.ledger.claims = [claim] }
        let found = Self.decide(host) {
            $0.topology = Self.topology(vcpus: 2)
            $0.capacity.vcpus = 2
        }
        #expect(found?.numa?.pinnedCPUs == [6, 7])
        #expect(
            Self.decide(host) {
                $0.topology = Self.topology(vcpus: 4)
                $0.capacity.vcpus = 4
            } == nil)
        let reasons = WishTests.reasons(host) {
            $0.topology = Self.topology(vcpus: 4)
            $0.capacity.vcpus = 4
        }
        #expect(reasons.first == "2 dedicated CPUs are free, 4 wanted")
    }

    @Test func aRequiredPolicyKeepsAGuestWithoutTopologyBesideItsDevice() throws {
        let found = try #require(
            Self.decide(Self.host()) { $0.devices[0].numaPolicy = .required })
        #expect(found.numa?.cells.count == 1)
        let unknown = Self.host { host in
            for index in 0..<2 { host.report!.devices[index].numaNode = nil }
        }
        #expect(Self.decide(unknown) { $0.devices[0].numaPolicy = .required } == nil)
        #expect(Self.decide(unknown) { $0.devices[0].numaPolicy = .legacy }?.numa == nil)
    }

    @Test func twoRequiredDevicesOnTwoNodesDontFitAOneNodeGuest() {
        let two = { (policy: NUMAAffinityPolicy) in
            Self.decide(Self.host()) { request in
                request.devices.append(
                    DeviceRequest(portID: PortID("p2"), kind: .vdpa, physicalNetwork: "physnet1"))
                for index in 0..<2 { request.devices[index].numaPolicy = policy }
                request.topology = Self.topology(vcpus: 1)
            }
        }
        #expect(two(.required) == nil)
        #expect(two(.preferred)?.devices.count == 2)
    }
}
