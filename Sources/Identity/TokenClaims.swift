import ComputeModel
import Crypto
import Foundation
import JWTKit
import Persistence
import Synchronization

/// What a token says. Times are seconds since 1970, with fractions.
struct TokenClaims: JWTPayload, Equatable {
    var userID: String
    /// Nil: for no project.
    var projectID: String?
    /// The most powerful role the token was made with.
    var role: String?
    var methods: [String]
    /// Its own audit id, and that of the token it was made from.
    var auditIDs: [String]
    var issuedAt: Double
    var expiresAt: Double

    enum CodingKeys: String, CodingKey {
        case userID = "sub"
        case projectID = "project"
        case role, methods
        case auditIDs = "audit"
        case issuedAt = "iat"
        case expiresAt = "exp"
    }

    /// Nothing to check here: expiry is checked on each use, with the application's clock.
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}

/// The tokens of one user that no longer count though they haven't expired.
public struct TokenRevocations: Codable, Sendable, StoredValue {
    /// `token-revocations/<user>`.
    public static var collection: String { "token-revocations" }
    /// Entries of one user. When they are used up, all tokens of the user issued so far end:
    /// the list stays bounded and errs on the safe side.
    static let entriesMax = 256
    /// Whose tokens.
    public var userID: String
    /// Tokens issued at or before this moment (seconds since 1970) don't count.
    var issuedAtMin: Double
    /// Expiry by audit id, for tokens revoked one by one.
    var auditIDs: [String: Double]
    /// The user's id.
    public var documentKey: String { DocumentKey.escaped(userID) }

    init(userID: String) {
        self.userID = userID
        issuedAtMin = 0
        auditIDs = [:]
    }

    func includes(_ claims: TokenClaims) -> Bool {
        if claims.issuedAt <= issuedAtMin { return true }
        return claims.auditIDs.first.map { auditIDs[$0] != nil } ?? true
    }

    mutating func add(_ claims: TokenClaims, now: Double) {
        auditIDs = auditIDs.filter { $0.value > now }
        if auditIDs.count >= Self.entriesMax {
            auditIDs = [:]
            issuedAtMin = now
        }
        if let id = claims.auditIDs.first { auditIDs[id] = claims.expiresAt }
    }
}

/// Signatures that were checked lately, so that a token is only verified once in a while. Holds
/// digests, never tokens. Two halves: when the young one is full it becomes the old one, so
/// what is in use stays and memory is bounded.
final class TokenCache: Sendable {
    struct Entry: Sendable {
        var claims: TokenClaims
        var keyID: String
    }
    private struct Halves {
        var young: [SHA256Digest: Entry] = [:]
        var old: [SHA256Digest: Entry] = [:]
    }

    private let halves = Mutex(Halves())
    private let halfMax: Int

    init(entriesMax: Int) {
        halfMax = max(1, entriesMax / 2)
    }

    static func digest(_ token: String) -> SHA256Digest {
        SHA256.hash(data: Data(token.utf8))
    }

    func entry(_ digest: SHA256Digest) -> Entry? {
        halves.withLock { halves in
            if let entry = halves.young[digest] { return entry }
            guard let entry = halves.old[digest] else { return nil }
            Self.insert(digest, entry, &halves, halfMax)
            return entry
        }
    }

    func insert(_ digest: SHA256Digest, _ entry: Entry) {
        halves.withLock { Self.insert(digest, entry, &$0, halfMax) }
    }

    var count: Int { halves.withLock { $0.young.count + $0.old.count } }

    private static func insert(
        _ digest: SHA256Digest, _ entry: Entry, _ halves: inout Halves, _ halfMax: Int
    ) {
        if halves.young.count >= halfMax {
            halves.old = halves.young
            halves.young = [:]
        }
        halves.young[digest] = entry
    }
}
