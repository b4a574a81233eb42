import ArgumentParser
import Foundation
import Logging

/// The options that `server` and `up` share.
struct ServerOptions: ParsableArguments {
    @Option(
        help: "YAML file with the server's settings; docs/operator/configuration.md lists them.")
    var config: String?

    @Option(help: "Address for clients, HOST:PORT; port 0 takes any free one.")
    var listen: String?

    @Option(help: "Directory for the database, images, certificates and clouds.yaml.")
    var stateDir: String?

    @Option(help: "Least level that is logged: trace, debug, info, notice, warning, error.")
    var logLevel: Logger.Level?

    /// File and command line together; the command line wins.
    func serverConfiguration() throws -> ServerConfiguration {
        var configuration = try ServerConfiguration(file: config)
        if let listen { configuration.listen = try ListenAddress(listen) }
        if let stateDir { configuration.stateDirectory = URL(fileURLWithPath: stateDir) }
        if let logLevel { configuration.logLevel = logLevel }
        return configuration
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
