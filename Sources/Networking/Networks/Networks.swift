import ComputeModel
import ControlPlaneState
import Persistence

/// Virtual networks: who may see, make and change them.
public struct Networks: Sendable {
    let context: NetworkingContext

    /// The networks in `context`'s documents.
    public init(_ context: NetworkingContext) {
        self.context = context
    }

    /// Those that the caller may see, ordered by id.
    public func list(_ caller: Caller) throws -> [Network] {
        try context.documents.list(Network.self).map(\.value).filter {
            Self.maySee($0, caller)
        }
    }

    /// One network. Throws `notFound` also for those the caller may not see.
    public func show(_ id: NetworkID, _ caller: Caller) throws -> Network {
        try Self.find(id, caller, in: context.documents.snapshot()).value
    }

    /// One network, whoever asks. Throws `notFound`.
    public func network(_ id: NetworkID) throws -> Network {
        guard isObjectID(id.text), let found = try context.documents.get(Network.self, id.text)
        else { throw DomainError.notFound(.network, id.text) }
        return found.value
    }

    /// Makes a network. Throws `forbidden` when others than administrators name a provider,
    /// `invalid` for a physical network or VLAN id that is not configured,
    /// `conflict(.segmentInUse)`, `unavailable` when no VLAN id is left, and `overQuota`.
    public func create(_ request: NetworkRequest, _ caller: Caller) async throws -> Network {
        try authorize(request, caller)
        try NetworkText.checkTags(request.tags, .network)
        return try await context.changing(.network) { snapshot, transaction in
            let project = request.projectID ?? caller.projectID
            try checkQuota(project, snapshot)
            let id = NetworkID(uuid: context.makeUUID())
            let segment = try Segment.choose(request, for: id, context, snapshot)
            var network = Network(
                id: id, projectID: project, name: request.name, networkType: segment.type,
                physicalNetwork: segment.physicalNetwork, segmentationID: segment.id,
                mtuBytes: try Self.checkedMTU(request.mtuBytes), createdAt: context.now())
            network.description = request.description
            network.adminStateUp = request.adminStateUp
            network.shared = request.shared
            network.external = request.external
            network.portSecurityEnabled = request.portSecurityEnabled
            network.tags = request.tags
            if let reservation = segment.reservation(for: id) {
                try transaction.insert(reservation)
            }
            try transaction.insert(network)
            return network
        }
    }

    /// Changes a network. Throws `forbidden` for what only its owner or an administrator may do,
    /// and `conflict(.networkInUse)` when sharing ends while others use it.
    public func update(
        _ id: NetworkID, _ caller: Caller, _ change: NetworkChange
    ) async throws -> Network {
        try Ports.refuse(change.shared != nil && !caller.isAdmin, "shared", "an administrator")
        try Ports.refuse(
            change.external != nil && !caller.isAdmin, "router:external", "an administrator")
        return try await changing(id, caller) { network, snapshot in
            if let name = change.name { network.name = name }
            if let description = change.description { network.description = description }
            if let up = change.adminStateUp { network.adminStateUp = up }
            if let external = change.external { network.external = external }
            if change.mtuBytes != nil {
                network.mtuBytes = try Self.checkedMTU(change.mtuBytes)
            }
            if let enabled = change.portSecurityEnabled { network.portSecurityEnabled = enabled }
            if let shared = change.shared {
                if network.shared, !shared { try refuseIfOthersUse(network, snapshot) }
                network.shared = shared
            }
        }
    }

    /// Changes the tags of a network.
    public func tag(
        _ id: NetworkID, _ caller: Caller, _ change: (inout [String]) throws -> Void
    ) async throws {
        _ = try await changing(id, caller) { network, _ in
            try NetworkText.retag(&network.tags, .network, change)
        }
    }

    /// Removes a network with its subnets. Throws `conflict(.networkInUse)` while it has ports.
    public func delete(_ id: NetworkID, _ caller: Caller) async throws {
        let found = try Self.find(id, caller, in: context.documents.snapshot()).value
        try Self.mayChange(found, caller)
        try await context.deleteUnused(.network, id.text) { snapshot in
            let ports = try snapshot.list(NetworkPort.self).filter { $0.value.networkID == id }
            guard let first = ports.first else { return }
            throw DomainError.conflict(
                .network, .networkInUse,
                "Unable to complete operation on network \(id). There are one or more ports still"
                    + " in use on the network: \(ports.count), among them \(first.id).")
        } delete: { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            for subnet in try snapshot.list(Subnet.self) where subnet.value.networkID == id {
                try transaction.delete(subnet)
            }
            if let reservation = Segment(of: current.value).reservation(for: id) {
                try transaction.release(reservation, seenIn: snapshot)
            }
            try transaction.delete(current)
        }
    }

    private func changing(
        _ id: NetworkID, _ caller: Caller,
        _ change: (inout Network, DocumentSnapshot) throws -> Void
    ) async throws -> Network {
        try await context.changing(.network) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            try Self.mayChange(current.value, caller)
            var network = current.value
            try change(&network, snapshot)
            network.touch(context)
            try transaction.update(current, to: network)
            return network
        }
    }
}

extension Networks {
    /// The network, if the caller may see it.
    static func find(
        _ id: NetworkID, _ caller: Caller, in snapshot: DocumentSnapshot
    ) throws -> Versioned<Network> {
        guard isObjectID(id.text), let network = try snapshot.get(Network.self, id.text),
            maySee(network.value, caller)
        else { throw DomainError.notFound(.network, id.text) }
        return network
    }

    static func maySee(_ network: Network, _ caller: Caller) -> Bool {
        network.shared || network.external || caller.maySee(network.projectID)
    }

    /// Throws `forbidden` unless the caller owns the network or administers the cloud.
    static func mayChange(_ network: Network, _ caller: Caller) throws(DomainError) {
        guard !caller.maySee(network.projectID) else { return }
        throw .forbidden(
            "Policy lets only its owner or an administrator change network \(network.id).")
    }

    private func authorize(_ request: NetworkRequest, _ caller: Caller) throws(DomainError) {
        guard !caller.isAdmin else { return }
        let admin = "an administrator"
        try Self.refuse(request.networkType != nil, "provider:network_type", admin)
        try Self.refuse(request.physicalNetwork != nil, "provider:physical_network", admin)
        try Self.refuse(request.segmentationID != nil, "provider:segmentation_id", admin)
        try Self.refuse(request.shared, "shared", admin)
        try Self.refuse(request.external, "router:external", admin)
        if let project = request.projectID, project != caller.projectID {
            throw .invalid(
                .network, field: "project_id",
                "Only administrators may make networks for another project than their own.")
        }
    }

    private static func refuse(
        _ isAsked: Bool, _ attribute: String, _ allowed: String
    ) throws(DomainError) {
        guard isAsked else { return }
        throw .forbidden("Policy lets only \(allowed) set '\(attribute)' of a network.")
    }

    private func checkQuota(_ project: ProjectID, _ snapshot: DocumentSnapshot) throws {
        let limit = context.settings.networksPerProjectMax
        let used = try snapshot.list(Network.self).count { $0.value.projectID == project }
        guard used < limit else {
            throw DomainError.overQuota(
                resource: "network", used: used, requested: 1, limit: limit)
        }
    }

    /// Smallest packet of IPv4 to a usual jumbo frame.
    private static let mtuRange = 68...9_216

    private static func checkedMTU(_ bytes: Int?) throws(DomainError) -> Int {
        let bytes = bytes ?? NetworkLimits.defaultMTUBytes
        guard mtuRange.contains(bytes) else {
            throw .invalid(
                .network, field: "mtu",
                "Invalid input for mtu. Reason: \(bytes) is not from \(mtuRange.lowerBound) to"
                    + " \(mtuRange.upperBound).")
        }
        return bytes
    }

    private func refuseIfOthersUse(_ network: Network, _ snapshot: DocumentSnapshot) throws {
        let other = try snapshot.list(NetworkPort.self).first {
            $0.value.networkID == network.id && $0.value.projectID != network.projectID
        }
        guard let other else { return }
        throw DomainError.conflict(
            .network, .networkInUse,
            "Unable to reconfigure sharing settings for network \(network.id). Project"
                + " \(other.value.projectID) has ports on it.")
    }
}

extension Network {
    /// The next revision.
    mutating func touch(_ context: NetworkingContext) {
        revisionNumber += 1
        updatedAt = context.now()
    }
}
