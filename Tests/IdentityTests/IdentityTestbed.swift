import ComputeModel
import Foundation
import Logging
import Persistence
import TestSupport

@testable import ControlPlaneState
@testable import Identity

/// The identity part on an empty store, with cheap passwords.
struct IdentityTestbed {
    let clock = StandingClock()
    let context: IdentityContext
    let hasher: PasswordHasher
    let tokens: Tokens
    let users: Users
    let projects: Projects

    init(store: any StateStore = MemoryStateStore()) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let documents = try await DocumentStore.open(
            store, types: StoredTypes.shared + StoredTypes.identity, logger: logger)
        let clock = clock
        context = IdentityContext(
            documents: documents,
            settings: IdentitySettings(),
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
