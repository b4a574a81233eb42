import ComputeModel
import Foundation
import Persistence
import TestSupport
import Testing

@testable import ControlPlaneState
@testable import Networking

@Suite struct NetworkSegmentTests {
    typealias Bed = NetworkTestbed

    private static func request(
        _ type: NetworkType?, _ physical: String?, _ id: Int?
    ) -> NetworkRequest {
        var request = NetworkRequest()
        request.networkType = type
        request.physicalNetwork = physical
        request.segmentationID = id
        return request
    }

    @Test(
        arguments: [
            (NetworkType.vlan, "physnet1", 100, Segment(.vlan, "physnet1", 100)),
            (.vlan, nil, 100, Segment(.vlan, "physnet1", 100)),
            (.vlan, "physnet2", nil, Segment(.vlan, "physnet2", nil)),
            (.flat, "physnet1", nil, Segment(.flat, "physnet1", nil)),
            (.local, nil, nil, Segment(.local, nil, nil)),
        ] as [(NetworkType, String?, Int?, Segment)])
    func takesWhatIsConfigured(
        type: NetworkType, physical: String?, id: Int?, expected: Segment
    ) throws {
        var settings = NetworkingSettings()
        settings.physicalNetworks = ["physnet1", "physnet2"]
        #expect(try Segment.checked(Self.request(type, physical, id), settings) == expected)
    }

    @Test(
        arguments: [
            (nil, "physnet1", 100, "provider:network_type"),
            (.geneve, nil, 100, "provider:network_type"),
            (.vlan, "physnet9", 100, "provider:physical_network"),
            (.flat, nil, nil, "provider:physical_network"),
            (.flat, "physnet1", 100, "provider:segmentation_id"),
            (.vlan, "physnet1", 0, "provider:segmentation_id"),
            (.vlan, "physnet1", 4_095, "provider:segmentation_id"),
            (.local, "physnet1", nil, "provider:physical_network"),
        ] as [(NetworkType?, String?, Int?, String)])
    func refusesTheRest(
        type: NetworkType?, physical: String?, id: Int?, field: String
    ) async throws {
        let bed = try await Bed()
        let refusal = await Refusal.of {
            _ = try await bed.networks.create(Self.request(type, physical, id), Bed.admin)
        }
        #expect(refusal == .invalid(.network, field))
    }

    @Test func aSegmentHasOneNetwork() async throws {
        let bed = try await Bed()
        for (type, id) in [(NetworkType.vlan, 100 as Int?), (.flat, nil)] {
            let request = Self.request(type, "physnet1", id)
            let network = try await bed.networks.create(request, Bed.admin)
            let refusal = await Refusal.of {
                _ = try await bed.networks.create(request, Bed.admin)
            }
            #expect(refusal == .conflict(.network, .segmentInUse))
            try await bed.networks.delete(network.id, Bed.admin)
            _ = try await bed.networks.create(request, Bed.admin)
        }
    }

    @Test func projectsGetVLANsUntilNoneIsLeft() async throws {
        let bed = try await Bed {
            $0.vlanRange = 200...202
            $0.physicalNetworks = ["b", "a"]
        }
        var made: [Network] = []
        for _ in 0..<6 { made.append(try await bed.networks.create(.init(), Bed.member)) }
        #expect(made.map(\.physicalNetwork) == ["a", "a", "a", "b", "b", "b"])
        #expect(made.allSatisfy { $0.networkType == .vlan })
        #expect(Set(made.prefix(3).map(\.segmentationID)) == [200, 201, 202])
        let refusal = await Refusal.of { _ = try await bed.networks.create(.init(), Bed.member) }
        #expect(refusal == .unavailable)
    }

    @Test func onlyAdministratorsSayHowNetworksAreCarried() async throws {
        let bed = try await Bed()
        var shared = NetworkRequest()
        shared.shared = true
        var external = NetworkRequest()
        external.external = true
        for request in [Self.request(.vlan, "physnet1", 5), shared, external] {
            let refusal = await Refusal.of {
                _ = try await bed.networks.create(request, Bed.member)
            }
            #expect(refusal == .forbidden)
        }
    }

    @Test func networksGoWithTheirSubnetsButNotWithPorts() async throws {
        let bed = try await Bed()
        let (network, subnet) = try await bed.network()
        #expect(try bed.networks.network(network.id).revisionNumber == 2)
        let port = try await bed.port(on: network)
        let used = await Refusal.of { try await bed.networks.delete(network.id, Bed.member) }
        #expect(used == .conflict(.network, .networkInUse))
        let numbered = await Refusal.of { try await bed.subnets.delete(subnet.id, Bed.member) }
        #expect(numbered == .conflict(.subnet, .subnetInUse))
        // The refusal left nothing closed.
        _ = try await bed.port(on: network)
        for port in try bed.ports.list(Bed.member) {
            try await bed.ports.delete(port.id, Bed.member)
        }
        #expect(try bed.reservations("ip").isEmpty)
        try await bed.networks.delete(network.id, Bed.member)
        #expect(try bed.subnets.list(Bed.admin).isEmpty)
        #expect(
            try bed.context.documents.list(Reservation.self).map(\.value.kind)
                == ["default-security-group"])
        let gone = await Refusal.of { _ = try bed.ports.show(port.id, Bed.member) }
        #expect(gone == .notFound(.port))
    }

    @Test func noPortComesToANetworkThatGoes() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let outcomes = await withTaskGroup(of: Bool.self) { tasks in
            for index in 0..<40 {
                tasks.addTask {
                    let refusal = await Refusal.of {
                        if index % 10 == 5 {
                            try await bed.networks.delete(network.id, Bed.member)
                        } else {
                            _ = try await bed.port(on: network)
                        }
                    }
                    return refusal == .another
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(!outcomes.contains(true))
        let left = try bed.networks.list(Bed.admin)
        for port in try bed.ports.list(Bed.admin) {
            #expect(left.contains { $0.id == port.networkID })
        }
        #expect(try bed.reservations("closing").isEmpty)
    }

    @Test func whatACrashLeftClosedIsOpenedAgain() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        _ = try await bed.transact {
            try $0.insert(
                Reservation(
                    kind: "closing", scope: "network", value: network.id.text, holder: "gone"))
        }
        let refusal = await Refusal.of { _ = try await bed.port(on: network) }
        #expect(refusal == .conflict(.network, .changed))
        try await bed.context.reopenClosing()
        _ = try await bed.port(on: network)
    }
}
