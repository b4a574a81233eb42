import AgentClient
import AgentProtocol
import ArgumentParser
import Foundation
import HostAgent
import KVMHost
import LinkCertificates
import Logging
import ServiceLifecycle

/// `millrace agent`: runs guests on this compute host.
struct Agent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run this compute host's agent.",
        discussion: """
            Example of /etc/millrace/agent.yaml:

              server: controller.example.org:9443
              host_name: compute1
              device_spec:
                - {vendor_id: "15b3", product_id: "101e", physical_network: physnet1}

            A host joins once, with a token made by 'millrace host token compute1'. The agent
            opens no port, and guests go on running while it is stopped.
            """)

    @Option(help: "YAML file with the host's settings.")
    var config: String

    @Option(help: "Join token; only needed the first time.")
    var joinToken: String?

    func run() async throws {
        try await Start.reportingErrors { try await start() }
    }

    private func start() async throws {
        let configuration = try AgentConfiguration(file: config)
        let logger = Start.logger(configuration.logLevel)
        let drivers = try await KVMHost.drivers(
            configuration: configuration.host, logger: logger)
        let service = AgentService(
            configuration: configuration, joinToken: try token(configuration),
            records: FileRecordStore(directory: try recordDirectory(configuration)),
            drivers: drivers, logger: logger)
        try await Start.run([service], logger: logger)
    }

    /// Where the agent keeps what it was told, so that it knows its guests while the server is
    /// away; made if absent.
    private func recordDirectory(_ configuration: AgentConfiguration) throws -> String {
        let directory = configuration.stateDirectory.appendingPathComponent("record")
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw StartError(
                "the directory \(directory.path) can't be made: \(error.localizedDescription)")
        }
        return directory.path
    }

    private func token(_ configuration: AgentConfiguration) throws -> String? {
        if let joinToken { return joinToken }
        guard let file = configuration.joinTokenFile,
            FileManager.default.fileExists(atPath: file)
        else { return nil }
        return try ConfigurationFile.read(file).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
