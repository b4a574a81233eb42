import ComputeModel
import ControlPlaneState
import Persistence

/// A server group as callers ask for it.
public struct ServerGroupRequest: Sendable {
    /// Display name, 1 to 255 characters.
    public var name: String
    /// Together or apart, and how strictly.
    public var policy: GroupPolicy
    /// Members that one host may have; only with `antiAffinity`. Nil: one.
    public var maxServersPerHost: Int?

    /// A group with at most one member on a host, where that matters.
    public init(name: String, policy: GroupPolicy) {
        self.name = name
        self.policy = policy
    }
}

/// Server groups: who may see, make and delete them, and who is in them.
public struct ServerGroups: Sendable {
    private let context: ConductorContext

    /// The groups in `context`'s documents.
    public init(_ context: ConductorContext) {
        self.context = context
    }

    /// Those of the caller's project, oldest first; of all projects for administrators who ask.
    public func list(_ caller: Caller, allProjects: Bool = false) throws -> [ServerGroup] {
        try context.documents.list(ServerGroup.self).map(\.value).filter {
            allProjects && caller.isAdmin || $0.projectID == caller.projectID
        }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// One group. Throws `notFound` also for those of other projects.
    public func show(_ id: ServerGroupID, _ caller: Caller) throws -> ServerGroup {
        try Self.find(id, caller, in: context.documents.snapshot()).value
    }

    /// Makes a group. Throws `invalid` for a limit that its policy has not, and `overQuota`.
    public func create(
        _ request: ServerGroupRequest, _ caller: Caller
    ) async throws -> ServerGroup {
        guard request.maxServersPerHost == nil || request.policy == .antiAffinity else {
            throw DomainError.invalid(
                .serverGroup, field: "rules", "Only anti-affinity policy supports rules.")
        }
        return try await context.changing(.serverGroup) { snapshot, transaction in
            let left = try checkQuota(caller.projectID, snapshot)
            var group = ServerGroup(
                id: ServerGroupID(uuid: context.makeUUID()), projectID: caller.projectID,
                userID: caller.userID, name: request.name, policy: request.policy,
                maxServersPerHost: request.maxServersPerHost ?? 1, createdAt: context.now())
            group.hasRule = request.maxServersPerHost != nil
            try transaction.takeTurn(
                "server_groups", of: caller.projectID, left: left, seenIn: snapshot)
            try transaction.insert(group)
            return group
        }
    }

    /// Removes a group. Its members stay where they are, and are members of nothing then.
    public func delete(_ id: ServerGroupID, _ caller: Caller) async throws {
        try await context.changing(.serverGroup) { snapshot, transaction in
            try transaction.delete(Self.find(id, caller, in: snapshot))
        }
    }

    /// The members of each group: instances that are not deleted, oldest first.
    public func members() throws -> [ServerGroupID: [Instance]] {
        let all = try context.documents.list(Instance.self).map(\.value).filter {
            $0.serverGroupID != nil && $0.state != .deleted
        }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        return Dictionary(grouping: all) { $0.serverGroupID ?? ServerGroupID("") }
    }

    /// Refuses a request for instances that can't be members of the group that it names: `invalid`
    /// for a group that the caller may not see, `overQuota` for one that has enough members.
    func checkMembership(_ request: InstanceRequest, _ caller: Caller) throws {
        guard let id = request.serverGroupID else { return }
        do {
            _ = try show(id, caller)
        } catch DomainError.notFound {
            throw DomainError.invalid(
                .serverGroup, field: "group", "Instance group \(id) could not be found.")
        }
        let used = try members()[id]?.count ?? 0
        let limit = context.settings.serverGroupMembersMax
        guard used + request.countMax <= limit else {
            throw DomainError.overQuota(
                resource: "server_group_members", used: used, requested: request.countMax,
                limit: limit)
        }
    }

    private static func find(
        _ id: ServerGroupID, _ caller: Caller, in snapshot: DocumentSnapshot
    ) throws -> Versioned<ServerGroup> {
        guard isObjectID(id.text), let group = try snapshot.get(ServerGroup.self, id.text),
            caller.maySee(group.value.projectID)
        else { throw DomainError.notFound(.serverGroup, id.text) }
        return group
    }

    /// How many more the project may have; at least one.
    private func checkQuota(_ project: ProjectID, _ snapshot: DocumentSnapshot) throws -> Int {
        let limit = context.settings.serverGroupsPerProjectMax
        let used = try snapshot.list(ServerGroup.self).count { $0.value.projectID == project }
        guard used < limit else {
            throw DomainError.overQuota(
                resource: "server_groups", used: used, requested: 1, limit: limit)
        }
        return limit - used
    }
}
