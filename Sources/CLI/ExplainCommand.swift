import ArgumentParser
import JSON

/// `millrace explain`: why something is as it is.
public struct ExplainCommand: AsyncParsableCommand {
    /// Name, help and verbs.
    public static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a server is where it is, or nowhere.",
        subcommands: [ExplainServer.self, ExplainPlacement.self],
        defaultSubcommand: ExplainPlacement.self)

    /// Made by the parser.
    public init() {}
}

/// `millrace explain server`
struct ExplainServer: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Say where a server stands, and why hosts refused it.",
        discussion: """
            Shows the server's state and fault, the operation that made it, what its host was \
            ranked by, and for each host that could not take it every check that failed; for a \
            host without a device each device with its reason. In a large fleet only as many \
            hosts are remembered as the server's configuration says.

            Example:

              millrace explain server web-1

            \(ExitCodes.text)
            """)

    @Argument(help: "The server's name or id.")
    var server: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let found = try await ServerSearch(session: session).find(server)
        let id = found.text("id") ?? server
        let operations = try await session.get(
            "/v1/operations",
            query: [("subject", id), ("kind", "create_instance"), ("limit", "1")])
        let operation = operations.list("operations").first
        var placement: JSONValue?
        if let operationID = operation?.text("id") {
            placement = try await session.get(
                "/v1/operations/" + CloudSession.escaped(operationID) + "/placement")
        }
        let explanation = ServerExplanation(
            server: found, operation: operation, placement: placement)
        switch output.format {
        case .json: return Rendering(PrettyJSON.text(explanation.json))
        case .table: return Rendering(explanation.text)
        }
    }
}

/// Finds a server of any project by what somebody calls it.
struct ServerSearch {
    let session: CloudSession

    /// Longest pattern the compute service takes, in bytes.
    private static let patternBytesMax = 255
    private static let path = "/compute/v2.1/servers/detail"

    /// The server with this id or name; the youngest deleted one when there is no other. Throws
    /// `refused` when there is none, or more than one.
    func find(_ text: String) async throws -> JSONValue {
        if let server = try await list([("uuid", text)]).first { return server }
        let named = try await list([("name", Self.pattern(text))]).filter {
            $0.text("name") == text
        }
        guard named.count <= 1 else {
            let ids = named.compactMap { $0.text("id") }.joined(separator: ", ")
            throw CommandFailure.refused(
                "\(named.count) servers are called '\(text)': name one by its id: \(ids)")
        }
        if let server = named.first { return server }
        let deleted = try await list([("deleted", "true")]).filter {
            $0.text("name") == text || $0.text("id") == text
        }
        let youngest = deleted.max { ($0.text("created") ?? "") < ($1.text("created") ?? "") }
        if let youngest { return youngest }
        if let server = try await remembered(text) { return server }
        throw CommandFailure.refused(
            "no project has a server '\(text)': see `openstack server list --all-projects`")
    }

    /// What is left of a server of which only the operation is known.
    private func remembered(_ id: String) async throws -> JSONValue? {
        let operations = try await session.get(
            "/v1/operations", query: [("subject", id), ("limit", "1")])
        guard !operations.list("operations").isEmpty else { return nil }
        return ["id": .string(id), "status": "DELETED"]
    }

    private func list(_ query: [(String, String?)]) async throws -> [JSONValue] {
        let answer = try await session.get(Self.path, query: [("all_tenants", "1")] + query)
        return answer.list("servers")
    }

    /// Names are matched by regular expression there. A long name is searched by its beginning.
    static func pattern(_ name: String) -> String {
        let special: Set<Character> = Set("\\^$.|?*+()[]{}")
        var pattern = "^"
        for character in name {
            let next = special.contains(character) ? "\\\(character)" : String(character)
            guard pattern.utf8.count + next.utf8.count < patternBytesMax else { return pattern }
            pattern += next
        }
        return pattern + "$"
    }
}

/// What is told about one server.
struct ServerExplanation {
    let server: JSONValue
    let operation: JSONValue?
    let placement: JSONValue?

    var json: JSONValue {
        [
            "server": .object(
                Self.members.map { .init($0.key, server.member($0.source)) }),
            "operation": operation ?? .null, "placement": placement ?? .null,
            "hosts": .array(placement?.list("hosts") ?? []),
        ]
    }

    var text: String {
        let host = server.member("OS-EXT-SRV-ATTR:host")
        var pairs: [(String, String?)] = Self.members.dropLast().map {
            ($0.title, server.member($0.source).scalarText)
        }
        pairs.append(("fault", server.text("fault.message")))
        pairs.append(("operation", operation?.text("id")))
        pairs.append(("operation status", operation?.text("status")))
        pairs.append(("failed step", failedStep))
        let fields = TableText.fields(pairs).text
        let rejections = placement.map { OperationTable.rejections($0) }
        if let placement, let rejections, !rejections.rows.isEmpty {
            return fields + "\n" + PlacementText.weights(placement) + rejections.text
        }
        guard let name = host.scalarText else { return fields }
        let found = "\nA host was found for it: \(TableText.shown(name)).\n"
        return fields + found + (placement.map(PlacementText.weights) ?? "")
    }

    /// The first step that went wrong; later it may have been undone.
    private var failedStep: String? {
        let step = operation?.list("steps").first { $0.at("error") != nil }
        return step.map { "\($0.text("name") ?? "?"): \($0.text("error.message") ?? "?")" }
    }

    private static let members: [(key: String, title: String, source: String)] = [
        ("id", "id", "id"), ("name", "name", "name"), ("status", "status", "status"),
        ("vm_state", "state", "OS-EXT-STS:vm_state"),
        ("task_state", "task", "OS-EXT-STS:task_state"),
        ("host", "host", "OS-EXT-SRV-ATTR:host"), ("fault", "fault", "fault"),
    ]
}

extension JSONValue {
    /// The member called exactly `key`, null where it is absent.
    fileprivate func member(_ key: String) -> JSONValue { self[key] ?? .null }

    fileprivate var scalarText: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}
