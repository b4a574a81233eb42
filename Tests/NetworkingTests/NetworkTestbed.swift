import ComputeModel
import Foundation
import Logging
import Persistence
import TestSupport

@testable import ControlPlaneState
@testable import Networking

/// An application on a store in memory, with two projects and an administrator.
struct NetworkTestbed {
    let context: NetworkingContext
    let networks: Networks
    let subnets: Subnets
    let ports: Ports
    let groups: SecurityGroups

    static let admin = TestCallers.admin
    static let member = TestCallers.member
    static let other = TestCallers.other

    init(_ change: (inout NetworkingSettings) -> Void = { _ in }) async throws {
        var settings = NetworkingSettings()
        change(&settings)
        let logger = Logger(label: "network-tests")
        let documents = try await DocumentStore.open(
            MemoryStateStore(), types: StoredTypes.shared + StoredTypes.networking, logger: logger)
        context = NetworkingContext(
            documents: documents, settings: settings, logger: logger,
            now: { Date(timeIntervalSince1970: 1_790_000_000) })
        networks = Networks(context)
        subnets = Subnets(context)
        ports = Ports(context)
        groups = SecurityGroups(context)
    }

    /// A network of `member` with one subnet.
    func network(
        cidr: String = "10.1.0.0/24", shared: Bool = false,
        _ change: (inout SubnetRequest) -> Void = { _ in }
    ) async throws -> (network: Network, subnet: Subnet) {
        var request = NetworkRequest()
        request.shared = shared
        request.projectID = Self.member.projectID
        let network = try await networks.create(request, Self.admin)
        var subnetRequest = SubnetRequest(networkID: network.id, cidr: cidr)
        change(&subnetRequest)
        return (network, try await subnets.create(subnetRequest, Self.member))
    }

    /// A port of `member` on `network`.
    func port(
        on network: Network, _ change: (inout PortRequest) -> Void = { _ in }
    ) async throws -> NetworkPort {
        var request = PortRequest(networkID: network.id)
        change(&request)
        return try await ports.create(request, Self.member)
    }

    /// How many reservations of `kind` there are.
    func reservations(_ kind: String) throws -> [Reservation] {
        try context.documents.list(Reservation.self, prefix: kind + "/").map(\.value)
    }

    /// Commits what `build` adds, and gives what it returns.
    func transact<Result>(
        _ build: (inout DocumentTransaction) throws -> Result
    ) async throws -> Result {
        try await context.documents.transact(build)
    }

    /// The port as it is now.
    func stored(_ id: PortID) throws -> Versioned<NetworkPort> {
        try context.documents.require(NetworkPort.self, id.text)
    }
}
