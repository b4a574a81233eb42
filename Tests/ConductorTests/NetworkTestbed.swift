import ComputeModel
import Foundation
import Logging
import Persistence

@testable import Conductor

/// An application on a store in memory, with two projects and an administrator.
struct NetworkTestbed {
    let context: ConductorContext
    let networks: Networks
    let subnets: Subnets
    let ports: Ports
    let groups: SecurityGroups

    static let admin = caller("admin", .admin)
    static let member = caller("blue", .member)
    static let other = caller("green", .member)

    init(_ change: (inout ConductorSettings) -> Void = { _ in }) async throws {
        var settings = ConductorSettings(imageDirectory: URL(filePath: "/nonexistent"))
        change(&settings)
        let logger = Logger(label: "network-tests")
        let documents = try await DocumentStore.open(
            MemoryStateStore(), types: StoredTypes.all, logger: logger)
        context = ConductorContext(
            documents: documents, settings: settings, logger: logger,
            now: { Date(timeIntervalSince1970: 1_790_000_000) })
        networks = Networks(context)
        subnets = Subnets(context)
        ports = Ports(context)
        groups = SecurityGroups(context)
    }

    static func caller(_ project: String, _ role: Role) -> Caller {
        Caller(
            userID: .init("user-" + project), userName: project, projectID: .init(project),
            projectName: project, role: role, requestID: .init("req-test"))
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

/// The kind of a domain error, without its words.
enum Refusal: Equatable {
    case notFound(Noun)
    case invalid(Noun, String?)
    case conflict(Noun, Conflict)
    case forbidden
    case overQuota(String)
    case unavailable
    case another

    init(_ error: any Error) {
        guard let error = error as? DomainError else {
            self = .another
            return
        }
        switch error {
        case .notFound(let noun, _): self = .notFound(noun)
        case .invalid(let noun, let field, _): self = .invalid(noun, field)
        case .conflict(let noun, let conflict, _): self = .conflict(noun, conflict)
        case .forbidden: self = .forbidden
        case .overQuota(let resource, _, _, _): self = .overQuota(resource)
        case .unavailable: self = .unavailable
        default: self = .another
        }
    }

    /// What `body` was refused with; nil when it went through.
    static func of(_ body: () async throws -> Void) async -> Refusal? {
        do {
            try await body()
            return nil
        } catch {
            return Refusal(error)
        }
    }
}
