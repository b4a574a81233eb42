import AgentClient
import AgentProtocol
import Foundation
import HostAgent
import HostDrivers
import LinkCertificates
import Logging
import ServiceLifecycle

/// Joins if need be, then runs the agent for as long as the program lives; opens the link anew
/// when the host's certificate was renewed.
struct AgentService: Service {
    let configuration: AgentConfiguration
    let joinToken: String?
    let records: FileRecordStore
    let drivers: HostDriverSet
    let logger: Logger

    /// How often it is looked whether the certificate is due.
    static let renewalInterval: Duration = .seconds(12 * 3_600)
    /// Pause between attempts to join a server that doesn't answer.
    static let joinPause: Duration = .seconds(5)

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                var credentials = try await joined()
                while !Task.isCancelled {
                    credentials = try await serve(credentials)
                }
            } catch is CancellationError {
                logger.debug("the agent was stopped")
            }
        }
    }

    private var store: CertificateStore {
        CertificateStore(
            directory: configuration.stateDirectory.appendingPathComponent("link").path)
    }

    /// The host's credentials: stored ones, or those that the join token brings. A server that is
    /// away is asked again for ever; one that says no ends the program.
    private func joined() async throws -> HostCredentials {
        if let credentials = try store.load() { return credentials }
        guard let joinToken else {
            throw StartError(
                "host '\(configuration.hostName)' has not joined yet: run 'millrace host token"
                    + " \(configuration.hostName)' on the server and give the token with"
                    + " --join-token")
        }
        let join = AgentJoin(endpoint: configuration.server, store: store)
        while true {
            switch await attempt(join, joinToken) {
            case .success(let credentials): return credentials
            case .failure(let error):
                guard case .link(.unreachable) = error else { throw error }
                logger.warning("the host can't join yet", metadata: ["cause": "\(error)"])
                try await Task.sleep(for: Self.joinPause)
            }
        }
    }

    private func attempt(
        _ join: AgentJoin, _ token: String
    ) async -> Result<HostCredentials, AgentJoinError> {
        do throws(AgentJoinError) {
            return .success(
                try await join.join(hostName: configuration.hostName, token: token))
        } catch {
            return .failure(error)
        }
    }

    /// Runs the agent until it is stopped or its certificate was renewed; returns what to go on
    /// with.
    private func serve(_ credentials: HostCredentials) async throws -> HostCredentials {
        let link = try HTTPControlPlaneLink(
            endpoint: configuration.server, credentials: credentials)
        var identity = AgentIdentity(
            hostName: credentials.hostName, zone: configuration.zone,
            agentVersion: Release.version, address: configuration.address)
        identity.configuredName = configuration.isHostNameGiven ? configuration.hostName : nil
        identity.migrationURI = configuration.host.migration?.uri
        identity.migrationIsEncrypted = configuration.host.migration?.isEncrypted ?? false
        let agent = HostAgent(
            identity: identity, link: link, drivers: drivers, recordStore: records,
            settings: configuration.settings, logger: logger)
        // The link must be closed on every way out, or its client stops the program.
        do {
            let next = try await run(agent, credentials, link)
            await close(link)
            return next ?? credentials
        } catch {
            await close(link)
            throw error
        }
    }

    /// Runs the agent until it ends (nil) or the certificate was renewed.
    private func run(
        _ agent: HostAgent, _ credentials: HostCredentials, _ link: HTTPControlPlaneLink
    ) async throws -> HostCredentials? {
        try await withThrowingTaskGroup(of: HostCredentials?.self) { group in
            group.addTask {
                await agent.run()
                return nil
            }
            group.addTask { try await renewed(credentials, link) }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func close(_ link: HTTPControlPlaneLink) async {
        do throws(AgentLinkError) {
            try await link.shutdown()
        } catch {
            logger.warning("closing the link failed", metadata: ["cause": "\(error)"])
        }
    }

    private func renewed(
        _ credentials: HostCredentials, _ link: HTTPControlPlaneLink
    ) async throws -> HostCredentials {
        let join = AgentJoin(endpoint: configuration.server, store: store)
        while true {
            do throws(AgentJoinError) {
                if let next = try await join.renewIfDue(credentials, link: link) { return next }
            } catch {
                logger.warning(
                    "the host's certificate can't be renewed now",
                    metadata: ["ends": "\(credentials.endsAt)", "cause": "\(error)"])
            }
            try await Task.sleep(for: Self.renewalInterval)
        }
    }
}
