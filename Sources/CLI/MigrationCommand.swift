import ArgumentParser
import JSON

/// `millrace migration`: moves of servers between hosts.
public struct MigrationCommand: AsyncParsableCommand {
    /// Name, help and verbs.
    public static let configuration = CommandConfiguration(
        commandName: "migration", abstract: "Show moves of servers, and how far they are.",
        subcommands: [MigrationList.self, MigrationShow.self],
        defaultSubcommand: MigrationList.self)

    /// Made by the parser.
    public init() {}
}

/// Kinds of move, as the server names them.
enum MigrationKindFilter: String, ExpressibleByArgument, CaseIterable, Sendable {
    case migration, resize, evacuation
    case liveMigration = "live-migration"
}

/// `millrace migration list`
struct MigrationList: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List moves of servers, the newest first.",
        discussion: """
            LEFT is how much of a live migration's memory and disks is still to be sent; OUTAGE \
            MS how long the guest was without its vDPA NICs.

            Examples: what moves now, and what came from or went to one host

              millrace migration list --running
              millrace migration list --host compute-1

            \(ExitCodes.text)
            """)

    @Option(help: "Only those of this server (name or id), deleted ones included.")
    var server: String?

    @Option(help: "Only those from or to this host (name or id).")
    var host: String?

    @Option(help: "Only those of this kind: migration, resize, evacuation or live-migration.")
    var kind: MigrationKindFilter?

    @Flag(help: "Only those that are not over; a resize is not before it is confirmed.")
    var running = false

    @Option(help: "At most so many, up to 1000.")
    var limit = 100

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (1...OperationList.limitMax).contains(limit) else {
            throw ValidationError("--limit must be from 1 to \(OperationList.limitMax).")
        }
    }

    func perform(_ session: CloudSession) async throws -> Rendering {
        let answer = try await session.get(
            "/v1/migrations",
            query: [
                ("server", server), ("host", host), ("kind", kind?.rawValue),
                ("running", running ? "true" : nil), ("limit", String(limit)),
            ])
        return MigrationTable.rendering.render(answer.list("migrations"), list)
    }
}

/// `millrace migration show`
struct MigrationShow: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one move and the steps of its operation.",
        discussion: """
            Example:

              millrace migration show 12

            \(ExitCodes.text)
            """)

    @Argument(help: "The migration's number or id.")
    var migration: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let found = try await session.get("/v1/migrations/" + CloudSession.escaped(migration))
        if output.format == .json { return Rendering(PrettyJSON.text(found)) }
        let operation = try await operation(found, session)
        let steps = OperationTable.steps.table(operation?.list("steps") ?? []).text
        return Rendering(
            MigrationTable.fields(found).text + (operation == nil ? "" : "\n" + steps))
    }

    /// Nil when what it did is not kept any more.
    private func operation(
        _ migration: JSONValue, _ session: CloudSession
    ) async throws -> JSONValue? {
        guard let id = migration.text("operation_id") else { return nil }
        let answer = try await session.get(
            "/v1/operations",
            query: [("subject", migration.text("instance_id")), ("limit", "1000")])
        return answer.list("operations").first { $0.text("id") == id }
    }
}

/// How moves are shown.
enum MigrationTable {
    static let rendering = ListRendering(columns: [
        .init("NUMBER", "number", isNumber: true), .init("KIND", "kind"),
        .init("SERVER") { $0.text("instance_name") ?? $0.text("instance_id") },
        .init("FROM", "source_host"), .init("TO", "destination_host"),
        .init("STATUS", "status"), .init("LEFT", isNumber: true, left),
        .init("OUTAGE MS", "network_outage_ms", isNumber: true),
        .init("CREATED", "created_at"), .init("FAILURE", "failure"),
    ])

    static func fields(_ migration: JSONValue) -> TableText {
        .fields([
            ("number", migration.text("number")), ("id", migration.text("id")),
            ("kind", migration.text("kind")), ("status", migration.text("status")),
            ("server", migration.text("instance_name")),
            ("server id", migration.text("instance_id")),
            ("from", migration.text("source_host")),
            ("to", migration.text("destination_host")),
            ("old flavor", migration.text("old_flavor")),
            ("new flavor", migration.text("new_flavor")),
            ("left", left(migration)),
            ("memory bytes", migration.text("progress.memory_total_bytes")),
            ("disk bytes", migration.text("progress.disk_total_bytes")),
            ("outage ms", migration.text("network_outage_ms")),
            ("abort requested", migration.text("abort_requested")),
            ("failure", migration.text("failure")),
            ("operation", migration.text("operation_id")),
            ("created", migration.text("created_at")),
            ("updated", migration.text("updated_at")),
        ])
    }

    /// In percent, rounded up, so that 0 means nothing; nil where nothing was said.
    private static func left(_ migration: JSONValue) -> String? {
        let keys = ["memory", "disk"]
        let totals = keys.compactMap { migration.number("progress.\($0)_total_bytes") }
        let remaining = keys.compactMap { migration.number("progress.\($0)_remaining_bytes") }
        let total = totals.map(Double.init).reduce(0, +)
        guard total > 0 else { return nil }
        let percent = 100 * remaining.map(Double.init).reduce(0, +) / total
        return "\(Int(min(100, max(0, percent)).rounded(.up)))%"
    }
}
