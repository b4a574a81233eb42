import ArgumentParser
import JSON

/// `millrace operation`: what was asked for, step by step.
public struct OperationCommand: AsyncParsableCommand {
    /// Name, help and verbs.
    public static let configuration = CommandConfiguration(
        commandName: "operation", abstract: "Show operations on servers, step by step.",
        subcommands: [OperationList.self, OperationShow.self, OperationPlacement.self],
        defaultSubcommand: OperationList.self)

    /// Made by the parser.
    public init() {}
}

/// Where an operation stands, as the server names it.
enum OperationStatusFilter: String, ExpressibleByArgument, CaseIterable, Sendable {
    case running, unwinding, succeeded, failed, stuck
}

/// `millrace operation list`
struct OperationList: OperatorVerb {
    /// Operations that can be asked for at once.
    static let limitMax = 1_000

    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List operations, the newest first.",
        discussion: """
            An operation that failed is undone: unwinding while that goes on, failed when it is \
            done, stuck when it can't be done.

            STEP is the step that it is at, or failed at; MS how long it took in milliseconds.

            Examples: what is going on, and what happened to one server

              millrace operation list --running
              millrace operation list --server web-1

            \(ExitCodes.text)
            """)

    @Option(help: "Only those on this server (name or id), deleted ones included.")
    var server: String?

    @Flag(help: "Only those that have not ended: running, unwinding or stuck.")
    var running = false

    @Option(help: "Only those about the object with this id.")
    var subject: String?

    @Option(help: "Only those of this kind, such as create_instance.")
    var kind: String?

    @Option(help: "Only those in this state: running, unwinding, succeeded, failed or stuck.")
    var status: OperationStatusFilter?

    @Option(help: "At most so many, up to 1000.")
    var limit = 100

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (1...Self.limitMax).contains(limit) else {
            throw ValidationError("--limit must be from 1 to \(Self.limitMax).")
        }
    }

    func perform(_ session: CloudSession) async throws -> Rendering {
        let answer = try await session.get(
            "/v1/operations",
            query: [
                ("server", server), ("running", running ? "true" : nil), ("subject", subject),
                ("kind", kind), ("status", status?.rawValue), ("limit", String(limit)),
            ])
        return OperationTable.rendering.render(answer.list("operations"), list)
    }
}

/// `millrace operation show`
struct OperationShow: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one operation and its steps.",
        discussion: """
            Example:

              millrace operation show 0b7a1d5c-2f0e-4c53-8f0d-1e5f6f1f9b7e

            \(ExitCodes.text)
            """)

    @Argument(help: "The operation's id.")
    var operation: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let found = try await session.get("/v1/operations/" + CloudSession.escaped(operation))
        switch output.format {
        case .json: return Rendering(PrettyJSON.text(found))
        case .table:
            let steps = OperationTable.steps.table(found.list("steps")).text
            return Rendering(OperationTable.fields(found).text + "\n" + steps)
        }
    }
}

/// `millrace operation placement`
struct OperationPlacement: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "placement", abstract: "Show why hosts could not take a new server.",
        discussion: """
            One line for each check that a host failed. There are none when a host was found.

            Example:

              millrace operation placement 0b7a1d5c-2f0e-4c53-8f0d-1e5f6f1f9b7e

            \(ExitCodes.text)
            """)

    @Argument(help: "The id of a create_instance operation.")
    var operation: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let found = try await session.get(
            "/v1/operations/" + CloudSession.escaped(operation) + "/placement")
        switch output.format {
        case .json: return Rendering(PrettyJSON.text(found))
        case .table:
            let placedOn = found.text("placed_on").map {
                "The server is on host '\(TableText.shown($0))'."
            }
            return Rendering(OperationTable.rejections(found).text, talk: placedOn)
        }
    }
}

/// How operations are shown.
enum OperationTable {
    static let rendering = ListRendering(columns: [
        .init("ID", "id"), .init("KIND", "kind"),
        .init("SERVER") { $0.text("server_name") ?? $0.text("subject") },
        .init("STATUS", "status"), .init("STEP", step),
        .init("STEPS DONE", isNumber: true, progress),
        .init("CREATED", "created_at"), .init("MS", "duration_ms", isNumber: true),
        .init("FAILURE", "failure.code"),
    ])

    static let steps = ListRendering(columns: [
        .init("STEP", "name"), .init("STATUS", "status"), .init("STARTED", "started_at"),
        .init("MS", "duration_ms", isNumber: true),
        .init("ATTEMPTS", "attempts", isNumber: true), .init("ERROR", "error.message"),
    ])

    static func fields(_ operation: JSONValue) -> TableText {
        .fields([
            ("id", operation.text("id")), ("kind", operation.text("kind")),
            ("subject", operation.text("subject")), ("server", operation.text("server_name")),
            ("status", operation.text("status")),
            ("request", operation.text("request_id")),
            ("cancel requested", operation.text("cancel_requested")),
            ("created", operation.text("created_at")), ("updated", operation.text("updated_at")),
            ("milliseconds", operation.text("duration_ms")),
            ("failure", operation.text("failure.message")),
            ("stuck because", operation.text("stuck_reason.message")),
        ])
    }

    /// One row for each reason against a host, then one for each of its devices.
    static func rejections(_ placement: JSONValue) -> TableText {
        TableText(
            columns: [.init("HOST"), .init("WHY NOT")],
            rows: placement.list("hosts").flatMap { host in
                (host.texts("reasons")
                    + host.list("devices").compactMap { $0.text("reason").map { "- \($0)" } })
                    .map { [host.text("host"), $0] }
            })
    }

    /// The step that is going on, or that failed; none when all are done.
    private static func step(_ operation: JSONValue) -> String? {
        let steps = operation.list("steps")
        guard operation.text("status") != "succeeded" else { return nil }
        if let failed = steps.first(where: { $0.at("error") != nil }) {
            return failed.text("name")
        }
        return steps.first { $0.text("status") != "done" }?.text("name")
    }

    private static func progress(_ operation: JSONValue) -> String? {
        let steps = operation.list("steps")
        return "\(steps.count { $0.text("status") == "done" })/\(steps.count)"
    }
}
