import Foundation
import Persistence

/// That one host may join, until when. Of the join token's secret only the hash is kept.
public struct StoredJoinGrant: Codable, Sendable, Equatable, StoredValue {
    /// `join-grants/<hash>`.
    public static var collection: String { "join-grants" }
    /// Hex of the secret's SHA-256.
    public var secretHash: String
    /// The one host that may join with it.
    public var hostName: String
    /// Good until then.
    public var expiresAt: Date
    /// The hash.
    public var documentKey: String { secretHash }

    /// A grant; see the fields.
    public init(secretHash: String, hostName: String, expiresAt: Date) {
        self.secretHash = secretHash
        self.hostName = hostName
        self.expiresAt = expiresAt
    }
}

/// The grants given out and not yet used. Each is used at most once, however many ask.
public struct JoinGrants: Sendable {
    /// How long a grant is good.
    public static let lifetime: Duration = .seconds(3_600)
    private let context: ConductorContext

    /// The grants in `context`'s documents.
    public init(_ context: ConductorContext) {
        self.context = context
    }

    /// Stores a grant for `hostName`, and clears away those that have expired.
    public func add(secretHash: String, hostName: String) async throws -> StoredJoinGrant {
        let now = context.now()
        let grant = StoredJoinGrant(
            secretHash: secretHash, hostName: hostName,
            expiresAt: now + TimeInterval(Self.lifetime.components.seconds))
        let expired = try context.documents.list(StoredJoinGrant.self)
            .filter { $0.value.expiresAt < now }.prefix(64)
        try await context.documents.transact { transaction in
            try transaction.insert(grant)
            for old in expired { try transaction.delete(old) }
        }
        return grant
    }

    /// Takes the grant out; nil when there is none, or another request was faster.
    public func consume(_ secretHash: String) async throws -> StoredJoinGrant? {
        guard let key = try? DocumentKey(collection: StoredJoinGrant.collection, id: secretHash),
            // A hash that can't be a key is a hash that nobody was given.
            let grant = try context.documents.get(StoredJoinGrant.self, key.id)
        else { return nil }
        do {
            try await context.documents.transact { try $0.delete(grant) }
            return grant.value
        } catch let error as StoreError {
            guard case .conflict = error else { throw error }
            return nil
        }
    }
}
