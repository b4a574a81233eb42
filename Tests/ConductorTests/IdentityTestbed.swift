import ComputeModel
import Foundation
import Logging
import Persistence
import Synchronization

@testable import Conductor

/// A clock that stands still until it is told to go on.
final class IdentityClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
    var now: Date { time.withLock { $0 } }
    func advance(seconds: Double) { time.withLock { $0 += seconds } }
}

/// The identity part on an empty store, with cheap passwords.
struct IdentityTestbed {
    let clock = IdentityClock()
    let context: ConductorContext
    let hasher: PasswordHasher
    let tokens: Tokens
    let users: Users
    let projects: Projects

    init(store: any StateStore = MemoryStateStore()) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let documents = try await DocumentStore.open(
            store, types: StoredTypes.all, logger: logger)
        let clock = clock
        context = ConductorContext(
            documents: documents,
            settings: ConductorSettings(imageDirectory: URL(fileURLWithPath: "/nonexistent")),
            logger: logger, now: { clock.now })
        hasher = try PasswordHasher(cost: PasswordCost(roundsLog2: 4))
        tokens = Tokens(context: context, passwords: hasher)
        users = Users(tokens: tokens)
        projects = Projects(context: context)
    }

    /// A user with a role in a project of the same name, and a token for it.
    func login(
        _ name: String, password: String = "secret", role: Role = .member
    ) async throws -> (user: User, project: Project, token: String) {
        let project = try await projects.create(name: name, description: "", enabled: true)
        let user = try await users.create(
            UserDraft(
                name: name, password: password, defaultProjectID: project.id, enabled: true))
        try await users.assign(role, to: user.id, in: project.id)
        clock.advance(seconds: 1)
        let issued = try await tokens.issue(
            .password(user: .name(name), password), scope: .unspecified)
        return (user, project, issued.text)
    }

    /// Whether the token is taken.
    func isAccepted(_ token: String) async throws -> Bool {
        do {
            _ = try await tokens.check(token)
            return true
        } catch DomainError.unauthenticated {
            return false
        }
    }
}
