import ArgumentParser
import JSON

/// `millrace audit`
public struct AuditCommand: OperatorVerb {
    /// Name, help and options.
    public static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Compare what is stored, and what hosts have.",
        discussion: """
            Compares ledgers, ports, assignments, operations and images with each other, and \
            assignments with what each host's hypervisor, switch and disks hold. Prints what \
            disagrees, and nothing when all is well.

            Examples: look only, and mend what nothing owns

              millrace audit
              millrace audit --repair

            Exit status 1: something disagrees, and was not repaired.

            \(ExitCodes.text)
            """)

    @Flag(help: "Don't ask hosts: compare only what is stored.")
    var storedOnly = false

    @Flag(help: "Free what nothing owns, and say what was done. Touches no guest.")
    var repair = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// Made by the parser.
    public init() {}

    /// Runs it in the process's own surroundings.
    public func run() async throws {
        let code = await run(in: .live())
        if code != 0 { throw ExitCode(code) }
    }

    func perform(_ session: CloudSession) async throws -> Rendering {
        let answer = try await session.post(
            "/v1/audit", ["hosts": .bool(!storedOnly), "repair": .bool(repair)])
        let findings = answer.list("findings")
        let open = findings.count { $0.text("repair") == nil }
        let talk =
            findings.isEmpty
            ? "Nothing disagrees."
            : "\(findings.count) disagree\(findings.count == 1 ? "s" : ""),"
                + " \(findings.count - open) repaired."
        let text =
            switch output.format {
            case .json: PrettyJSON.text(answer)
            case .table: findings.isEmpty ? "" : Self.table.table(findings).text
            }
        return Rendering(text, talk: talk, exitCode: open == 0 ? 0 : 1)
    }

    private static let table = ListRendering(columns: [
        .init("KIND", "kind"), .init("OBJECT", "object"), .init("DETAIL", "detail"),
        .init("REPAIR", "repair"),
    ])
}
