import AgentProtocol
import Foundation
import LinkCertificates
import Logging

/// Gives certificates to hosts: to new ones for a join token, to known ones for the asking.
struct JoinDesk: Sendable {
    let authority: LinkAuthority
    let ledger: any JoinTokenLedger
    let now: @Sendable () -> Date
    let logger: Logger

    /// Checks all that can be checked before the token is used up, then takes it and signs.
    func join(_ request: JoinRequest) async throws -> JoinReply {
        let token = try JoinToken(parsing: request.token)
        guard try token.names(try LinkCertificate(pem: authority.certificatePEM)) else {
            throw LinkCertificateError.joinRefused(
                "the join token was made by another control plane; make one here")
        }
        let wanted = try HostSigningRequest(pem: request.csr)
        guard let grant = try await ledger.consume(token.secretHash) else {
            throw JoinGrant.unknownToken
        }
        try grant.check(token, hostName: wanted.hostName, at: now())
        let reply = try sign(wanted, hostName: grant.hostName)
        logger.notice("a host got its certificate", metadata: ["host": "\(grant.hostName)"])
        return reply
    }

    /// Signs the next certificate of the host `hostName`, which has shown its present one.
    func renew(_ request: RenewRequest, hostName: String) throws -> JoinReply {
        let reply = try sign(try HostSigningRequest(pem: request.csr), hostName: hostName)
        logger.info("a host renewed its certificate", metadata: ["host": "\(hostName)"])
        return reply
    }

    private func sign(_ request: HostSigningRequest, hostName: String) throws -> JoinReply {
        let pem = try authority.issueHostCertificate(request, hostName: hostName, at: now())
        return JoinReply(certificate: pem, ca: authority.certificatePEM)
    }
}
