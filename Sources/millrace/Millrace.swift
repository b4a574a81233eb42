import ArgumentParser
import CLI
import Foundation

/// Starts the program and ends it with the documented exit codes.
@main
enum Program {
    static func main() async {
        exit(await ProgramRun.exitCode(of: Millrace.self))
    }
}

/// The program: a server, an agent, both for a try-out, and the operator's commands.
struct Millrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "Virtual machines on vDPA ports, by OpenStack's APIs.",
        discussion: """
            Try it without hardware:

              millrace up --simulate 2 --state-dir ./state
              export OS_CLIENT_CONFIG_FILE=./state/clouds.yaml OS_CLOUD=millrace
              openstack hypervisor list
            """,
        version: Release.version,
        subcommands: [
            Up.self, Server.self, Agent.self, Devices.self, HostCommand.self,
            OperationCommand.self, MigrationCommand.self, ExplainCommand.self,
            AuditCommand.self, SimulateCommand.self,
        ])
}

/// `millrace device`: the operator's verbs, and the one that looks at this host itself.
struct Devices: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = DeviceCommand.configuration
        configuration.subcommands.append(DeviceMatch<AgentHostScan>.self)
        return configuration
    }()
}

/// What is running.
enum Release {
    /// Shown by `--version` and told by agents.
    static let version = "0.1.0"
}
