import ArgumentParser
import JSON

/// `millrace explain --dry-run`
struct ExplainPlacement: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "placement", abstract: "Say where a server would go, before it is created.",
        discussion: """
            Answers as the scheduler would now, and creates and claims nothing. For each host \
            that would refuse, every check that fails is told, and each device's reason. Ports \
            in use are treated as if they were free.

            Example:

              millrace explain --dry-run --flavor f1 --port p1 --port p2

            \(ExitCodes.text)
            """)

    @Flag(help: "Create nothing; this command never does, and asks to be told so.")
    var dryRun = false

    @Option(help: "The flavor, by name or id.")
    var flavor: String

    @Option(help: "A port, by name or id; may be given several times.")
    var port: [String] = []

    @Option(help: "The image, by name or id.")
    var image: String?

    @Option(help: "The availability zone that would be asked for.")
    var availabilityZone: String?

    @Option(help: "The host that would be asked for.")
    var host: String?

    @Option(help: "The server group's id.")
    var serverGroup: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard dryRun else {
            throw ValidationError(
                "Say --dry-run to ask where a server would go, or 'millrace explain server NAME'"
                    + " to ask about one that exists.")
        }
    }

    func perform(_ session: CloudSession) async throws -> Rendering {
        var body: [JSONValue.Member] = [
            .init("flavor", .string(flavor)), .init("ports", .strings(port)),
        ]
        let optional = [
            ("image", image), ("availability_zone", availabilityZone), ("host", host),
            ("server_group", serverGroup),
        ]
        for (key, value) in optional { if let value { body.append(.init(key, .string(value))) } }
        let answer = try await session.post("/v1/placements", .object(body))
        switch output.format {
        case .json: return Rendering(PrettyJSON.text(answer))
        case .table: return Rendering(PlacementText.answer(answer))
        }
    }
}

/// How a placement is told.
enum PlacementText {
    /// The whole answer to a question.
    static func answer(_ placement: JSONValue) -> String {
        let count = placement.text("host_count") ?? "?"
        var text: String
        if let host = placement.text("chosen.host") {
            text = "It would go to host \(TableText.shown(host)).\n" + weights(placement)
        } else {
            let refused = placement.list("refused").map {
                "\($0.text("hosts") ?? "?") hosts: \($0.text("category") ?? "?")"
            }
            text =
                "No host would take it (\(count) hosts looked at"
                + (refused.isEmpty ? "" : "; " + refused.joined(separator: "; ")) + ").\n"
        }
        let rejections = OperationTable.rejections(placement)
        if !rejections.rows.isEmpty { text += "\n" + rejections.text }
        return text
    }

    /// What the chosen host was ranked by, its alternates, and the claimed devices.
    static func weights(_ placement: JSONValue) -> String {
        guard let host = placement.text("chosen.host") else { return "" }
        var pairs: [(String, String?)] = [("chosen", host)]
        let chosen = placement["chosen"] ?? .null
        let devices = chosen.list("devices").compactMap { $0.text("device_id") }
        if !devices.isEmpty { pairs.append(("devices", devices.joined(separator: ", "))) }
        let cells = chosen.list("numa_cells").compactMap { $0.text("host_cell") }
        if !cells.isEmpty { pairs.append(("NUMA cells", cells.joined(separator: ", "))) }
        let weights = chosen.list("weights").map {
            "\($0.text("name") ?? "?") \($0.text("value") ?? "?")"
        }
        if !weights.isEmpty { pairs.append(("ranked by", weights.joined(separator: ", "))) }
        let alternates = placement.list("alternates").compactMap { $0.text("host") }
        if !alternates.isEmpty { pairs.append(("next best", alternates.joined(separator: ", "))) }
        return TableText.fields(pairs).text + "\n"
    }
}
