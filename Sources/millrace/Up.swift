import AgentProtocol
import ArgumentParser
import Conductor
import Foundation
import JSON
import Logging
import OperatorAPI
import ServiceLifecycle
import SimulatedDrivers
import Yams

/// `millrace up`: a control plane and its hosts in one process.
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a control plane with simulated compute hosts, for trying and testing.",
        discussion: """
            Example: two hosts, each with one PF of eight vDPA devices:

              millrace up --simulate 2 --state-dir ./state --listen 127.0.0.1:8774

            Any inventory can be given as a file:

              hosts:
                - name: h1
                  cpus: 64
                  memory_mib: 262144
                  numa_nodes: 2
                  dedicated_cpus: 32
                  migration_ms: 5000
                  huge_pages: [{size_kib: 2048, count: 4096}]
                  pfs:
                    - {vendor_id: "15b3", product_id: "101d", vf_product_id: "101e",
                       physical_network: physnet1, vfs: 8, vdpa: 8, numa_node: 0}

            Stops on SIGTERM and SIGINT with exit code 0.
            """)

    @Option(help: "Number of standard simulated hosts.")
    var simulate: Int?

    @Option(help: "YAML or JSON file that describes the simulated hosts.")
    var fleet: String?

    @OptionGroup var options: ServerOptions

    func validate() throws {
        guard (simulate == nil) != (fleet == nil) else {
            throw ValidationError("Give either --simulate N or --fleet FILE.")
        }
        if let simulate, !FleetLimits.hosts.contains(simulate) {
            throw ValidationError("--simulate takes a number from 1 to 10000.")
        }
    }

    func run() async throws {
        try await Start.reportingErrors { try await start() }
    }

    private func start() async throws {
        let description = try describeFleet()
        var configuration = try options.serverConfiguration()
        configuration.networking.physicalNetworks.formUnion(
            description.hosts.flatMap(\.pfs).compactMap(\.physicalNetwork))
        let logger = Start.logger(configuration.logLevel)
        let plane = try await ControlPlane.open(configuration, logger: logger)
        let fleet = SimulatedFleet(
            description, agentVersion: Release.version, logger: logger
        ) { spec in
            plane.conductor.link(hostName: spec.name)
        }
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let simulation = FleetControl(fleet: fleet)
        let application = plane.application(
            plane.services(joinTokens: nil, simulation: simulation)
        ) { port in
            listening.yield(port)
            listening.finish()
        }
        try await Start.run(
            [
                ConductorService(plane: plane, port: ports), FleetService(fleet: fleet),
                application, PollReleaseService(plane: plane),
            ], logger: logger)
        await plane.conductor.context.documents.close()
    }

    private func describeFleet() throws -> FleetDescription {
        guard let fleet else { return .standard(hosts: simulate ?? 1) }
        let text = try ConfigurationFile.read(fleet)
        let node: JSONValue
        do {
            node = try YAMLDecoder().decode(JSONValue.self, from: text)
        } catch {
            throw StartError("\(fleet) is not valid YAML: \(error)")
        }
        do {
            return try FleetDescription(node: node)
        } catch {
            throw StartError("\(fleet): \(error)")
        }
    }
}

/// What `millrace simulate` does to the fleet.
struct FleetControl: SimulationControl {
    let fleet: SimulatedFleet

    func hosts() async -> [SimulatedHostStatus] {
        let running = Set(await fleet.namesOfRunningAgents)
        return fleet.hosts.map {
            SimulatedHostStatus(
                name: $0.spec.name, isAgentRunning: running.contains($0.spec.name))
        }
    }

    func startAgent(_ name: String) async throws { try await fleet.startAgent(name) }

    func stopAgent(_ name: String) async throws { try await fleet.stopAgent(name) }
}
