import ComputeModel
import DeviceTracking
import Foundation
import TestSupport
import Testing

@testable import Conductor

/// What ports and flavors ask of devices.
@Suite struct DeviceRequestTests {
    private static let time = Date(timeIntervalSince1970: 1_790_000_000)

    private static func network(
        _ type: NetworkType = .vlan, _ physical: String? = "physnet1"
    ) -> Network {
        Network(
            id: NetworkID("n"), projectID: ProjectID("p"), name: "net", networkType: type,
            physicalNetwork: physical, segmentationID: 7, mtuBytes: 1_500, createdAt: time)
    }

    private static func port(
        _ type: VNICType = .vdpa, _ change: (inout NetworkPort) -> Void = { _ in }
    ) -> NetworkPort {
        var port = NetworkPort(
            id: PortID("port"), networkID: NetworkID("n"), projectID: ProjectID("p"), name: "",
            macAddress: "fa:16:3e:00:00:01", macChosenByUser: false, vnicType: type,
            createdAt: time)
        change(&port)
        return port
    }

    private static func flavor(_ specs: [String: String] = [:]) -> Flavor {
        Flavor(
            id: FlavorID("f"), name: "f", vcpus: 2, memoryMiB: 512, diskGiB: 1,
            extraSpecs: specs)
    }

    private static func image(_ properties: [String: String]) -> Image {
        var image = Image(
            id: ImageID("i"), name: nil, ownerID: ProjectID("p"), createdAt: time)
        image.properties = properties
        return image
    }

    private static func requests(
        _ ports: [NetworkPort], specs: [String: String] = [:], network: Network = network(),
        image: Image? = nil, aliases: DeviceAliases = DeviceAliases()
    ) throws -> [DeviceRequest] {
        try DeviceRequests.requests(
            flavor: flavor(specs), ports: ports, networks: [network.id: network], image: image,
            aliases: aliases)
    }

    static let kinds: [(VNICType, Set<DeviceKind>?, Bool)] = [
        (.vdpa, [.vdpa], false), (.direct, [.vf, .pci], false), (.macvtap, [.vf, .pci], false),
        (.virtioForwarder, [.vf, .pci], false), (.directPhysical, [.pf], false),
        (.remoteManaged, [.vf], true), (.normal, nil, false), (.baremetal, nil, false),
        (.smartNIC, nil, false), (.acceleratorDirect, nil, false),
        (.acceleratorDirectPhysical, nil, false),
    ]

    @Test(arguments: kinds)
    func eachKindOfPortNeedsItsKindOfDevice(
        type: VNICType, kinds: Set<DeviceKind>?, isRemote: Bool
    ) throws {
        let found = try Self.requests([Self.port(type)])
        guard let kinds else {
            #expect(found.isEmpty)
            return
        }
        let request = try #require(found.first)
        #expect(found.count == 1)
        #expect(request.id == "port" && request.portID == PortID("port"))
        #expect(request.kinds == kinds)
        #expect(request.alternatives.map(\.remoteManaged) == [isRemote])
        #expect(request.alternatives.map(\.trusted) == [nil])
        #expect(request.network == .wired(to: "physnet1"))
        #expect(request.requiredMAC == nil && request.numaPolicy == .legacy)
        #expect(request.requirements.isEmpty)
    }

    @Test(
        arguments: [
            (NetworkType.vlan, "physnet2", "physnet2"), (.flat, "physnet1", "physnet1"),
            (.geneve, nil, nil), (.vxlan, "stale", nil), (.local, nil, nil),
        ] as [(NetworkType, String?, String?)])
    func theNetworkSaysWhereTheDeviceIsWired(
        type: NetworkType, physical: String?, wanted: String?
    ) throws {
        let found = try Self.requests([Self.port()], network: Self.network(type, physical))
        #expect(found.first?.network == .wired(to: wanted))
    }

    @Test(
        arguments: [
            ("true", true), ("\"True\"", true), ("1", true), ("\"yes\"", true), ("false", false),
            ("\"False\"", false), ("0", false), ("\"maybe\"", false), ("null", nil),
        ] as [(String, Bool?)])
    func theProfileSaysWhetherTheDeviceIsTrusted(text: String, trusted: Bool?) throws {
        let port = Self.port(.direct) { $0.userProfile = ["trusted": text] }
        #expect(try Self.requests([port]).first?.alternatives.first?.trusted == trusted)
    }

    @Test func aMACThatTheUserChoseIsRequired() throws {
        let port = Self.port {
            $0.macChosenByUser = true
            $0.macAddress = "52:54:00:00:00:01"
        }
        #expect(try Self.requests([port]).first?.requiredMAC == "fa:16:3e:00:00:01")
    }

    static let policies: [(String?, String?, String?, NUMAAffinityPolicy)] = [
        (nil, nil, nil, .legacy), (nil, "required", nil, .required),
        (nil, nil, "socket", .socket), (nil, "socket", "socket", .socket),
        ("preferred", "required", nil, .preferred), ("legacy", nil, "required", .legacy),
    ]

    @Test(arguments: policies)
    func thePortsPolicyGoesBeforeTheFlavors(
        port: String?, flavor: String?, image: String?, expected: NUMAAffinityPolicy
    ) throws {
        let specs = flavor.map { ["hw:pci_numa_affinity_policy": $0] } ?? [:]
        let properties = image.map { ["hw_pci_numa_affinity_policy": $0] } ?? [:]
        let found = try Self.requests(
            [Self.port { $0.numaAffinityPolicy = port }], specs: specs,
            image: Self.image(properties))
        #expect(found.first?.numaPolicy == expected)
    }

    @Test func aliasesHaveThePolicyOfTheFlavorOrTheirOwn() throws {
        let aliases = try DeviceAliases([
            DeviceAlias(
                name: "gpu", vendorID: "10de", productID: "1db4", numaPolicy: "required"),
            DeviceAlias(name: "fpga", vendorID: "10ee", productID: "9038"),
        ])
        let spec = ["pci_passthrough:alias": "gpu:1,fpga:1"]
        let own = try Self.requests([], specs: spec, aliases: aliases)
        #expect(own.map(\.numaPolicy) == [.required, .legacy])
        let flavors = try Self.requests(
            [], specs: spec.merging(["hw:pci_numa_affinity_policy": "socket"]) { $1 },
            aliases: aliases)
        #expect(flavors.map(\.numaPolicy) == [.socket, .socket])
    }

    @Test func flavorAndImageMustAgree() throws {
        let refusal = #expect(throws: DomainError.self) {
            try Self.requests(
                [Self.port()], specs: ["hw:pci_numa_affinity_policy": "required"],
                image: Self.image(["hw_pci_numa_affinity_policy": "preferred"]))
        }
        #expect(refusal.map { Refusal($0) } == .forbidden)
        let bad = #expect(throws: DomainError.self) {
            try Self.requests([], specs: ["hw:pci_numa_affinity_policy": "near"])
        }
        #expect(bad.map { Refusal($0) } == .invalid(.flavor, "flavorRef"))
    }

    @Test func wishesOfPortAndFlavorAreBothKept() throws {
        var wanted = DeviceRequirements()
        wanted.queuePairsMin = 4
        wanted.features = ["mq"]
        let specs = [
            "vdpa:queue_pairs_min": "8", "vdpa:link_speed_mbps_min": "25000",
            "vdpa:mtu_min": "9000", "vdpa:features": "packed_ring, mtu",
            "vdpa:transparent_migration": "true",
        ]
        let stored = wanted
        let ports = [VNICType.vdpa, .direct].map {
            Self.port($0) { $0.deviceRequirements = stored }
        }
        let found = try Self.requests(ports, specs: specs)
        #expect(found[0].requirements.queuePairsMin == 8)
        #expect(found[0].requirements.linkSpeedMbpsMin == 25_000)
        #expect(found[0].requirements.mtuMinBytes == 9_000)
        #expect(found[0].requirements.features == ["mq", "mtu", "packed_ring"])
        #expect(found[0].requirements.transparentMigration)
        #expect(found[1].requirements == wanted)
    }

    static let badSpecs: [(String, String, String)] = [
        ("vdpa:queue_pair_min", "1", "Did you mean 'vdpa:queue_pairs_min'?"),
        ("vdpa:mtu", "1", "Did you mean 'vdpa:mtu_min'?"),
        ("vdpa:", "1", "There are: vdpa:queue_pairs_min"),
        ("vdpa:queue_pairs_min", "0", "from 1 to 32768"),
        ("vdpa:queue_pairs_min", "four", "from 1 to 32768"),
        ("vdpa:link_speed_mbps_min", "-1", "from 1 to 10000000"),
        ("vdpa:mtu_min", "67", "from 68 to 65535"), ("vdpa:mtu_min", "", "from 68 to 65535"),
        ("vdpa:features", "", "names of features"), ("vdpa:features", "mqq", "Did you mean 'mq'?"),
        ("vdpa:transparent_migration", "perhaps", "'true' or 'false'"),
    ]

    @Test(arguments: badSpecs)
    func badExtraSpecsAreNamed(key: String, value: String, hint: String) throws {
        let error = #expect(throws: DomainError.self) {
            try Self.requests([], specs: [key: value])
        }
        #expect(error.map { Refusal($0) } == .invalid(.flavor, key))
        #expect(error?.description.contains(hint) == true, "\(String(describing: error))")
    }

    @Test func imagesDemandTheirMachine() async throws {
        try await InstanceTestbed.run([]) { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .error)
            try await bed.documents.mutate(Image.self, bed.image.id.text) {
                $0.properties = [
                    "architecture": "ppc64", "hw_architecture": "AMD64", "hypervisor_type": "KVM",
                    "hw_vm_mode": "hv",
                ]
            }
            let request = try bed.conductor.placements.request(
                for: bed.instance(id), bed.documents.snapshot())
            #expect(request.image.architecture == "x86_64")
            #expect(request.image.hypervisorType == "kvm")
            #expect(request.image.vmMode == "hvm")
            #expect(request.vnicTypes == [.vdpa])
        }
    }
}
