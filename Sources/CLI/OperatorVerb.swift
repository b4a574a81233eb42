import ArgumentParser

/// A command that asks the server something and shows the answer. Verbs only say what to ask and
/// how to show it; errors, output and exit codes are handled here.
protocol OperatorVerb: AsyncParsableCommand {
    var connection: ConnectionOptions { get }

    /// Asks, and gives back what is to be shown.
    func perform(_ session: CloudSession) async throws -> Rendering
}

/// What a verb shows.
struct Rendering: Sendable {
    /// For standard output.
    var result: String
    /// A sentence for standard error.
    var talk: String?

    init(_ result: String, talk: String? = nil) {
        self.result = result
        self.talk = talk
    }
}

extension OperatorVerb {
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
                try await perform(session)
            }
            context.writeResult(rendering.result)
            if let talk = rendering.talk { context.writeTalk(talk + "\n") }
            return 0
        } catch {
            let failure = error as? CommandFailure ?? .refused("unexpected failure: \(error)")
            context.writeTalk("millrace: \(failure)\n")
            return failure.exitCode
        }
    }
}
