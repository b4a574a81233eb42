public import Foundation

/// The server's record of a join token: whom it lets in, until when. Of the secret it has only
/// the hash.
public struct JoinGrant: Codable, Sendable, Equatable {
    /// Hex of the secret's SHA-256.
    public var secretHash: String
    /// The one host that may join.
    public var hostName: String
    /// Good until then.
    public var expiresAt: Date

    /// Grants `hostName` to join with `token` until `expiresAt`. Throws `unsuitable` for a name
    /// that can't stand in a certificate.
    public init(
        token: JoinToken, hostName: String, expiresAt: Date
    ) throws(LinkCertificateError) {
        try LinkHostName.check(hostName)
        secretHash = token.secretHash
        self.hostName = hostName
        self.expiresAt = expiresAt
    }

    /// A grant as it was stored.
    public init(secretHash: String, hostName: String, expiresAt: Date) {
        self.secretHash = secretHash
        self.hostName = hostName
        self.expiresAt = expiresAt
    }

    /// Throws `joinRefused` unless `token` lets `hostName` in at `now`.
    public func check(
        _ token: JoinToken, hostName: String, at now: Date
    ) throws(LinkCertificateError) {
        guard ConstantTime.isEqual(Array(secretHash.utf8), Array(token.secretHash.utf8)) else {
            throw Self.unknownToken
        }
        guard now < expiresAt else {
            throw .joinRefused("the join token for host '\(self.hostName)' expired; make another")
        }
        guard hostName == self.hostName else {
            throw .joinRefused(
                "the join token is for host '\(self.hostName)', not for '\(hostName)'; it is used"
                    + " up now, make another")
        }
    }

    /// What a host hears whose token the server doesn't know.
    public static let unknownToken = LinkCertificateError.joinRefused(
        "the join token is not known or was used before; make another")
}

/// Where the server keeps its grants.
public protocol JoinTokenLedger: Sendable {
    /// Takes the grant out, durably and at most once: asked again for the same hash it answers
    /// nil, whoever asks and however many servers there are.
    func consume(_ secretHash: String) async throws -> JoinGrant?
}

/// Grants in memory, for tests and simulations; they are gone when the process ends.
public actor MemoryJoinTokenLedger: JoinTokenLedger {
    private var grants: [String: JoinGrant] = [:]

    /// An empty ledger.
    public init() {}

    /// Remembers a grant.
    public func add(_ grant: JoinGrant) {
        grants[grant.secretHash] = grant
    }

    /// See `JoinTokenLedger`.
    public func consume(_ secretHash: String) -> JoinGrant? {
        grants.removeValue(forKey: secretHash)
    }
}
