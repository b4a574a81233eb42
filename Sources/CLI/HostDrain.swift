import ArgumentParser
import JSON

/// `millrace host drain`
struct HostDrain: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Move all servers off a host.",
        discussion: """
            Disables the host and moves its servers away, so many at a time; running ones live. \
            Tells how far it is on standard error. Interrupted, it is simply begun again: what \
            moves goes on meanwhile.

            Examples: empty a host, and take it back into service afterwards

              millrace host drain compute-1 --parallel 4
              millrace host enable compute-1

            Exit status 1: servers are left that can't be moved; they are printed with the reason.

            \(ExitCodes.text)
            """)

    @Argument(help: "The host's name or id.")
    var host: String

    @Option(help: "Servers that move at the same time, 1 to 64.")
    var parallel = 2

    @Flag(help: "Stop running servers, move them and start them again, instead of live.")
    var cold = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// Between two looks.
    private static let pause: Duration = .seconds(1)

    func validate() throws {
        guard (1...64).contains(parallel) else {
            throw ValidationError("--parallel must be from 1 to 64.")
        }
    }

    func perform(_ session: CloudSession) async throws -> Rendering {
        try await perform(session) { _ in }
    }

    func perform(
        _ session: CloudSession, telling: @Sendable (String) -> Void
    ) async throws -> Rendering {
        var since: JSONValue?
        var told = ""
        while true {
            var body: [JSONValue.Member] = [
                .init("parallel", .int(parallel)), .init("cold", .bool(cold)),
            ]
            if let since { body.append(.init("since_ms", since)) }
            let answer = try await session.post(
                "/v1/hosts/" + CloudSession.escaped(host) + "/drain", .object(body))
            since = answer.text("since_ms").flatMap { Int($0) }.map { .int($0) }
            let remaining = answer.text("remaining") ?? "?"
            let moving = answer.text("moving") ?? "?"
            let blocked = answer.list("blocked")
            let line = "\(remaining) left, \(moving) moving, \(blocked.count) can't be moved"
            if line != told { telling(line + "\n") }
            told = line
            if moving == "0" {
                return rendering(answer, blocked, isEmpty: remaining == "0")
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func rendering(
        _ answer: JSONValue, _ blocked: [JSONValue], isEmpty: Bool
    ) -> Rendering {
        let name = TableText.shown(answer.text("host"))
        let talk =
            isEmpty
            ? "Host '\(name)' is empty and takes no new servers."
            : "Host '\(name)' still has servers that can't be moved now."
        let text =
            switch output.format {
            case .json: PrettyJSON.text(answer)
            case .table: blocked.isEmpty ? "" : Self.table.table(blocked).text
            }
        return Rendering(text, talk: talk, exitCode: isEmpty ? 0 : 1)
    }

    private static let table = ListRendering(columns: [
        .init("ID", "id"), .init("NAME", "name"), .init("REASON", "reason"),
    ])
}
