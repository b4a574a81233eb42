import ArgumentParser

/// A command that asks the server something and shows the answer. Verbs only say what to ask and
/// how to show it; errors, output and exit codes are handled here.
protocol OperatorVerb: AsyncParsableCommand {
    var connection: ConnectionOptions { get }

    /// Asks, and gives back what is to be shown.
    func perform(_ session: CloudSession) async throws -> Rendering

    /// The same, for what takes long: `telling` takes a line of progress.
    func perform(
        _ session: CloudSession, telling: @Sendable (String) -> Void
    ) async throws -> Rendering
}

/// What a verb shows.
struct Rendering: Sendable {
    /// For standard output.
    var result: String
    /// A sentence for standard error.
    var talk: String?
    /// What the program ends with.
    var exitCode: Int32

    init(_ result: String, talk: String? = nil, exitCode: Int32 = 0) {
        self.result = result
        self.talk = talk
        self.exitCode = exitCode
    }
}

extension OperatorVerb {
    func perform(
        _ session: CloudSession, telling: @Sendable (String) -> Void
    ) async throws -> Rendering {
        try await perform(session)
    }

    func run() async throws {
        let code = await run(in: .live())
        if code != 0 { throw ExitCode(code) }
    }

    /// Runs the verb and returns the exit code.
    func run(in context: CommandContext) async -> Int32 {
        do {
            let cloud = try CloudsFile.cloud(connection, context)
            if !cloud.verifiesCertificates {
                context.writeTalk(
                    "millrace: \(cloud.source) says 'verify: false': the server's certificate"
                        + " is not checked\n")
            }
            let rendering = try await CloudSession.with(cloud) { session in
                try await perform(session, telling: context.writeTalk)
            }
            context.writeResult(rendering.result)
            if let talk = rendering.talk { context.writeTalk(talk + "\n") }
            return rendering.exitCode
        } catch {
            let failure = error as? CommandFailure ?? .refused("unexpected failure: \(error)")
            context.writeTalk("millrace: \(failure)\n")
            return failure.exitCode
        }
    }
}
