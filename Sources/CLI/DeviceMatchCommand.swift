import ArgumentParser
import ComputeModel
import DeviceTracking
import JSON

/// Looks at the devices of the host that a command runs on. The program that has drivers gives
/// its own; the commands know none.
public protocol HostScan: Sendable {
    /// All devices of this host, offered or not, and the `device_spec` in force, as the agent's
    /// configuration file `agentConfiguration` has it. Software devices are told to be there only
    /// if that file or `softwareDevices` names them.
    static func scan(
        agentConfiguration: String, softwareDevices: Set<String>
    ) async throws -> ScannedHost
}

/// The answer of a ``HostScan``.
public struct ScannedHost: Sendable {
    /// All devices, offered or not.
    public var devices: [Device]
    /// What decides about them now.
    public var spec: DeviceSpec
    /// Where the host's netdevs are, beyond what devices know themselves.
    public var interfaces: [String: PCIAddress]

    /// An answer; see the fields.
    public init(
        devices: [Device], spec: DeviceSpec, interfaces: [String: PCIAddress] = [:]
    ) {
        self.devices = devices
        self.spec = spec
        self.interfaces = interfaces
    }
}

/// `millrace device match`: tries a `device_spec` without applying it.
public struct DeviceMatch<Scan: HostScan>: AsyncParsableCommand {
    /// Name and help.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "match", abstract: "Show what a device_spec would offer; change nothing.",
            discussion: """
                For each device: the entry of FILE that decides about it (counted from 0), the \
                network it would be wired to, and what would change against what is in force. \
                Entries that decide about nothing are listed as warnings. FILE is an agent's \
                configuration, a YAML list of entries, or JSON as in nova.conf.

                The devices come from one of three places:

                  --host NAME          the server's list, which has only devices offered now
                  --inventory FILE     the same list from a file
                  --agent-config FILE  this host itself, with devices that are not offered

                Examples:

                  millrace device match --spec new.yaml --host compute-1
                  millrace device match --spec new.yaml --agent-config /etc/millrace/agent.yaml

                \(ExitCodes.text)
                """)
    }

    @Option(help: ArgumentHelp("The device_spec to try.", valueName: "FILE"))
    var spec: String

    @Option(help: "The host (name or id) whose devices the server or the inventory lists.")
    var host: String?

    @Option(
        help: ArgumentHelp(
            "Devices as 'millrace device list --format json' prints them.", valueName: "FILE"))
    var inventory: String?

    @Option(
        help: ArgumentHelp(
            "Look at this host itself, with its agent's configuration.", valueName: "FILE"))
    var agentConfig: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// Made by the parser.
    public init() {}

    /// One source of devices, no more.
    public func validate() throws {
        if agentConfig != nil, host != nil || inventory != nil {
            throw ValidationError(
                "--agent-config looks at this host: leave out --host and --inventory.")
        }
        if agentConfig == nil, host == nil, inventory == nil {
            throw ValidationError(
                "Say whose devices: --host NAME, --inventory FILE or --agent-config FILE.")
        }
    }

    /// Runs the command in the process's own world.
    public func run() async throws {
        let code = await run(in: .live())
        if code != 0 { throw ExitCode(code) }
    }

    /// Runs the command and returns the exit code.
    func run(in context: CommandContext) async -> Int32 {
        do {
            let rendering = try await report(context).rendering(output.format)
            context.writeResult(rendering.result)
            if let talk = rendering.talk { context.writeTalk(talk + "\n") }
            return 0
        } catch {
            let failure = error as? CommandFailure ?? .refused("\(error)")
            context.writeTalk("millrace: \(failure)\n")
            return failure.exitCode
        }
    }

    private func report(_ context: CommandContext) async throws -> MatchReport {
        let text = try InputFile.read(spec, bytesMax: InputFile.specBytesMax, context)
        let document = try SpecDocument.read(text, path: spec)
        if let agentConfig {
            let found = try await Scan.scan(
                agentConfiguration: agentConfig, softwareDevices: document.softwareDevices ?? [])
            let proposed = DeviceSpec(
                entries: document.entries,
                softwareDevices: document.softwareDevices ?? found.spec.softwareDevices)
            return MatchReport(
                comparison: SpecComparison(
                    of: found.devices, inForce: found.spec, proposed: proposed,
                    interfaces: found.interfaces))
        }
        return report(document, try await listed(context))
    }

    /// Against a list of what is offered now.
    private func report(_ document: SpecDocument, _ listed: ListedDevices) -> MatchReport {
        let software = listed.devices.filter { $0.device.parentAddress == nil }
            .compactMap(\.device.vdpaName)
        let proposed = DeviceSpec(
            entries: document.entries,
            softwareDevices: document.softwareDevices ?? Set(software))
        var report = MatchReport(
            comparison: SpecComparison(of: listed.devices, proposed: proposed),
            owners: listed.owners)
        if listed.incompleteCount > 0 {
            report.remarks.append(
                "note: \(listed.incompleteCount) vanished devices are left out.")
        }
        let namesInterfaces = document.entries.contains { entry in
            if case .interface = entry.place { true } else { false }
        }
        if namesInterfaces, !listed.devices.contains(where: { $0.device.interfaceName != nil }) {
            report.remarks.append(
                "note: the list doesn't tell netdevs, so entries with 'devname' find nothing.")
        }
        report.remarks.append(
            "note: the list has only devices that are offered now. To see what else an entry would"
                + " offer, run this on the host with --agent-config.")
        return report
    }

    private func listed(_ context: CommandContext) async throws -> ListedDevices {
        if let inventory {
            let text = try InputFile.read(
                inventory, bytesMax: CloudSession.responseBytesMax, context)
            return try ListedDevices(json: text, path: inventory, host: host)
        }
        let cloud = try CloudsFile.cloud(connection, context)
        let host = host
        let answer = try await CloudSession.with(cloud) { session in
            try await session.get("/v1/devices", query: [("host", host)])
        }
        return try ListedDevices(answer.list("devices"), host: nil)
    }
}
