import ComputeModel
import Conductor
import Foundation
import HostAgent
import ImageStore
import Logging
import Networking
import Persistence
import SimulatedDrivers
import Synchronization

/// Server, network and hosts, with what the operations need: images, flavors, a network.
final class SimulatedWorld: Sendable {
    let log: EventLog
    let server: SimulatedServer
    let network: UnreliableNetwork
    let fleet: SimulatedFleet
    let ids: WorldIDs
    let clock = SimulatedClock()
    /// Hosts without power: nothing runs there until their agents start again.
    let powerless = Mutex<Set<String>>([])

    /// Things that operations name.
    struct WorldIDs: Sendable {
        let images: [ImageID]
        let networkID: NetworkID
        let flavors: [FlavorID]
    }

    /// Makes the world; it is at rest, and every host has reported.
    init(seed: UInt64, imageDirectory: URL, log: EventLog) async throws {
        self.log = log
        var settings = ConductorSettings()
        // Every look at the fleet sees who is alive: the age of what it saw is measured by the
        // machine's clock.
        settings.placement.vitalsAge = .zero
        settings.deletedInstanceKept = .seconds(7_200)
        settings.resizeConfirmWindow = .seconds(600)
        settings.liveMigrationsPerHostMax = 2
        let server = SimulatedServer(
            settings, imageDirectory: imageDirectory, chance: Chance(seed &+ 1), log: log)
        let network = UnreliableNetwork(chance: Chance(seed &+ 2), log: log)
        self.server = server
        self.network = network
        let jitter = Chance(seed &+ 3)
        fleet = SimulatedFleet(
            FleetDescription(hosts: Self.hosts), agentVersion: "simulation",
            environment: AgentEnvironment(
                clock: clock, now: { SimulatedClock.date }, jitter: { jitter.fraction() }),
            logger: Logger(label: "agent") { _ in EventLogHandler(log: log, name: "agent") }
        ) { spec in
            UnreliableLink(server: server, network: network, log: log, hostName: spec.name)
        }
        try await server.start()
        guard let conductor = server.conductor else { throw SimulationError("no server") }
        ids = try await Self.furnish(conductor)
        await fleet.start()
        let count = fleet.hosts.count
        try await conductor.context.documents.wait(
            watching: [HostReport.self], timeout: .seconds(60), clock: clock
        ) { try $0.list(HostReport.self).count == count ? () : nil }
    }

    /// Six hosts with 30 devices in all: 20 servers with one or two ports fill them.
    static let hosts: [SimulatedHostSpec] = [6, 6, 5, 4, 6, 3].enumerated().map { index, devices in
        SimulatedHostSpec(
            name: "host\(index + 1)", cpus: 8, memoryMiB: 2_048, diskGiB: index == 3 ? 12 : 40,
            zone: "nova",
            pfs: [
                SimulatedPFSpec(
                    vendorID: "15b3", productID: "101d", vfProductID: "101e",
                    physicalNetwork: "physnet1", vfs: devices, vdpa: devices,
                    fixedMAC: index == 5)
            ])
    }

    static let flavors = [
        Flavor(id: FlavorID("small"), name: "small", vcpus: 1, memoryMiB: 64, diskGiB: 1),
        Flavor(id: FlavorID("wide"), name: "wide", vcpus: 2, memoryMiB: 128, diskGiB: 1),
        Flavor(id: FlavorID("big"), name: "big", vcpus: 2, memoryMiB: 256, diskGiB: 2),
    ]

    static func caller(_ role: Role, request: String) -> Caller {
        let project = role == .admin ? "admin" : "blue"
        return Caller(
            userID: UserID("user-\(project)"), userName: project, projectID: ProjectID(project),
            projectName: project, role: role, requestID: APIRequestID(request))
    }

    private static func furnish(_ conductor: Conductor) async throws -> WorldIDs {
        let admin = caller(.admin, request: "req-furnish")
        for flavor in flavors { try await conductor.flavors.create(flavor) }
        var images: [ImageID] = []
        for number in 1...2 {
            let service = conductor.hub.images
            let image = try await service.create(
                id: nil,
                edits: [.diskFormat("raw"), .containerFormat("bare"), .visibility(.public)],
                admin)
            let bytes = [UInt8](repeating: UInt8(number), count: 4_096)
            let chunks = AsyncStream<[UInt8]> { stream in
                stream.yield(bytes)
                stream.finish()
            }
            try await service.upload(image.id, announcedBytes: nil, chunks, admin)
            images.append(image.id)
        }
        var request = NetworkRequest()
        request.name = "net"
        request.networkType = .vlan
        request.physicalNetwork = "physnet1"
        request.segmentationID = 100
        request.projectID = ProjectID("blue")
        let networking = conductor.context.with(NetworkingSettings())
        let network = try await Networks(networking).create(request, admin)
        _ = try await Subnets(networking).create(
            SubnetRequest(networkID: network.id, cidr: "10.1.0.0/20"), admin)
        return WorldIDs(
            images: images, networkID: network.id, flavors: flavors.map(\.id))
    }
}

/// Why a simulation could not go on.
struct SimulationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
