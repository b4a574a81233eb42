import ArgumentParser
import Testing

@testable import CLI

/// The program's root as the executable has it.
private struct Root: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        subcommands: [
            DeviceCommand.self, HostCommand.self, SimulateCommand.self, OperationCommand.self,
            ExplainCommand.self, MigrationCommand.self,
        ])
}

@Suite struct ParsingTests {
    @Test(arguments: [
        "device list", "device list --host h --kind VDPA --state available --format json",
        "device list -q", "host list", "host show h", "host enable h",
        "host disable h --reason why", "host force-down h --off", "host token h",
        "simulate list", "simulate stop-agent h", "simulate start-agent h",
        "operation list --limit 1000 --status failed", "operation show o",
        "operation list --server web --running --format json", "migration list -q",
        "migration list --server web --host h --kind live-migration --running --limit 5",
        "migration show 12 --format json", "operation placement o --format json",
        "explain server web --state-dir d --os-cloud c",
    ])
    func linesAreUnderstood(line: String) throws {
        let command = try Root.parseAsRoot(line.split(separator: " ").map { String($0) })
        #expect(command is any OperatorVerb)
    }

    @Test(arguments: [
        "device list --kind NIC", "device list --state free", "device list -q --format json",
        "host show", "host list --format xml", "operation list --limit 0",
        "operation list --status done", "simulate stop-agent", "explain server", "nonsense",
        "migration list --kind live", "migration list --limit 1001", "migration show",
    ])
    func wrongLinesEndWithTwo(line: String) async {
        let words = line.split(separator: " ").map { String($0) }
        #expect(throws: (any Error).self) { try Root.parseAsRoot(words) }
        #expect(await ProgramRun.exitCode(of: Root.self, arguments: words) == 2)
    }

    @Test func aFailedCommandsCodeIsThePrograms() async {
        let words = ["host", "list", "--state-dir", "/nonexistent"]
        #expect(await ProgramRun.exitCode(of: Root.self, arguments: words) == 2)
        #expect(await ProgramRun.exitCode(of: Root.self, arguments: ["--help"]) == 0)
    }

    @Test func kindsAreTakenInAnyCase() throws {
        let command = try #require(
            try Root.parseAsRoot(["device", "list", "--kind", "pf"]) as? DeviceList)
        #expect(command.kind == .pf)
    }

    @Test func everyVerbTeachesWithAnExampleAndItsExitCodes() {
        let nouns = Root.configuration.subcommands
        let verbs = nouns.flatMap { $0.configuration.subcommands }
        #expect(verbs.count == 18)
        for verb in verbs {
            let help = verb.helpMessage()
            #expect(help.contains("Example"), "\(verb)")
            #expect(help.contains("millrace "), "\(verb)")
            #expect(help.contains("Exit codes: 0 done;"), "\(verb)")
        }
    }

    @Test(
        arguments: [
            (CommandFailure.refused("a\n  b"), 1), (.usage("a b"), 2), (.unreachable("a b"), 3),
        ] as [(CommandFailure, Int32)])
    func failuresAreOneLineWithACode(failure: CommandFailure, code: Int32) {
        #expect(failure.exitCode == code)
        #expect(failure.description == "a b")
    }
}
