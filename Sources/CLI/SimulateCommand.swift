import ArgumentParser
import JSON

/// `millrace simulate`: make simulated hosts fail.
public struct SimulateCommand: AsyncParsableCommand {
    /// Name, help and verbs.
    public static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Stop and start the agents of simulated hosts.",
        subcommands: [SimulateList.self, SimulateStopAgent.self, SimulateStartAgent.self])

    /// Made by the parser.
    public init() {}
}

/// `millrace simulate list`
struct SimulateList: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List simulated hosts, and whether their agents run.",
        discussion: """
            Example:

              millrace simulate list

            \(ExitCodes.text)
            """)

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let answer = try await session.get("/v1/simulation/hosts")
        return SimulatedAgent.rendering.render(answer.list("hosts"), list)
    }
}

/// `millrace simulate stop-agent`
struct SimulateStopAgent: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "stop-agent", abstract: "Stop the agent of a simulated host.",
        discussion: """
            The host counts as down at once; its guests go on running.

            Example:

              millrace simulate stop-agent sim-1

            \(ExitCodes.text)
            """)

    @Argument(help: "The simulated host's name.")
    var host: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        try await SimulatedAgent(host: host, running: false).perform(session, output)
    }
}

/// `millrace simulate start-agent`
struct SimulateStartAgent: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "start-agent", abstract: "Start the agent of a simulated host.",
        discussion: """
            Example:

              millrace simulate start-agent sim-1

            \(ExitCodes.text)
            """)

    @Argument(help: "The simulated host's name.")
    var host: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        try await SimulatedAgent(host: host, running: true).perform(session, output)
    }
}

/// The agent of a simulated host, to be started or stopped.
struct SimulatedAgent {
    var host: String
    var running: Bool

    static let rendering = ListRendering(
        columns: [.init("HOST", "name"), .init("AGENT RUNS", "agent_running")], idPath: "name")

    func perform(_ session: CloudSession, _ output: OutputOptions) async throws -> Rendering {
        let changed = try await session.put(
            "/v1/simulation/hosts/\(CloudSession.escaped(host))/agent",
            ["running": .bool(running)])
        let name = TableText.shown(changed.text("name"))
        let talk = "The agent of host '\(name)' is \(running ? "started" : "stopped")."
        switch output.format {
        case .json: return Rendering(PrettyJSON.text(changed), talk: talk)
        case .table: return Rendering(Self.rendering.table([changed]).text, talk: talk)
        }
    }
}
