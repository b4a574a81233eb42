import AgentProtocol
import ComputeModel
import Foundation
import HostAgent
import Logging
import Persistence
import SimulatedDrivers
import Synchronization
import TestSupport
import Workflow

@testable import Conductor
@testable import ImageStore
@testable import Networking

/// A whole control plane over a store in memory: a server that can die and start again, simulated
/// hosts with their agents, an image with real bytes, a flavor, and a network on physnet1.
final class InstanceTestbed: Sendable {
    static let admin = TestCallers.admin
    static let member = TestCallers.member
    static let other = TestCallers.other
    static let imageBytes = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    static let flavor = Flavor(
        id: FlavorID("small"), name: "small", vcpus: 1, memoryMiB: 64, diskGiB: 1)
    /// Longer than anything takes on a loaded machine; only a failing test waits for it.
    static let patience = Patience.wait

    let fleet: SimulatedFleet
    let server: TestServer
    let reportDeaths = ReportDeaths()
    let network: Network
    let image: Image

    var conductor: Conductor {
        get throws { try server.conductor }
    }
    var documents: DocumentStore {
        get throws { try server.conductor.context.documents }
    }

    private init(
        _ description: FleetDescription, _ settings: ConductorSettings, _ images: URL
    ) async throws {
        server = try await TestServer(settings, imageDirectory: images)
        var agents = AgentSettings()
        agents.linkBackoff = Backoff(first: .milliseconds(5), longest: .milliseconds(20))
        agents.workBackoff = Backoff(first: .milliseconds(1), longest: .milliseconds(5))
        agents.pollFloor = .milliseconds(5)
        fleet = SimulatedFleet(
            description, agentVersion: "test", settings: agents, logger: server.logger
        ) { [server, reportDeaths] spec in
            TestServerLink(server, spec.name, reportDeaths)
        }
        reportDeaths.onDeath { [weak fleet] name in
            fleet?.hosts.first { $0.spec.name == name }?.sever()
        }
        let conductor = try server.conductor
        let images = conductor.hub.images
        let queued = try await images.create(
            id: nil,
            edits: [.diskFormat("raw"), .containerFormat("bare"), .visibility(.public)],
            Self.admin)
        try await images.upload(
            queued.id, announcedBytes: nil, ByteChunks(bytes: Self.imageBytes), Self.admin)
        image = try conductor.context.documents.require(Image.self, queued.id.text).value
        try await conductor.flavors.create(Self.flavor)
        var request = NetworkRequest()
        request.name = "net"
        request.networkType = .vlan
        request.physicalNetwork = "physnet1"
        request.segmentationID = 100
        request.projectID = Self.member.projectID
        network = try await Networks(server.networking).create(request, Self.admin)
        _ = try await Subnets(server.networking).create(
            SubnetRequest(networkID: network.id, cidr: "10.1.0.0/24"), Self.member)
    }

    /// Runs `body` with a control plane and `hosts` that have reported.
    static func run(
        _ hosts: [SimulatedHostSpec] = [.small("h1")],
        change: (inout ConductorSettings) -> Void = { _ in },
        _ body: (InstanceTestbed) async throws -> Void
    ) async throws {
        let bed = try await open(hosts, change: change)
        do {
            try await body(bed)
        } catch {
            try await bed.close()
            throw error
        }
        try await bed.close()
    }

    /// As `run`, for those who end it themselves.
    static func open(
        _ hosts: [SimulatedHostSpec], change: (inout ConductorSettings) -> Void = { _ in }
    ) async throws -> InstanceTestbed {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("instances-\(UUID().uuidString)")
        var settings = ConductorSettings()
        // However slow the machine is, no host falls silent unless a test lets it.
        settings.hostDownAfter = .seconds(86_400)
        change(&settings)
        let bed = try await InstanceTestbed(
            FleetDescription(hosts: hosts), settings, directory)
        try await bed.startAgents()
        return bed
    }

    private func startAgents() async throws {
        await fleet.start()
        let count = fleet.hosts.count
        try await telling("reports of \(count) hosts") {
            try await documents.wait(watching: [HostReport.self], timeout: Self.patience) {
                try $0.list(HostReport.self).count == count ? () : nil
            }
        }
    }

    func close() async throws {
        await server.stop()
        await fleet.stop()
        try FileManager.default.removeItem(at: server.imageDirectory)
    }
}

extension SimulatedHostSpec {
    /// A host with one card of `devices` vDPA devices on physnet1.
    static func small(
        _ name: String, devices: Int = 2, fixedMAC: Bool = false, zone: String = "nova"
    ) -> SimulatedHostSpec {
        SimulatedHostSpec(
            name: name, cpus: 16, memoryMiB: 8_192, diskGiB: 100, zone: zone,
            pfs: [
                SimulatedPFSpec(
                    vendorID: "15b3", productID: "101d", vfProductID: "101e",
                    physicalNetwork: "physnet1", vfs: devices, vdpa: devices,
                    fixedMAC: fixedMAC)
            ])
    }
}

// MARK: - Asking

extension InstanceTestbed {
    func port(_ change: (inout PortRequest) -> Void = { _ in }) async throws -> NetworkPort {
        var request = PortRequest(networkID: network.id)
        request.vnicType = .vdpa
        change(&request)
        return try await Ports(server.networking).create(request, Self.member)
    }

    func request(_ ports: [PortID]) -> InstanceRequest {
        InstanceRequest(
            name: "vm", flavorID: Self.flavor.id, imageID: image.id,
            networks: .list(ports.map { .port($0, tag: nil) }))
    }

    @discardableResult
    func create(
        _ ports: [NetworkPort], _ caller: Caller = member,
        _ change: (inout InstanceRequest) -> Void = { _ in }
    ) async throws -> InstanceID {
        var request = request(ports.map(\.id))
        change(&request)
        let made = try await conductor.instances.create(request, caller)
        guard let first = made.first else { throw TestbedError(found: "no instance") }
        return first.id
    }

    func delete(_ id: InstanceID, request: String = "req-delete") async throws {
        var caller = Self.member
        caller.requestID = APIRequestID(request)
        try await conductor.instances.delete(id, caller)
    }
}

// MARK: - Looking

extension InstanceTestbed {
    func instance(_ id: InstanceID) throws -> Instance {
        try documents.require(Instance.self, id.text).value
    }

    func port(_ id: PortID) throws -> NetworkPort {
        try documents.require(NetworkPort.self, id.text).value
    }

    func claims() throws -> [Claim] {
        try documents.list(HostLedger.self).flatMap(\.value.claims)
    }

    func hostID(_ name: String = "h1") throws -> HostID {
        let host = try documents.list(ComputeHost.self).first { $0.value.name == name }
        guard let host else { throw TestbedError(found: "no host \(name)") }
        return host.value.id
    }

    /// Waits until the instance is in `state` and nothing is being done to it.
    @discardableResult
    func settled(_ id: InstanceID, _ state: InstanceState) async throws -> Instance {
        let last = try await settled(id)
        guard last.state == state else {
            throw TestbedError(
                found: "instance is \(last.state), not \(state):"
                    + " \(last.fault?.message ?? "no fault"), \(last.fault?.details ?? "")")
        }
        return last
    }

    /// The instance when nothing is being done to it any more.
    func settled(_ id: InstanceID) async throws -> Instance {
        try await telling("instance \(id) to be settled") {
            try await documents.wait(
                for: Instance.self, id.text, timeout: Self.patience
            ) { found in
                guard let found = found?.value, found.workflowID == nil, found.state != .building
                else { return nil }
                return found
            }
        }
    }

    /// Waits until `condition` holds, for what nobody signals.
    func until(
        _ what: String, file: String = #fileID, line: Int = #line, _ condition: () throws -> Bool
    ) async throws {
        try await awaiting(
            what, file: file, line: line, describe: { [self] _ in story }, condition,
            until: { $0 })
    }

    /// Adds to what a wait in the store throws what was there instead.
    func telling<Value>(
        _ what: String, _ wait: () async throws -> Value
    ) async throws -> Value {
        do { return try await wait() } catch {
            throw TestbedError(
                found: "waited for \(what): \(error); instead there was: \(story)")
        }
    }

    /// All instances, workflows under way and guests, for those who waited in vain.
    private var story: String {
        do {
            let instances = try documents.list(Instance.self).map(\.value).map {
                "\($0.id) \($0.state), workflow \($0.workflowID?.text ?? "none")"
            }
            let workflows = try documents.list(WorkflowRecord.self).map(\.value).filter {
                !$0.status.isSettled
            }.map { "\($0.kind) \($0.status) at step \($0.progress.position)" }
            let guests = fleet.hosts.map { host in
                "\(host.spec.name): \(host.snapshot.guests.map { "\($0) \($1.power)" })"
            }
            return "\(instances), \(workflows), \(guests)"
        } catch { return "nothing that could be read: \(error)" }
    }

    /// What is left of the instance anywhere; empty when it is gone for good.
    func remains(of id: InstanceID) throws -> [String] {
        var found: [String] = []
        for claim in try claims() where claim.instanceID == id {
            found.append("claim \(claim.phase)")
        }
        for document in try documents.list(Assignment.self)
        where document.value.instanceID == id {
            found.append("assignment \(document.value.goal)")
        }
        for document in try documents.list(GuestReport.self)
        where document.value.instanceID == id {
            found.append("report \(document.value.phase)")
        }
        for port in try documents.list(NetworkPort.self).map(\.value)
        where port.deviceID == id.text {
            found.append("port \(port.id)")
        }
        for host in fleet.hosts {
            let snapshot = host.snapshot
            if snapshot.guests[id] != nil { found.append("guest on \(host.spec.name)") }
            if snapshot.disks[id] != nil { found.append("disks on \(host.spec.name)") }
        }
        return found
    }

    /// Whether the port is as it was before anybody used it.
    func isFree(_ port: NetworkPort) throws -> Bool {
        let now = try self.port(port.id)
        let isPlugged = fleet.hosts.contains { $0.snapshot.vifs[port.id] != nil }
        return now.binding == nil && now.deviceID.isEmpty && now.deviceOwner.isEmpty
            && now.macAddress == port.macAddress && now.ownMACAddress == port.ownMACAddress
            && !now.linkUp && !isPlugged
    }
}

/// What a test found instead of what it waited for.
struct TestbedError: Error, CustomStringConvertible {
    let found: String
    var description: String { found }
}
