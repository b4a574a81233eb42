import Foundation

/// A named set of rules that ports refer to.
public struct SecurityGroup: Codable, Sendable, Equatable {
    /// Its UUID.
    public var id: SecurityGroupID
    /// The owner.
    public var projectID: ProjectID
    /// Display name; `default` exists once in every project.
    public var name: String
    /// Free text.
    public var description: String
    /// Whether answers to allowed traffic pass by themselves.
    public var stateful: Bool
    /// What is allowed; everything else is dropped.
    public var rules: [SecurityGroupRule]
    /// Labels.
    public var tags: [String]
    /// Counts changes, from 1.
    public var revisionNumber: Int
    /// When it was made.
    public var createdAt: Date
    /// Last change.
    public var updatedAt: Date

    /// A group; see the fields.
    public init(
        id: SecurityGroupID, projectID: ProjectID, name: String, description: String,
        rules: [SecurityGroupRule], createdAt: Date
    ) {
        self.id = id
        self.projectID = projectID
        self.name = name
        self.description = description
        self.rules = rules
        self.createdAt = createdAt
        self.updatedAt = createdAt
        stateful = true
        tags = []
        revisionNumber = 1
    }
}

/// One permission of a security group.
public struct SecurityGroupRule: Codable, Sendable, Equatable {
    /// Its UUID.
    public var id: SecurityGroupRuleID
    /// `ingress` or `egress`.
    public var direction: String
    /// `IPv4` or `IPv6`.
    public var etherType: String
    /// Protocol name or number; nil for any.
    public var protocolName: String?
    /// First port (or ICMP type).
    public var portRangeMin: Int?
    /// Last port (or ICMP code).
    public var portRangeMax: Int?
    /// Peers by CIDR.
    public var remoteIPPrefix: String?
    /// Peers by group.
    public var remoteGroupID: SecurityGroupID?
    /// Free text.
    public var description: String
    /// When it was made.
    public var createdAt: Date

    /// A rule that allows everything in one direction, to be narrowed by its fields.
    public init(id: SecurityGroupRuleID, direction: String, etherType: String, createdAt: Date) {
        self.id = id
        self.direction = direction
        self.etherType = etherType
        self.createdAt = createdAt
        description = ""
    }
}
