import ComputeModel
import Foundation
import Persistence

/// How a caller proves who they are.
public enum Credential: Sendable {
    /// By password. Nil for the user: the request named one that can't exist here.
    case password(user: UserReference?, String)
    /// By a token they have.
    case token(String)
}

/// A user as a request names them.
public enum UserReference: Sendable, Equatable {
    /// By id.
    case id(UserID)
    /// By name.
    case name(String)
}

/// What a token is asked for.
public enum TokenScope: Sendable, Equatable {
    /// Nothing was said: the user's default project, if there is one.
    case unspecified
    /// No project, explicitly.
    case unscoped
    /// A project by id.
    case projectID(ProjectID)
    /// A project by name.
    case projectName(String)
    /// A scope that doesn't exist here.
    case unknown
}

/// A token that holds: its claims, checked against what is stored now.
public struct TokenGrant: Sendable {
    /// The user.
    public var user: User
    /// The project it is for; nil for a token that is for no project.
    public var project: Project?
    /// The roles in that project, weakest first.
    public var roles: [Role]
    /// How its owner proved who they are: `password`, `token`.
    public var methods: [String]
    /// Its audit id, then that of the token it was made from.
    public var auditIDs: [String]
    /// When it was made.
    public var issuedAt: Date
    /// When it ends.
    public var expiresAt: Date

    /// The token's owner as handed to operations. Throws `forbidden` when it is for no project.
    public func caller(_ requestID: APIRequestID) throws(DomainError) -> Caller {
        guard let project, let role = roles.last else {
            throw .forbidden(
                "The token is for no project: ask for one with a project scope.")
        }
        return Caller(
            userID: user.id, userName: user.name, projectID: project.id,
            projectName: project.name, role: role, requestID: requestID)
    }
}

/// A token as it is handed out.
public struct IssuedToken: Sendable {
    /// The token's text. A secret.
    public var text: String
    /// What it grants.
    public var grant: TokenGrant
}

/// Makes, checks and revokes tokens. Checking costs a digest and a few look-ups; what is disabled,
/// deleted or taken away counts from the next request on.
public struct Tokens: Sendable {
    /// Longest token that is looked at, in bytes.
    static let textBytesMax = 4_096
    /// Signatures remembered.
    static let cacheEntriesMax = 20_000

    let context: IdentityContext
    let passwords: PasswordHasher
    let keys: TokenKeys
    private let cache: TokenCache

    /// Tokens signed with the keys in `context`'s store.
    public init(context: IdentityContext, passwords: PasswordHasher) {
        self.context = context
        self.passwords = passwords
        keys = TokenKeys(context: context)
        cache = TokenCache(entriesMax: Self.cacheEntriesMax)
    }

    /// A new token. Throws `unauthenticated` with one and the same message whatever was wrong.
    public func issue(_ credential: Credential, scope: TokenScope) async throws -> IssuedToken {
        let origin = try await origin(credential)
        let now = context.now().timeIntervalSince1970
        let project = try project(scope, origin.user)
        var claims = TokenClaims(
            userID: origin.user.id.text, projectID: project?.id.text, role: nil,
            methods: origin.methods, auditIDs: [auditID()] + origin.auditIDs.prefix(1),
            issuedAt: now,
            expiresAt: origin.expiresAt
                ?? now + context.settings.tokenLifetime.timeInterval)
        if let project {
            guard let role = origin.user.roles[project.id.text]?.max() else {
                throw Self.refused
            }
            claims.role = role.rawValue
        }
        let text = try await keys.sign(claims)
        return IssuedToken(text: text, grant: try grant(claims))
    }

    /// What `token` grants now. Throws `unauthenticated` unless it is ours, unexpired, unrevoked
    /// and everything it names still exists and is enabled.
    public func check(_ token: String) async throws -> TokenGrant {
        try grant(try await claims(token))
    }

    /// Ends `token` before its time.
    public func revoke(_ token: String) async throws {
        let claims = try await claims(token)
        let now = context.now().timeIntervalSince1970
        try await changeRevocations(of: claims.userID) { $0.add(claims, now: now) }
    }

    /// Ends all tokens that a user has.
    func revokeAll(of user: UserID) async throws {
        let now = context.now().timeIntervalSince1970
        try await changeRevocations(of: user.text) {
            $0.issuedAtMin = now
            $0.auditIDs = [:]
        }
    }

    static let refused = DomainError.unauthenticated(
        "The request you have made requires authentication.")

    private struct Origin {
        var user: User
        var methods: [String]
        var auditIDs: [String] = []
        /// Seconds since 1970; nil for a full life.
        var expiresAt: Double?
    }

    private func origin(_ credential: Credential) async throws -> Origin {
        switch credential {
        case .password(let reference, let password):
            let found = try reference.flatMap { try user($0) }
            // Checked even when there is no such user: both cases must look and last the same.
            let matches = try await passwords.matches(password, stored: found?.passwordHash)
            guard matches, let found, found.enabled else { throw Self.refused }
            return Origin(user: found, methods: ["password"])
        case .token(let text):
            let claims = try await claims(text)
            let grant = try grant(claims)
            let methods = ["token"] + claims.methods.filter { $0 != "token" }
            return Origin(
                user: grant.user, methods: methods, auditIDs: claims.auditIDs,
                expiresAt: claims.expiresAt)
        }
    }

    private func user(_ reference: UserReference) throws -> User? {
        switch reference {
        case .id(let id): return try context.documents.user(id)
        case .name(let name): return try context.documents.user(named: name)
        }
    }

    private func project(_ scope: TokenScope, _ user: User) throws -> Project? {
        let found: Project?
        switch scope {
        case .unscoped: return nil
        case .unspecified:
            guard let id = user.defaultProjectID, user.roles[id.text]?.isEmpty == false,
                let project = try context.documents.project(id), project.enabled
            else { return nil }
            return project
        case .projectID(let id): found = try context.documents.project(id)
        case .projectName(let name): found = try context.documents.project(named: name)
        case .unknown: found = nil
        }
        guard let found, found.enabled else { throw Self.refused }
        return found
    }

    /// The claims of a token whose signature and times hold.
    private func claims(_ token: String) async throws -> TokenClaims {
        guard token.utf8.count <= Self.textBytesMax else { throw Self.refused }
        let digest = TokenCache.digest(token)
        var entry = cache.entry(digest)
        if entry == nil, let verified = try await keys.verify(token) {
            let checked = TokenCache.Entry(claims: verified.claims, keyID: verified.keyID)
            cache.insert(digest, checked)
            entry = checked
        }
        guard let entry, try keys.isKnown(entry.keyID),
            entry.claims.expiresAt > context.now().timeIntervalSince1970
        else { throw Self.refused }
        return entry.claims
    }

    /// Compares claims with what is stored now.
    private func grant(_ claims: TokenClaims) throws -> TokenGrant {
        let documents = context.documents
        let revocations = try documents.get(
            TokenRevocations.self, DocumentKey.escaped(claims.userID))
        guard let user = try documents.user(UserID(claims.userID)), user.enabled,
            revocations?.value.includes(claims) != true
        else { throw Self.refused }
        var grant = TokenGrant(
            user: user, project: nil, roles: [], methods: claims.methods,
            auditIDs: claims.auditIDs, issuedAt: Date(timeIntervalSince1970: claims.issuedAt),
            expiresAt: Date(timeIntervalSince1970: claims.expiresAt))
        guard let id = claims.projectID else { return grant }
        guard let project = try documents.project(ProjectID(id)), project.enabled,
            let claimed = claims.role.flatMap({ Role(rawValue: $0) }),
            let present = user.roles[id]?.max()
        else { throw Self.refused }
        grant.project = project
        grant.roles = Role.allCases.filter { $0 <= min(claimed, present) }
        return grant
    }

    private func changeRevocations(
        of user: String, _ change: (inout TokenRevocations) -> Void
    ) async throws {
        try await context.retryingConflicts(.token) {
            let current = try context.documents.get(
                TokenRevocations.self, DocumentKey.escaped(user))
            var value = current?.value ?? TokenRevocations(userID: user)
            change(&value)
            try await context.documents.transact { transaction in
                if let current {
                    try transaction.update(current, to: value)
                } else {
                    try transaction.insert(value)
                }
            }
        }
    }

    /// 128 random bits as unpadded base64url, as identity services show them.
    private func auditID() -> String {
        Data(PasswordHasher.randomBytes(16)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
