import ComputeModel
import Persistence

/// Users' SSH public keys.
public struct Keypairs: Sendable {
    private let context: ConductorContext

    /// The key pairs in `context`'s documents.
    public init(_ context: ConductorContext) {
        self.context = context
    }

    /// The user's, ordered by name.
    public func list(_ user: UserID) throws -> [Keypair] {
        try context.documents.list(Keypair.self, prefix: Keypair.keys(of: user)).map(\.value)
    }

    /// One of the user's. Throws `notFound`.
    public func show(_ name: String, _ user: UserID) throws -> Keypair {
        let key = Keypair.key(user, name)
        guard let keypair = try context.documents.get(Keypair.self, key)?.value else {
            throw DomainError.notFound(.keypair, name)
        }
        return keypair
    }

    /// Stores a key. Throws `conflict(.nameTaken)`.
    public func create(_ keypair: Keypair) async throws {
        do {
            try await context.documents.transact { try $0.insert(keypair) }
        } catch StoreError.conflict {
            throw DomainError.conflict(
                .keypair, .nameTaken, "Key pair '\(keypair.name)' already exists.")
        }
    }

    /// Removes a key; instances keep their copy. Throws `notFound`.
    public func delete(_ name: String, _ user: UserID) async throws {
        let key = Keypair.key(user, name)
        guard let keypair = try context.documents.get(Keypair.self, key) else {
            throw DomainError.notFound(.keypair, name)
        }
        try await context.documents.transact { try $0.delete(keypair) }
    }
}
