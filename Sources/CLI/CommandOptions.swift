import ArgumentParser

/// Where the server and the credentials are.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the credentials from DIR/clouds.yaml, where a server keeps its state.",
            valueName: "DIR"))
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "The cloud in clouds.yaml. Default: the variable OS_CLOUD, else 'millrace'.",
            valueName: "NAME"))
    var osCloud: String?
}

/// How results look.
struct OutputOptions: ParsableArguments {
    @Option(help: "How the result looks: table or json.")
    var format: OutputFormat = .table
}

/// As `OutputOptions`, for lists.
struct ListOptions: ParsableArguments {
    @OptionGroup var output: OutputOptions

    @Flag(name: .shortAndLong, help: "Print only ids, one a line.")
    var quiet = false

    func validate() throws {
        if quiet, output.format == .json {
            throw ValidationError("--quiet and --format json don't go together: choose one.")
        }
    }
}

/// Forms of a result.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, json
}
