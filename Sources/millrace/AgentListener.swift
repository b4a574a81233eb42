import AgentAPI
import Conductor
import Foundation
import Hummingbird
import LinkCertificates
import Logging
import OperatorAPI

/// The server's side of the link to agents: its CA, the join tokens, the HTTPS listener.
struct AgentListener: Sendable {
    let plane: ControlPlane
    let authority: LinkAuthority

    /// Loads the CA from the state directory; makes it at the first start.
    init(_ plane: ControlPlane) throws {
        self.plane = plane
        let folder = plane.configuration.stateDirectory.appendingPathComponent("ca")
        authority = try AuthorityStore(directory: folder.path).loadOrCreate(at: Date())
    }

    /// The listener at `address`, with a certificate for the configured names.
    func application(at address: ListenAddress) throws -> some ApplicationProtocol {
        let names = plane.configuration.agentNames
        let isAddress: (String) -> Bool = { name in
            name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
        }
        let identity = try authority.issueServerIdentity(
            names: names.filter { !isAddress($0) }, addresses: names.filter(isAddress),
            at: Date())
        let conductor = plane.conductor
        return try AgentAPI(
            authority: authority, identity: identity,
            ledger: JoinTokenDesk(
                grants: JoinGrants(plane.conductor.context), authority: authority),
            logger: plane.logger
        ) { hostName in
            conductor.link(hostName: hostName)
        }.application(host: address.host, port: address.port) { port in
            StandardOutput.write("agents reach it at port \(port)\n")
        }
    }

    /// Makes join tokens.
    var tokens: JoinTokenDesk {
        JoinTokenDesk(grants: JoinGrants(plane.conductor.context), authority: authority)
    }
}

/// Join tokens over the stored grants.
struct JoinTokenDesk: JoinTokenIssuer, JoinTokenLedger {
    let grants: JoinGrants
    let authority: LinkAuthority

    func issue(hostName: String) async throws -> (token: String, expiresAt: Date) {
        var generator = SystemRandomNumberGenerator()
        let token = JoinToken(
            authorityFingerprint: try authority.fingerprint, using: &generator)
        let grant = try await grants.add(secretHash: token.secretHash, hostName: hostName)
        return (token.text, grant.expiresAt)
    }

    func consume(_ secretHash: String) async throws -> JoinGrant? {
        guard let stored = try await grants.consume(secretHash) else { return nil }
        return JoinGrant(
            secretHash: stored.secretHash, hostName: stored.hostName,
            expiresAt: stored.expiresAt)
    }
}
