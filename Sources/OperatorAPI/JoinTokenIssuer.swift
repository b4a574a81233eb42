import Foundation

/// Makes the tokens with which hosts join.
public protocol JoinTokenIssuer: Sendable {
    /// A new token that lets the host called `hostName` join once, until `expiresAt`. The host
    /// need not be known yet.
    ///
    /// Throws `DomainError.invalid` for a name that can't stand in a certificate.
    func issue(hostName: String) async throws -> (token: String, expiresAt: Date)
}
