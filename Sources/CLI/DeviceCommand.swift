import ArgumentParser
import JSON

/// `millrace device`: devices of all hosts, and who has them.
public struct DeviceCommand: AsyncParsableCommand {
    /// Name, help and verbs.
    public static let configuration = CommandConfiguration(
        commandName: "device", abstract: "Show the devices of all hosts, and who has them.",
        subcommands: [DeviceList.self], defaultSubcommand: DeviceList.self)

    /// Made by the parser.
    public init() {}
}

/// Kinds of device, as the server names them.
enum DeviceKindFilter: String, ExpressibleByArgument, CaseIterable, Sendable {
    case pci = "PCI"
    case pf = "PF"
    case vf = "VF"
    case vdpa

    init?(argument: String) {
        let found = Self.allCases.first { $0.rawValue.lowercased() == argument.lowercased() }
        guard let found else { return nil }
        self = found
    }
}

/// States of a device, as the server names them.
enum DeviceStateFilter: String, ExpressibleByArgument, CaseIterable, Sendable {
    case available, claimed, allocated, unavailable
}

/// `millrace device list`
struct DeviceList: OperatorVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List devices with their state and owner.",
        discussion: """
            A device is available, claimed (an instance has it and does not use it yet), \
            allocated (in use) or unavailable; REASON then says why. Devices that an instance \
            has and the host does not report any more are listed too.

            Example: the free vDPA devices of one host

              millrace device list --host compute-1 --kind vdpa --state available

            \(ExitCodes.text)
            """)

    @Option(help: "Only those of this host (name or id).")
    var host: String?

    @Option(help: "Only those of this kind: PCI, PF, VF or vdpa.")
    var kind: DeviceKindFilter?

    @Option(help: "Only those in this state: available, claimed, allocated or unavailable.")
    var state: DeviceStateFilter?

    @Option(help: "Only those wired to this physical network.")
    var physicalNetwork: String?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func perform(_ session: CloudSession) async throws -> Rendering {
        let answer = try await session.get(
            "/v1/devices",
            query: [
                ("host", host), ("kind", kind?.rawValue), ("state", state?.rawValue),
                ("physical_network", physicalNetwork),
            ])
        var rendering = Self.rendering.render(answer.list("devices"), list)
        rendering.talk = Self.drift(answer.list("conditions"))
        return rendering
    }

    /// What hosts say of devices that vanished, moved or became something else; nil for nothing.
    private static func drift(_ conditions: [JSONValue]) -> String? {
        guard !conditions.isEmpty else { return nil }
        return conditions.map { condition in
            let words = ["host", "code", "message"].map { condition.text($0) ?? "?" }
            return TableText.shown(words.joined(separator: ": "))
        }.joined(separator: "\n")
    }

    private static let rendering = ListRendering(columns: [
        .init("HOST", "host"), .init("ADDRESS", "address"), .init("KIND", "kind"),
        .init("STATE", "state"), .init("NETWORK", "physical_network"),
        .init("NUMA", "numa_node", isNumber: true), .init("NAME", "vdpa_name"),
        .init("MAC", "mac_address"), .init("INSTANCE", "instance_id"),
        .init("REASON") { device in
            device.text("reason") ?? device.texts("problems").first
        },
    ])
}
