import ComputeModel
import ControlPlaneState
import Foundation
import Persistence

/// What a new user may be made with.
public struct UserDraft: Sendable {
    /// Unique name.
    public var name: String
    /// Nil: the user can't log in until a password is set.
    public var password: String?
    /// The project assumed when a request names none.
    public var defaultProjectID: ProjectID?
    /// Disabled users get no tokens.
    public var enabled: Bool

    /// A draft; see the fields.
    public init(name: String, password: String?, defaultProjectID: ProjectID?, enabled: Bool) {
        self.name = name
        self.password = password
        self.defaultProjectID = defaultProjectID
        self.enabled = enabled
    }
}

/// What changes about a user; nil leaves as it is.
public struct UserChange: Sendable {
    /// New name.
    public var name: String?
    /// New password; ends all tokens of the user.
    public var password: String?
    /// New default project; the inner nil takes it away.
    public var defaultProjectID: ProjectID??
    /// Whether the user may have tokens.
    public var enabled: Bool?

    /// No change.
    public init() {}
}

/// One role of one user in one project.
public struct RoleAssignment: Sendable, Equatable {
    /// Who has it.
    public var user: User
    /// Where.
    public var project: Project
    /// What they may do there.
    public var role: Role
}

/// Users and their roles: managed by administrators; users change their own password.
public struct Users: Sendable {
    /// Longest name in characters.
    public static let nameLengthMax = 255
    let context: IdentityContext
    private let passwords: PasswordHasher
    private let tokens: Tokens

    /// The users in `tokens`' store.
    public init(tokens: Tokens) {
        context = tokens.context
        passwords = tokens.passwords
        self.tokens = tokens
    }

    /// All users.
    public func list() throws -> [User] {
        try context.documents.list(User.self).map(\.value)
    }

    /// The user; throws `notFound`.
    public func show(_ id: UserID) throws -> User {
        guard let user = try context.documents.user(id) else {
            throw DomainError.notFound(.user, id.text)
        }
        return user
    }

    /// Makes a user. Throws `conflict(_, .nameTaken, _)`.
    public func create(_ draft: UserDraft) async throws -> User {
        let name = try Projects.checkedName(draft.name, .user)
        if let project = draft.defaultProjectID { try require(project) }
        var hash = ""
        if let password = draft.password { hash = try await passwords.hash(password) }
        var user = User(
            id: UserID(context.makeHexID()), name: name, passwordHash: hash,
            defaultProjectID: draft.defaultProjectID, createdAt: context.now())
        user.enabled = draft.enabled
        let made = user
        try await context.retryingConflicts(.user) {
            try context.documents.checkNameIsFree(.user, name, kind: Reservation.userName)
            try await context.documents.transact { transaction in
                try transaction.insert(made)
                try transaction.insert(made.reservation)
            }
        }
        return made
    }

    /// Changes a user.
    public func update(_ id: UserID, _ change: UserChange) async throws -> User {
        var hash: String?
        if let password = change.password { hash = try await passwords.hash(password) }
        if case .some(.some(let project)) = change.defaultProjectID { try require(project) }
        let newHash = hash
        let changed = try await mutate(id) { user in
            if let name = change.name { user.name = try Projects.checkedName(name, .user) }
            if let newHash { user.passwordHash = newHash }
            if let enabled = change.enabled { user.enabled = enabled }
            if let project = change.defaultProjectID { user.defaultProjectID = project }
        }
        if newHash != nil || change.enabled == false { try await tokens.revokeAll(of: id) }
        return changed
    }

    /// Changes a user's own password. Throws `unauthenticated` when `original` is not the present
    /// one.
    public func changePassword(_ id: UserID, original: String, new: String) async throws {
        let user = try context.documents.user(id)
        let matches = try await passwords.matches(original, stored: user?.passwordHash)
        guard matches, user?.enabled == true else { throw Tokens.refused }
        var change = UserChange()
        change.password = new
        _ = try await update(id, change)
    }

    /// Deletes a user; their tokens end with them.
    public func delete(_ id: UserID) async throws {
        try await context.retryingConflicts(.user) {
            let key = DocumentKey.escaped(id.text)
            guard let current = try context.documents.get(User.self, key) else {
                throw DomainError.notFound(.user, id.text)
            }
            let revocations = try context.documents.get(TokenRevocations.self, key)
            try await context.documents.transact { transaction in
                try transaction.delete(current)
                try transaction.release(current.value.reservation, context.documents)
                if let revocations { try transaction.delete(revocations) }
            }
        }
    }

    /// Gives a role; giving it twice is no error.
    public func assign(_ role: Role, to user: UserID, in project: ProjectID) async throws {
        try require(project)
        _ = try await mutate(user) { $0.roles[project.text, default: []].insert(role) }
    }

    /// Takes a role away; throws `notFound` when the user doesn't have it.
    public func unassign(_ role: Role, from user: UserID, in project: ProjectID) async throws {
        try require(project)
        _ = try await mutate(user) { user in
            guard user.roles[project.text]?.remove(role) != nil else {
                throw DomainError.notFound(.role, role.rawValue)
            }
            if user.roles[project.text]?.isEmpty == true { user.roles[project.text] = nil }
        }
    }

    /// Every role that was given, in projects that exist.
    public func assignments() throws -> [RoleAssignment] {
        var found: [RoleAssignment] = []
        for user in try list() {
            for (id, roles) in user.roles.sorted(by: { $0.key < $1.key }) {
                guard let project = try context.documents.project(ProjectID(id)) else { continue }
                for role in roles.sorted() {
                    found.append(RoleAssignment(user: user, project: project, role: role))
                }
            }
        }
        return found
    }

    private func require(_ project: ProjectID) throws {
        guard try context.documents.project(project) != nil else {
            throw DomainError.notFound(.project, project.text)
        }
    }

    private func mutate(
        _ id: UserID, _ change: (inout User) throws -> Void
    ) async throws -> User {
        try await context.retryingConflicts(.user) {
            let key = DocumentKey.escaped(id.text)
            guard let current = try context.documents.get(User.self, key) else {
                throw DomainError.notFound(.user, id.text)
            }
            var user = current.value
            try change(&user)
            let changed = user
            let renamed = changed.name != current.value.name
            if renamed {
                try context.documents.checkNameIsFree(
                    .user, changed.name, kind: Reservation.userName)
            }
            try await context.documents.transact { transaction in
                try transaction.update(current, to: changed)
                guard renamed else { return }
                try transaction.insert(changed.reservation)
                try transaction.release(current.value.reservation, context.documents)
            }
            return changed
        }
    }
}
