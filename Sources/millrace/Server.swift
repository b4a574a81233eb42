import ArgumentParser
import Conductor
import Foundation
import Identity
import Logging
import ServiceLifecycle

/// `millrace server`: the control plane for real compute hosts.
struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the control plane.",
        discussion: """
            Example:

              millrace server --state-dir /var/lib/millrace --listen 0.0.0.0:8774 \\
                --agent-listen 0.0.0.0:9443 --agent-name controller.example.org

            The first start makes an administrator and writes clouds.yaml into the state
            directory. Hosts join with a token:

              millrace host token HOST
              millrace agent --config /etc/millrace/agent.yaml --join-token TOKEN
            """)

    @OptionGroup var options: ServerOptions

    @Option(help: "Address for agents, HOST:PORT.")
    var agentListen: String?

    @Option(help: "Name or address that agents know this server by; may be repeated.")
    var agentName: [String] = []

    @Flag(help: "Give the administrator a new password, write clouds.yaml anew, and exit.")
    var resetAdminPassword = false

    func run() async throws {
        try await Start.reportingErrors { try await start() }
    }

    private func start() async throws {
        var configuration = try options.serverConfiguration()
        if let agentListen { configuration.agentListen = try ListenAddress(agentListen) }
        if !agentName.isEmpty { configuration.agentNames = agentName }
        let logger = Start.logger(configuration.logLevel)
        let plane = try await ControlPlane.open(configuration, logger: logger)
        if resetAdminPassword { return try await resetPassword(plane) }
        let agents = try AgentListener(plane)
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let application = plane.application(
            plane.services(joinTokens: agents.tokens, simulation: nil)
        ) { port in
            listening.yield(port)
            listening.finish()
        }
        let address = configuration.agentListen ?? Self.agentListenDefault
        let services: [any Service] = [
            ConductorService(plane: plane, port: ports), application,
            try agents.application(at: address), PollReleaseService(plane: plane),
        ]
        try await Start.run(services, logger: logger)
        await plane.conductor.context.documents.close()
    }

    private static let agentListenDefault = ListenAddress(host: "0.0.0.0", port: 9_443)

    private func resetPassword(_ plane: ControlPlane) async throws {
        let address = plane.configuration.listen
        let base =
            plane.configuration.publicURL ?? "http://\(address.reachableHost):\(address.port)"
        let file = try await Bootstrap(
            tokens: plane.tokens, stateDirectory: plane.configuration.stateDirectory
        ).resetAdminPassword(authURL: "\(base)/identity/v3")
        StandardOutput.write("the administrator's new credentials are in \(file.path)\n")
        await plane.conductor.context.documents.close()
    }
}
