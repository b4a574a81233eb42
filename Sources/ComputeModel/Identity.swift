import Foundation

/// A tenant.
public struct Project: Codable, Sendable, Equatable {
    /// 32 hex digits.
    public var id: ProjectID
    /// Unique name.
    public var name: String
    /// Free text.
    public var description: String
    /// Tokens of a disabled project are refused.
    public var enabled: Bool
    /// When it was made.
    public var createdAt: Date

    /// An enabled project.
    public init(id: ProjectID, name: String, description: String, createdAt: Date) {
        self.id = id
        self.name = name
        self.description = description
        self.createdAt = createdAt
        enabled = true
    }
}

/// Somebody who may ask for tokens.
public struct User: Codable, Sendable, Equatable {
    /// 32 hex digits.
    public var id: UserID
    /// Unique name.
    public var name: String
    /// Memory-hard hash of the password with its parameters; never the password.
    public var passwordHash: String
    /// The project assumed when a request names none.
    public var defaultProjectID: ProjectID?
    /// Disabled users get no tokens.
    public var enabled: Bool
    /// Roles by project id text.
    public var roles: [String: Set<Role>]
    /// When it was made.
    public var createdAt: Date

    /// An enabled user without roles.
    public init(
        id: UserID, name: String, passwordHash: String, defaultProjectID: ProjectID?,
        createdAt: Date
    ) {
        self.id = id
        self.name = name
        self.passwordHash = passwordHash
        self.defaultProjectID = defaultProjectID
        self.createdAt = createdAt
        enabled = true
        roles = [:]
    }
}

/// What a user may do in a project. Each role includes those before it.
public enum Role: String, Codable, Sendable, CaseIterable, Comparable {
    case reader, member, admin

    /// Order by power.
    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .reader: 0
        case .member: 1
        case .admin: 2
        }
    }
}

/// Who is asking: the outcome of a checked token. Handed down to every operation.
public struct Caller: Sendable, Equatable {
    /// The user.
    public var userID: UserID
    /// The user's name.
    public var userName: String
    /// The project the token is for.
    public var projectID: ProjectID
    /// The project's name.
    public var projectName: String
    /// The most powerful role in that project.
    public var role: Role
    /// The request being served.
    public var requestID: APIRequestID

    /// A caller; see the fields.
    public init(
        userID: UserID, userName: String, projectID: ProjectID, projectName: String, role: Role,
        requestID: APIRequestID
    ) {
        self.userID = userID
        self.userName = userName
        self.projectID = projectID
        self.projectName = projectName
        self.role = role
        self.requestID = requestID
    }

    /// Whether the caller administers the cloud.
    public var isAdmin: Bool { role == .admin }

    /// Whether the caller may see what belongs to `owner`.
    public func maySee(_ owner: ProjectID) -> Bool { isAdmin || owner == projectID }
}

/// A user's SSH public key under a name.
public struct Keypair: Codable, Sendable, Equatable {
    /// The owner.
    public var userID: UserID
    /// Unique per user.
    public var name: String
    /// OpenSSH public key text.
    public var publicKey: String
    /// MD5 fingerprint with colons.
    public var fingerprint: String
    /// `ssh` or `x509`.
    public var type: String
    /// When it was stored.
    public var createdAt: Date

    /// A key pair; see the fields.
    public init(
        userID: UserID, name: String, publicKey: String, fingerprint: String, type: String,
        createdAt: Date
    ) {
        self.userID = userID
        self.name = name
        self.publicKey = publicKey
        self.fingerprint = fingerprint
        self.type = type
        self.createdAt = createdAt
    }
}
