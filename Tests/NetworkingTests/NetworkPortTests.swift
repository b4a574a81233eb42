import ComputeModel
import Foundation
import Persistence
import TestSupport
import Testing

@testable import Networking

@Suite struct NetworkPortTests {
    typealias Bed = NetworkTestbed

    /// 64 addresses less the network's, the broadcast's and the gateway's.
    @Test func concurrentPortsShareASmallSubnetExactly() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network(cidr: "10.9.0.0/26")
        let outcomes = await withTaskGroup(of: Result<NetworkPort, any Error>.self) { tasks in
            for _ in 0..<80 {
                tasks.addTask {
                    do {
                        return .success(try await bed.port(on: network))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        var made: [NetworkPort] = []
        var refusals: [Refusal] = []
        for outcome in outcomes {
            switch outcome {
            case .success(let port): made.append(port)
            case .failure(let error): refusals.append(Refusal(error))
            }
        }
        #expect(made.count == 61)
        #expect(Set(made.flatMap(\.fixedIPs).map(\.address)).count == 61)
        #expect(Set(made.map(\.macAddress)).count == 61)
        #expect(refusals == Array(repeating: .conflict(.port, .addressesExhausted), count: 19))
        #expect(try bed.reservations("ip").count == 61)
    }

    @Test func fiftyConcurrentPortsAllSucceed() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network(cidr: "10.9.0.0/26")
        let made = try await withThrowingTaskGroup(of: NetworkPort.self) { tasks in
            for _ in 0..<50 { tasks.addTask { try await bed.port(on: network) } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(made.flatMap(\.fixedIPs).map(\.address)).count == 50)
        #expect(try bed.context.documents.list(SecurityGroup.self).count == 1)
    }

    @Test func bulkCreationIsAllOrNothing() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network(cidr: "10.9.0.0/29")
        let requests = Array(repeating: PortRequest(networkID: network.id), count: 5)
        let made = try await bed.ports.create(requests, Bed.member)
        #expect(Set(made.flatMap(\.fixedIPs).map(\.address)).count == 5)
        for port in made { try await bed.ports.delete(port.id, Bed.member) }
        let refusal = await Refusal.of {
            _ = try await bed.ports.create(requests + requests, Bed.member)
        }
        #expect(refusal == .conflict(.port, .addressesExhausted))
        #expect(try bed.ports.list(Bed.admin).isEmpty)
        #expect(try bed.reservations("ip").isEmpty)
        #expect(try bed.reservations("mac").isEmpty)
    }

    @Test func largestBulkFitsOneTransaction() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let requests = Array(
            repeating: PortRequest(networkID: network.id), count: NetworkLimits.bulkMax)
        #expect(try await bed.ports.create(requests, Bed.member).count == requests.count)
        let refusal = await Refusal.of {
            _ = try await bed.ports.create(requests + requests, Bed.member)
        }
        #expect(refusal == .invalid(.port, "ports"))
    }

    static let refusals: [(String, Refusal, @Sendable (inout PortRequest, Subnet) -> Void)] = [
        (
            "taken", .conflict(.port, .addressInUse),
            { request, subnet in
                request.fixedIPs = [.init(subnetID: nil, address: "10.1.0.77")]
            }
        ),
        (
            "broadcast", .invalid(.port, "subnet_address"),
            { request, subnet in
                request.fixedIPs = [.init(subnetID: subnet.id, address: "10.1.0.255")]
            }
        ),
        (
            "outside the subnet", .invalid(.port, "subnet_address"),
            { request, subnet in
                request.fixedIPs = [.init(subnetID: subnet.id, address: "10.2.0.1")]
            }
        ),
        (
            "outside all subnets", .invalid(.port, "network_address"),
            { request, _ in
                request.fixedIPs = [.init(subnetID: nil, address: "192.0.2.1")]
            }
        ),
        (
            "twice", .invalid(.port, "fixed_ips"),
            { request, _ in
                request.fixedIPs = [
                    .init(subnetID: nil, address: "10.1.0.9"),
                    .init(subnetID: nil, address: "10.1.0.9"),
                ]
            }
        ),
        (
            "other subnet", .invalid(.port, "fixed_ips"),
            { request, _ in
                request.fixedIPs = [.init(subnetID: SubnetID("x"), address: nil)]
            }
        ),
        (
            "taken MAC", .conflict(.port, .macInUse),
            { request, _ in
                request.macAddress = MACAddress("fa:16:3e:00:00:77")
            }
        ),
        (
            "group of nobody", .notFound(.securityGroup),
            { request, _ in
                request.securityGroups = [SecurityGroupID("../ports")]
            }
        ),
        (
            "no network", .notFound(.network),
            { request, _ in
                request.networkID = NetworkID("43804455-5ca9-44f2-a995-19d2d8f64145")
            }
        ),
        ("profile", .forbidden, { request, _ in request.userProfile = ["trusted": "true"] }),
        (
            "for others", .invalid(.port, "project_id"),
            { request, _ in
                request.projectID = Bed.other.projectID
            }
        ),
    ]

    @Test(arguments: refusals.indices)
    func refusesPortsThatDoNotFit(index: Int) async throws {
        let (name, expected, change) = Self.refusals[index]
        let bed = try await Bed()
        let (network, subnet) = try await bed.network()
        _ = try await bed.port(on: network) {
            $0.fixedIPs = [.init(subnetID: subnet.id, address: "10.1.0.77")]
            $0.macAddress = MACAddress("fa:16:3e:00:00:77")
        }
        let refusal = await Refusal.of {
            _ = try await bed.port(on: network) { change(&$0, subnet) }
        }
        #expect(refusal == expected, "\(name)")
        #expect(try bed.ports.list(Bed.member).count == 1)
    }

    @Test func numbersPortsInEveryFamily() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        var second = SubnetRequest(networkID: network.id, cidr: "fd00:2::/64")
        second.ipv6AddressMode = "slaac"
        second.ipv6RAMode = "slaac"
        _ = try await bed.subnets.create(second, Bed.member)
        let port = try await bed.port(on: network) {
            $0.macAddress = MACAddress("fa:16:3e:48:f3:41")
        }
        #expect(port.fixedIPs.count == 2)
        #expect(port.fixedIPs.last?.address == "fd00:2::f816:3eff:fe48:f341")
        let bare = try await bed.port(on: network) { $0.fixedIPs = [] }
        #expect(bare.fixedIPs.isEmpty)
    }

    @Test func strangersTakeWhatTheyAreGivenOnSharedNetworks() async throws {
        let bed = try await Bed()
        let (network, subnet) = try await bed.network(shared: true)
        let port = try await bed.ports.create(PortRequest(networkID: network.id), Bed.other)
        #expect(port.projectID == Bed.other.projectID)
        var greedy = PortRequest(networkID: network.id)
        greedy.fixedIPs = [.init(subnetID: subnet.id, address: "10.1.0.9")]
        #expect(
            await Refusal.of { _ = try await bed.ports.create(greedy, Bed.other) } == .forbidden)
        let (hidden, _) = try await bed.network(cidr: "10.2.0.0/24")
        let refusal = await Refusal.of {
            _ = try await bed.ports.create(PortRequest(networkID: hidden.id), Bed.other)
        }
        #expect(refusal == .notFound(.network))
        #expect(
            await Refusal.of { _ = try bed.ports.show(port.id, Bed.member) } == .notFound(.port))
    }

    @Test func countsPortsOfTheProjectOnly() async throws {
        let bed = try await Bed { $0.portsPerProjectMax = 2 }
        let (network, _) = try await bed.network(shared: true)
        for _ in 0..<2 {
            _ = try await bed.ports.create(PortRequest(networkID: network.id), Bed.other)
        }
        _ = try await bed.port(on: network)
        let requests = Array(repeating: PortRequest(networkID: network.id), count: 2)
        let refusal = await Refusal.of { _ = try await bed.ports.create(requests, Bed.member) }
        #expect(refusal == .overQuota("port"))
        #expect(try bed.ports.list(Bed.member).count == 1)
    }

    @Test func changesAddressesAndGivesBackTheOldOnes() async throws {
        let bed = try await Bed()
        let (network, subnet) = try await bed.network()
        let port = try await bed.port(on: network)
        var change = PortChange()
        change.fixedIPs = [
            .init(subnetID: subnet.id, address: "10.1.0.200"),
            .init(subnetID: subnet.id, address: nil),
        ]
        let changed = try await bed.ports.update(port.id, Bed.member, change)
        #expect(Set(changed.fixedIPs.map(\.address)).isSuperset(of: port.fixedIPs.map(\.address)))
        #expect(changed.fixedIPs.contains { $0.address == "10.1.0.200" })
        #expect(changed.revisionNumber == 2)
        change.fixedIPs = [.init(subnetID: nil, address: "10.1.0.201")]
        _ = try await bed.ports.update(port.id, Bed.member, change)
        #expect(try bed.reservations("ip").map(\.value) == ["10.1.0.201"])
    }
}
