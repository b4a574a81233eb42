import ComputeModel
import ControlPlaneState
import Persistence

/// Security groups and their rules. Every project has one called `default`, made when it is first
/// needed.
public struct SecurityGroups: Sendable {
    /// The name of the group that every project has.
    public static let defaultName = "default"

    let context: NetworkingContext

    /// The groups in `context`'s documents.
    public init(_ context: NetworkingContext) {
        self.context = context
    }

    /// Those that the caller may see, ordered by id; makes the caller's default group first.
    public func list(_ caller: Caller) async throws -> [SecurityGroup] {
        _ = try await defaultGroup(of: caller.projectID)
        return try context.documents.list(SecurityGroup.self).map(\.value).filter {
            caller.maySee($0.projectID)
        }
    }

    /// One group. Throws `notFound` also for those of other projects.
    public func show(_ id: SecurityGroupID, _ caller: Caller) throws -> SecurityGroup {
        try Self.find(id, caller, in: context.documents.snapshot()).value
    }

    /// The default group of `project`, made if there is none yet.
    public func defaultGroup(of project: ProjectID) async throws -> SecurityGroupID {
        try await context.changing(.securityGroup) { snapshot, transaction in
            var allocation = PortAllocation(context, snapshot)
            return try allocation.defaultGroup(of: project, in: &transaction)
        }
    }

    /// Makes a group that lets everything out and nothing in. Throws `conflict(.nameTaken)` for
    /// the name `default`, and `overQuota`.
    public func create(
        name: String, description: String, stateful: Bool = true, tags: [String] = [],
        project: ProjectID? = nil, _ caller: Caller
    ) async throws -> SecurityGroup {
        let project = project ?? caller.projectID
        guard caller.maySee(project) else {
            throw DomainError.invalid(
                .securityGroup, field: "project_id",
                "Only administrators may make groups for another project than their own.")
        }
        guard name != Self.defaultName else {
            throw DomainError.conflict(
                .securityGroup, .nameTaken, "Default security group already exists.")
        }
        try NetworkText.checkTags(tags, .securityGroup)
        return try await context.changing(.securityGroup) { snapshot, transaction in
            let used = try snapshot.list(SecurityGroup.self)
                .count { $0.value.projectID == project }
            guard used < NetworkLimits.groupsPerProjectMax else {
                throw DomainError.overQuota(
                    resource: "security_group", used: used, requested: 1,
                    limit: NetworkLimits.groupsPerProjectMax)
            }
            let now = context.now()
            var group = SecurityGroup(
                id: .init(uuid: context.makeUUID()), projectID: project, name: name,
                description: description,
                rules: SecurityGroupRules.egress(at: now, makeUUID: context.makeUUID),
                createdAt: now)
            group.stateful = stateful
            group.tags = tags
            try transaction.insert(group)
            return group
        }
    }

    /// Changes a group. Throws `conflict(.nameTaken)` for a change of the name of the default
    /// group, or to it.
    public func update(
        _ id: SecurityGroupID, _ caller: Caller, name: String? = nil,
        description: String? = nil, stateful: Bool? = nil
    ) async throws -> SecurityGroup {
        try await changing(id, caller) { group, _ in
            if let name, name != group.name {
                guard ![name, group.name].contains(Self.defaultName) else {
                    throw DomainError.conflict(
                        .securityGroup, .nameTaken,
                        "Updating the name of the default security group, or to its name, is not"
                            + " allowed.")
                }
                group.name = name
            }
            if let description { group.description = description }
            if let stateful { group.stateful = stateful }
        }
    }

    /// Changes the tags of a group.
    public func tag(
        _ id: SecurityGroupID, _ caller: Caller, _ change: (inout [String]) throws -> Void
    ) async throws {
        _ = try await changing(id, caller) { group, _ in
            try NetworkText.retag(&group.tags, .securityGroup, change)
        }
    }

    /// Removes a group. Throws `conflict(.securityGroupInUse)` while ports or rules of other
    /// groups refer to it, and for the default group.
    public func delete(_ id: SecurityGroupID, _ caller: Caller) async throws {
        let group = try Self.find(id, caller, in: context.documents.snapshot()).value
        guard group.name != Self.defaultName || caller.isAdmin else {
            throw DomainError.conflict(
                .securityGroup, .securityGroupInUse,
                "Insufficient rights for removing default security group.")
        }
        try await context.deleteUnused(.securityGroup, id.text) { snapshot in
            let port = try snapshot.list(NetworkPort.self).first {
                $0.value.securityGroups.contains(id)
            }
            guard port == nil else { throw Self.inUse(id, "port \(port?.id ?? "")") }
            let other = try snapshot.list(SecurityGroup.self).first { other in
                other.value.id != id && other.value.rules.contains { $0.remoteGroupID == id }
            }
            guard other == nil else { throw Self.inUse(id, "group \(other?.id ?? "")") }
        } delete: { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            if current.value.name == Self.defaultName {
                let reservation = Reservation.defaultGroup(of: current.value.projectID, id)
                try transaction.release(reservation, seenIn: snapshot)
            }
            try transaction.delete(current)
        }
    }

    /// Changes one group as its next revision.
    func changing(
        _ id: SecurityGroupID, _ caller: Caller,
        _ change: (inout SecurityGroup, DocumentSnapshot) throws -> Void
    ) async throws -> SecurityGroup {
        try await context.changing(.securityGroup) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            var group = current.value
            try change(&group, snapshot)
            group.revisionNumber += 1
            group.updatedAt = context.now()
            try transaction.update(current, to: group)
            return group
        }
    }

    /// The group, if the caller may see it.
    static func find(
        _ id: SecurityGroupID, _ caller: Caller, in snapshot: DocumentSnapshot
    ) throws -> Versioned<SecurityGroup> {
        guard isObjectID(id.text), let group = try snapshot.get(SecurityGroup.self, id.text),
            caller.maySee(group.value.projectID)
        else { throw DomainError.notFound(.securityGroup, id.text) }
        return group
    }

    private static func inUse(_ id: SecurityGroupID, _ user: String) -> DomainError {
        .conflict(
            .securityGroup, .securityGroupInUse, "Security Group \(id) in use by \(user).")
    }
}
