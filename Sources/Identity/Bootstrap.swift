import ComputeModel
import Foundation
import Persistence

/// What the first steps of a start found or did.
public enum BootstrapOutcome: Sendable, Equatable {
    /// The store was empty: an administrator was made, with credentials in this file.
    case created(cloudsFile: URL)
    /// Everything was there and right.
    case kept(cloudsFile: URL)
    /// The file had another address than the server has now; only that was changed.
    case addressChanged(cloudsFile: URL)
    /// The administrator exists but the file with the password is gone. Passwords aren't stored,
    /// so it can't be written again: `Bootstrap.resetAdminPassword` makes a new one.
    case credentialsLost(cloudsFile: URL)
}

/// Makes the first user of an empty store: `admin`, in the project `admin`, with a random
/// password that is written to `clouds.yaml` (mode 0600) in the state directory.
public struct Bootstrap: Sendable {
    /// Name of the first user and of the first project.
    public static let adminName = "admin"
    /// Random bytes of the password: 192 bits.
    static let passwordBytes = 24

    private let tokens: Tokens
    private let file: CloudsFile
    private let makePassword: @Sendable () -> String

    /// A bootstrap that writes to `stateDirectory`, which must exist. `makePassword` is random
    /// unless a test says otherwise.
    public init(
        tokens: Tokens, stateDirectory: URL,
        makePassword: @escaping @Sendable () -> String = Bootstrap.randomPassword
    ) {
        self.tokens = tokens
        file = CloudsFile(stateDirectory: stateDirectory)
        self.makePassword = makePassword
    }

    /// To be run at each start. `authURL` is the identity address for clients, such as
    /// `http://192.0.2.1:8774/identity/v3`.
    public func run(authURL: String) async throws -> BootstrapOutcome {
        let documents = tokens.context.documents
        guard try documents.list(User.self).isEmpty else {
            guard file.exists else { return .credentialsLost(cloudsFile: file.url) }
            return try file.updateAddress(authURL)
                ? .addressChanged(cloudsFile: file.url) : .kept(cloudsFile: file.url)
        }
        let password = makePassword()
        let hash = try await tokens.passwords.hash(password)
        // The file first: if the server dies in between, the next start finds an empty store and
        // writes a new one. The other way round, the password would be lost.
        try write(password, authURL)
        try await documents.transact { transaction in
            try Self.addAdmin(&transaction, tokens.context, hash, project: nil, user: nil)
        }
        return .created(cloudsFile: file.url)
    }

    /// Gives the administrator a new random password, writes `clouds.yaml` with it, and ends all
    /// tokens of theirs. Makes the user, the project and the role again should they be gone.
    /// Returns the file's address.
    public func resetAdminPassword(authURL: String) async throws -> URL {
        let context = tokens.context
        let password = makePassword()
        let hash = try await tokens.passwords.hash(password)
        try write(password, authURL)
        let id = try await context.retryingConflicts(.user) {
            let user = try context.documents.user(named: Self.adminName)
            let project = try context.documents.project(named: Self.adminName).flatMap {
                try context.documents.get(Project.self, $0.documentKey)
            }
            let current = try user.flatMap {
                try context.documents.get(User.self, $0.documentKey)
            }
            var id: UserID?
            try await context.documents.transact { transaction in
                id = try Self.addAdmin(
                    &transaction, context, hash, project: project, user: current)
            }
            return id
        }
        if let id { try await tokens.revokeAll(of: id) }
        return file.url
    }

    /// 192 random bits in letters and digits that need no quoting anywhere.
    public static let randomPassword: @Sendable () -> String = {
        Data(PasswordHasher.randomBytes(passwordBytes)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_")
    }

    private func write(_ password: String, _ authURL: String) throws {
        do {
            try file.write(
                authURL: authURL, userName: Self.adminName, password: password,
                project: Self.adminName)
        } catch {
            throw DomainError.internalFailure(
                "Writing the administrator's credentials to \(file.url.path) failed: \(error)."
                    + " Check that the directory exists and can be written.")
        }
    }

    @discardableResult
    private static func addAdmin(
        _ transaction: inout DocumentTransaction, _ context: IdentityContext, _ hash: String,
        project existing: Versioned<Project>?, user current: Versioned<User>?
    ) throws -> UserID {
        let now = context.now()
        var project =
            existing?.value
            ?? Project(
                id: ProjectID(context.makeHexID()), name: adminName,
                description: "The administrators' project, made at the first start.",
                createdAt: now)
        project.enabled = true
        if let existing {
            try transaction.update(existing, to: project)
        } else {
            try transaction.insert(project)
            try transaction.insert(project.reservation)
        }
        var user =
            current?.value
            ?? User(
                id: UserID(context.makeHexID()), name: adminName, passwordHash: hash,
                defaultProjectID: project.id, createdAt: now)
        user.passwordHash = hash
        user.enabled = true
        user.roles[project.id.text, default: []].insert(.admin)
        if let current {
            try transaction.update(current, to: user)
        } else {
            try transaction.insert(user)
            try transaction.insert(user.reservation)
        }
        return user.id
    }
}
