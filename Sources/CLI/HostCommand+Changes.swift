import ArgumentParser
import JSON

/// `millrace host enable`
struct HostEnable: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Let new servers come to a host again.",
        discussion: """
            Example:

              millrace host enable compute-1

            \(ExitCodes.text)
            """)

    @Argument(help: "The host's name or id.")
    var host: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        try await HostChange(host: host, body: ["disabled": false]).perform(session, output) {
            "Host '\($0)' takes new servers again."
        }
    }
}

/// `millrace host disable`
struct HostDisable: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Keep new servers away from a host.",
        discussion: """
            Servers that run there stay.

            Example:

              millrace host disable compute-1 --reason "memory is replaced"

            \(ExitCodes.text)
            """)

    @Argument(help: "The host's name or id.")
    var host: String

    @Option(help: "Why, for other operators; up to 255 characters.")
    var reason: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        var body: [JSONValue.Member] = [.init("disabled", true)]
        if let reason { body.append(.init("reason", .string(reason))) }
        return try await HostChange(host: host, body: .object(body)).perform(session, output) {
            "Host '\($0)' takes no new servers; those that run there stay."
        }
    }
}

/// `millrace host force-down`
struct HostForceDown: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "force-down", abstract: "Declare a host dead, or take that back.",
        discussion: """
            Only for a host that is known to be off: it counts as down whatever its agent says, \
            and deleting its servers does not wait for it. A host that still runs them would go \
            on using their devices.

            Example:

              millrace host force-down compute-1
              millrace host force-down compute-1 --off

            \(ExitCodes.text)
            """)

    @Argument(help: "The host's name or id.")
    var host: String

    @Flag(help: "Take it back: the host is up again when its agent is heard of.")
    var off = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let change = HostChange(host: host, body: ["forced_down": .bool(!off)])
        return try await change.perform(session, output) { name in
            off
                ? "Host '\(name)' is up when its agent is heard of."
                : "Host '\(name)' is declared dead; take it back with --off."
        }
    }
}

/// A change of one host, and the host as it is then.
struct HostChange {
    var host: String
    var body: JSONValue

    func perform(
        _ session: CloudSession, _ output: OutputOptions, told: (String) -> String
    ) async throws -> Rendering {
        let changed = try await session.put("/v1/hosts/" + CloudSession.escaped(host), body)
        let talk = told(TableText.shown(changed.text("name")))
        switch output.format {
        case .json: return Rendering(PrettyJSON.text(changed), talk: talk)
        case .table: return Rendering(HostTable.rendering.table([changed]).text, talk: talk)
        }
    }
}
