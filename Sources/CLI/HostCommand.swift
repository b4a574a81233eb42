import ArgumentParser
import JSON

/// `millrace host`: compute hosts.
public struct HostCommand: AsyncParsableCommand {
    /// Name, help and verbs.
    public static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Show compute hosts, take them out, let new ones join.",
        subcommands: [
            HostList.self, HostShow.self, HostEnable.self, HostDisable.self,
            HostDrain.self, HostForceDown.self, HostToken.self,
        ],
        defaultSubcommand: HostList.self)

    /// Made by the parser.
    public init() {}
}

/// `millrace host list`
struct HostList: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List hosts with their state and what is taken of them.",
        discussion: """
            VCPUS, MEMORY and DISK show what is taken and all there is; VDPA the free vDPA \
            devices and all of them.

            Example:

              millrace host list

            \(ExitCodes.text)
            """)

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        HostTable.rendering.render(try await session.get("/v1/hosts").list("hosts"), list)
    }
}

/// `millrace host show`
struct HostShow: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one host: facts, capacity, what is wrong with it.",
        discussion: """
            Example:

              millrace host show compute-1

            \(ExitCodes.text)
            """)

    @Argument(help: "The host's name or id.")
    var host: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let host = try await session.get("/v1/hosts/" + CloudSession.escaped(host))
        switch output.format {
        case .json: return Rendering(PrettyJSON.text(host))
        case .table: return Rendering(HostTable.fields(host).text)
        }
    }
}

/// `millrace host token`
struct HostToken: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make a token that lets a new host join once.",
        discussion: """
            The token is a secret and is shown only now. Give it to the agent on the host, whose \
            name must be the one given here.

            Example:

              millrace host token compute-7 > compute-7.token

            \(ExitCodes.text)
            """)

    @Argument(help: "The name that the host has or will have.")
    var host: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let answer = try await session.post(
            "/v1/hosts/" + CloudSession.escaped(host) + "/join-token")
        guard let token = answer.text("token") else {
            throw CommandFailure.refused("the server answered without a token for host '\(host)'")
        }
        if output.format == .json { return Rendering(PrettyJSON.text(answer)) }
        return Rendering(
            token + "\n",
            talk: "Good for host '\(host)', once, until \(answer.text("expires_at") ?? "?").")
    }
}

/// How hosts are shown.
enum HostTable {
    static let rendering = ListRendering(columns: [
        .init("NAME", "name"), .init("STATE", "state"), .init("OPEN", open),
        .init("ZONE", "zone"), .init("VCPUS", isNumber: true) { used($0, "vcpus") },
        .init("MEMORY MIB", isNumber: true) { used($0, "memory_mib") },
        .init("DISK GIB", isNumber: true) { used($0, "disk_gib") },
        .init("VDPA FREE", isNumber: true, vdpa), .init("LAST HEARD", isNumber: true, heard),
        .init("CONDITIONS", isNumber: true) { String($0.list("conditions").count) },
    ])

    /// All that is known of one host, the important first.
    static func fields(_ host: JSONValue) -> TableText {
        var pairs: [(String, String?)] = [
            ("name", host.text("name")), ("id", host.text("id")),
            ("state", host.text("state")), ("open for servers", open(host)),
            ("zone", host.text("zone")), ("last heard", heard(host)),
            ("address", host.text("address")), ("agent", host.text("agent_version")),
            ("hypervisor", joined(host, ["hypervisor.type", "hypervisor.version"])),
            ("libvirt", host.text("hypervisor.libvirt_version")),
            ("kernel", host.text("hypervisor.kernel_release")),
            ("cpu", joined(host, ["hypervisor.architecture", "hypervisor.cpu_model"])),
            ("NUMA nodes", host.text("numa_nodes")),
            ("vCPUs taken", used(host, "vcpus")), ("memory MiB taken", used(host, "memory_mib")),
            ("disk GiB taken", used(host, "disk_gib")),
        ]
        for kind in DeviceKindFilter.allCases.map(\.rawValue) {
            guard let counts = host.at("devices.\(kind)") else { continue }
            pairs.append(("\(kind) devices", Self.counts(counts)))
        }
        for condition in host.list("conditions") {
            pairs.append(("condition \(condition.text("code") ?? "?")", condition.text("message")))
        }
        return .fields(pairs)
    }

    /// Whether new servers may come, or why not.
    private static func open(_ host: JSONValue) -> String? {
        if host.text("forced_down") == "yes" { return "no (forced down)" }
        guard host.text("disabled") == "yes" else { return "yes" }
        return "no (" + (host.text("disabled_reason") ?? "disabled") + ")"
    }

    private static func used(_ host: JSONValue, _ resource: String) -> String? {
        guard let taken = host.text("capacity.taken.\(resource)") else { return nil }
        return taken + "/" + (host.text("capacity.total.\(resource)") ?? "?")
    }

    private static func vdpa(_ host: JSONValue) -> String? {
        guard host.at("hypervisor") != nil else { return nil }
        let counts = DeviceStateFilter.allCases.map {
            host.number("devices.vdpa.\($0.rawValue)") ?? 0
        }
        let free = host.number("devices.vdpa.available") ?? 0
        return "\(free)/\(counts.reduce(0, +))"
    }

    private static func counts(_ counts: JSONValue) -> String {
        DeviceStateFilter.allCases.map { "\(counts.text($0.rawValue) ?? "0") \($0.rawValue)" }
            .joined(separator: ", ")
    }

    private static func heard(_ host: JSONValue) -> String? {
        host.number("last_heard_ms").map { "\($0 / 1_000) s ago" }
    }

    private static func joined(_ value: JSONValue, _ paths: [String]) -> String? {
        let texts = paths.compactMap { value.text($0) }
        return texts.isEmpty ? nil : texts.joined(separator: " ")
    }
}
