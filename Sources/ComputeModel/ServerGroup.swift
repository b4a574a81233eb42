import Foundation

/// Names a group of instances that shall be together or apart.
public typealias ServerGroupID = TypedID<ServerGroup>

/// Instances that shall be together or apart. Who is in it is written on the instances
/// (`Instance.serverGroupID`), so that deleting one needs no change here.
public struct ServerGroup: Codable, Sendable, Equatable {
    /// Its UUID.
    public var id: ServerGroupID
    /// The owner.
    public var projectID: ProjectID
    /// Who made it.
    public var userID: UserID
    /// Display name, 1 to 255 characters.
    public var name: String
    /// Together or apart, and how strictly.
    public var policy: GroupPolicy
    /// With `antiAffinity`: members that one host may have, at least 1.
    public var maxServersPerHost: Int
    /// Whether that number was asked for; nil and false: it is the usual one.
    public var hasRule: Bool?
    /// When it was made.
    public var createdAt: Date

    /// A group; see the fields.
    public init(
        id: ServerGroupID, projectID: ProjectID, userID: UserID, name: String,
        policy: GroupPolicy, maxServersPerHost: Int = 1, createdAt: Date
    ) {
        self.id = id
        self.projectID = projectID
        self.userID = userID
        self.name = name
        self.policy = policy
        self.maxServersPerHost = maxServersPerHost
        self.createdAt = createdAt
    }
}

/// How members of a group are placed.
public enum GroupPolicy: String, Codable, Sendable, CaseIterable {
    /// All on one host.
    case affinity
    /// No host has more than the group allows.
    case antiAffinity = "anti-affinity"
    /// On one host where possible.
    case softAffinity = "soft-affinity"
    /// Apart where possible.
    case softAntiAffinity = "soft-anti-affinity"
}
