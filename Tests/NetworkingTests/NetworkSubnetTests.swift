import ComputeModel
import Foundation
import TestSupport
import Testing

@testable import Networking

@Suite struct NetworkSubnetTests {
    typealias Bed = NetworkTestbed

    static let refusals: [(String, String, @Sendable (inout SubnetRequest) -> Void)] = [
        ("10.1.0.5/16", "cidr", { _ in }),
        ("0.0.0.0/0", "cidr", { _ in }),
        ("nonsense", "cidr", { _ in }),
        ("10.1.0.0/16", "ip_version", { $0.ipVersion = 6 }),
        ("10.1.0.0/16", "gateway_ip", { $0.gateway = .address("10.2.0.1") }),
        ("10.1.0.0/16", "gateway_ip", { $0.gateway = .address("10.1.255.255") }),
        (
            "10.1.0.0/16", "allocation_pools",
            {
                $0.allocationPools = [.init(start: "10.2.0.1", end: "10.2.0.9")]
            }
        ),
        (
            "10.1.0.0/16", "allocation_pools",
            {
                $0.allocationPools = [.init(start: "10.1.0.9", end: "10.1.0.2")]
            }
        ),
        (
            "10.1.0.0/16", "allocation_pools",
            {
                $0.allocationPools = [
                    .init(start: "10.1.0.2", end: "10.1.0.9"),
                    .init(start: "10.1.0.9", end: "10.1.0.20"),
                ]
            }
        ),
        ("10.1.0.0/16", "dns_nameservers", { $0.dnsNameservers = ["ns.example"] }),
        (
            "10.1.0.0/16", "host_routes",
            {
                $0.hostRoutes = [.init(destination: "10.9.0.0/16", nexthop: "fd00::1")]
            }
        ),
        ("10.1.0.0/16", "ipv6_address_mode", { $0.ipv6AddressMode = "slaac" }),
        ("fd00::/48", "ipv6_address_mode", { $0.ipv6AddressMode = "slaac" }),
        ("fd00::/64", "ipv6_ra_mode", { $0.ipv6RAMode = "sometimes" }),
    ]

    @Test(arguments: refusals.indices)
    func refusesSubnetsThatDoNotFit(index: Int) async throws {
        let (cidr, field, change) = Self.refusals[index]
        let bed = try await Bed()
        let refusal = await Refusal.of { _ = try await bed.network(cidr: cidr, change) }
        #expect(refusal == .invalid(.subnet, field), "\(cidr) \(field)")
    }

    @Test func poolsKeepClearOfTheGateway() async throws {
        let bed = try await Bed()
        let refusal = await Refusal.of {
            _ = try await bed.network {
                $0.allocationPools = [.init(start: "10.1.0.1", end: "10.1.0.9")]
            }
        }
        #expect(refusal == .conflict(.subnet, .addressInUse))
        let (network, _) = try await bed.network {
            $0.gateway = .address("10.1.0.254")
            $0.allocationPools = [.init(start: "10.1.0.1", end: "10.1.0.2")]
        }
        var given: Set<String> = []
        for _ in 0..<2 {
            given.formUnion(try await bed.port(on: network).fixedIPs.map(\.address))
        }
        #expect(given == ["10.1.0.1", "10.1.0.2"])
        // A pool bounds what is given at will, not what may be asked for.
        let asked = try await bed.port(on: network) {
            $0.fixedIPs = [.init(subnetID: nil, address: "10.1.0.77")]
        }
        #expect(asked.fixedIPs.map(\.address) == ["10.1.0.77"])
    }

    @Test func subnetsOfANetworkDoNotOverlap() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let outcomes = await withTaskGroup(of: Refusal?.self) { tasks in
            for cidr in ["10.1.0.0/16", "10.5.0.0/16", "10.5.6.0/24"] {
                tasks.addTask {
                    await Refusal.of {
                        _ = try await bed.subnets.create(
                            .init(networkID: network.id, cidr: cidr), Bed.member)
                    }
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        // The first overlaps the one there is; of the other two, one was first.
        #expect(outcomes.count { $0 == .conflict(.subnet, .subnetOverlap) } == 2)
        #expect(outcomes.count { $0 == nil } == 1)
    }

    @Test func changesOfASubnetAreChecked() async throws {
        let bed = try await Bed()
        let (_, subnet) = try await bed.network()
        var change = SubnetChange()
        change.gateway = GatewayChoice.none
        change.dnsNameservers = ["10.1.0.2"]
        let changed = try await bed.subnets.update(subnet.id, Bed.member, change)
        #expect(changed.gatewayIP == nil && changed.dnsNameservers == ["10.1.0.2"])
        change.gateway = .address("10.1.0.9")
        let refusal = await Refusal.of {
            _ = try await bed.subnets.update(subnet.id, Bed.member, change)
        }
        #expect(refusal == .conflict(.subnet, .addressInUse))
        let stranger = await Refusal.of {
            _ = try await bed.subnets.update(subnet.id, Bed.other, change)
        }
        #expect(stranger == .notFound(.subnet))
    }
}
