import ComputeModel
import Foundation
import Persistence
import TestSupport
import Testing

@testable import Conductor

/// What is refused at once, before anything is stored.
@Suite struct InstanceRequestTests {
    private static let nobody = "00000000-0000-4000-8000-000000000000"

    /// A change of a good request, and how it is refused.
    struct Bad: Sendable, CustomTestStringConvertible {
        let name: String
        var caller = InstanceTestbed.member
        let change: @Sendable (inout InstanceRequest) -> Void
        let refusal: Refusal
        var testDescription: String { name }
    }

    static let bad: [Bad] = [
        Bad(
            name: "flavor", change: { $0.flavorID = FlavorID("none") },
            refusal: .invalid(.flavor, "flavorRef")),
        Bad(
            name: "image", change: { $0.imageID = ImageID(nobody) },
            refusal: .invalid(.image, "imageRef")),
        Bad(
            name: "key pair", change: { $0.keyName = "none" },
            refusal: .invalid(.keypair, "key_name")),
        Bad(
            name: "zone", change: { $0.zone = "mars" },
            refusal: .invalid(.availabilityZone, "availability_zone")),
        Bad(name: "host of a member", change: { $0.hostName = "h1" }, refusal: .forbidden),
        Bad(
            name: "unknown host", caller: InstanceTestbed.admin, change: { $0.hostName = "h9" },
            refusal: .invalid(.host, "host")),
        Bad(
            name: "unknown port",
            change: { $0.networks = .list([.port(PortID(nobody), tag: nil)]) },
            refusal: .invalid(.port, "networks")),
        Bad(
            name: "unknown network",
            change: { $0.networks = .list([.network(NetworkID(nobody), fixedIP: nil, tag: nil)]) },
            refusal: .invalid(.network, "networks")),
        Bad(
            name: "several with one port", change: { $0.countMax = 2 },
            refusal: .invalid(.port, "networks")),
        Bad(
            name: "a port twice",
            change: { request in
                guard case .list(let nics) = request.networks else { return }
                request.networks = .list(nics + nics)
            }, refusal: .invalid(.port, "networks")),
        Bad(
            name: "quota",
            change: { request in
                request.networks = .none
                request.countMax = 4
            }, refusal: .overQuota("instances")),
    ]

    @Test(arguments: bad)
    func aBadRequestLeavesNothing(bad: Bad) async throws {
        try await InstanceTestbed.run([], change: { $0.instancesPerProjectMax = 3 }) { bed in
            let port = try await bed.port()
            let refusal = await Refusal.of { try await bed.create([port], bad.caller, bad.change) }
            #expect(refusal == bad.refusal)
            #expect(try bed.documents.list(Instance.self).isEmpty)
            #expect(try bed.documents.list(InstanceAction.self).isEmpty)
            #expect(try bed.isFree(port))
        }
    }

    @Test func portsOfOthersAreNotFoundAndUsedOnesAreInUse() async throws {
        try await InstanceTestbed.run([]) { bed in
            let port = try await bed.port()
            let foreign = await Refusal.of { try await bed.create([port], InstanceTestbed.other) }
            #expect(foreign == .invalid(.port, "networks"))
            try await bed.create([port])
            let used = await Refusal.of { try await bed.create([port]) }
            #expect(used == .conflict(.port, .portInUse))
        }
    }

    @Test(arguments: VNICType.allCases.filter { DeviceRequests.demand(of: $0) == nil })
    func otherKindsOfPortAreRefusedWithAdvice(type: VNICType) async throws {
        try await InstanceTestbed.run([]) { bed in
            let port = try await bed.port { $0.vnicType = type }
            let error = await #expect(throws: DomainError.self) { try await bed.create([port]) }
            #expect(error?.description.contains("vnic_type '\(type.rawValue)'") == true)
            #expect(error?.description.contains("--vnic-type vdpa") == true)
        }
    }

    @Test func aPortWithoutAnAddressIsRefused() async throws {
        try await InstanceTestbed.run([]) { bed in
            let port = try await bed.port { $0.fixedIPs = [] }
            let refusal = await Refusal.of { try await bed.create([port]) }
            #expect(refusal == .invalid(.port, "port"))
        }
    }

    @Test func aNetworkWithoutAPortIsRefusedWithAdvice() async throws {
        try await InstanceTestbed.run([]) { bed in
            let error = await #expect(throws: DomainError.self) {
                try await bed.create([]) { [network = bed.network.id] in
                    $0.networks = .list([.network(network, fixedIP: nil, tag: nil)])
                }
            }
            #expect(error?.description.contains("--vnic-type vdpa") == true)
        }
    }

    /// Changes of the stored image or flavor that make them unfit for each other.
    @Test(arguments: [
        ("queued", "imageRef"), ("private", "imageRef"), ("min_ram", "flavorRef"),
        ("min_disk", "flavorRef"), ("virtual_size", "flavorRef"),
        ("alias", "pci_passthrough:alias"),
    ])
    func imageAndFlavorMustFit(what: String, field: String) async throws {
        try await InstanceTestbed.run([]) { bed in
            let port = try await bed.port()
            try await bed.documents.mutate(Image.self, bed.image.id.text) { image in
                switch what {
                case "queued": image.status = .queued
                case "private":
                    image.visibility = .private
                    image.ownerID = ProjectID("somebody")
                case "min_ram": image.minMemoryMiB = 65
                case "min_disk": image.minDiskGiB = 2
                case "virtual_size": image.virtualSizeBytes = (1 << 30) + 1
                default: break
                }
            }
            if what == "alias" {
                _ = try await bed.conductor.flavors.update(InstanceTestbed.flavor.id) {
                    $0.extraSpecs["pci_passthrough:alias"] = "vdpa:1"
                }
            }
            let error = await #expect(throws: DomainError.self) { try await bed.create([port]) }
            guard case .invalid(_, field: field, _)? = error else {
                Issue.record("refused with \(String(describing: error))")
                return
            }
        }
    }

    @Test func severalAreMadeTogether() async throws {
        try await InstanceTestbed.run { bed in
            var request = bed.request([])
            request.networks = .none
            request.name = "many"
            request.countMin = 3
            request.countMax = 3
            let made = try await bed.conductor.instances.create(request, InstanceTestbed.member)
            #expect(made.map(\.name) == ["many-1", "many-2", "many-3"])
            #expect(made.map(\.launchIndex) == [0, 1, 2])
            #expect(Set(made.map(\.reservationID)).count == 1)
            for instance in made { try await bed.settled(instance.id, .active) }
            #expect(try bed.claims().count == 3)
        }
    }

    @Test(arguments: [
        ("vm", "vm"), ("My Server_1", "my-server-1"), ("--a--", "a"), ("é漢字", "server-i"),
        ("", "server-i"), ("a.b", "a-b"), (String(repeating: "x", count: 80), nil),
        (String(repeating: "x", count: 62) + "--y", String(repeating: "x", count: 62)),
    ])
    func hostNamesAreMadeOfNames(name: String, hostname: String?) {
        let expected = hostname ?? String(repeating: "x", count: 63)
        #expect(Instances.hostname(name, InstanceID("i")) == expected)
    }
}
