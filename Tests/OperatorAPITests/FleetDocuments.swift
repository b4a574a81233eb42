import ComputeModel
import Conductor
import Foundation
import Persistence
import Testing

/// A small cloud, put into the store by hand:
///
/// ```
/// compute-1 (up, enabled)                 compute-2 (joined, never reported)
///   0000:65:00.0 PF
///   0000:65:00.1 vdpa  physnet1, allocated to instance-1
///   0000:65:00.2 vdpa  physnet1
///   0000:65:00.3 vdpa  physnet2, broken
///   gone-1             claimed by instance-2 and not reported any more (its port was bound to it)
/// ```
enum FleetDocuments {
    static let time = Date(timeIntervalSince1970: 1_800_000_000)
    static let project = ProjectID("11111111111111111111111111111111")
    static let first = HostID("aaaaaaaa-0000-4000-8000-000000000001")
    static let second = HostID("aaaaaaaa-0000-4000-8000-000000000002")

    static func put(into documents: DocumentStore) async throws {
        let report = try report()
        try await documents.transact { transaction in
            for (id, name) in [(first, "compute-1"), (second, "compute-2")] {
                try transaction.insert(
                    ComputeHost(id: id, name: name, zone: "nova", createdAt: time))
            }
            try transaction.insert(report)
            try transaction.insert(ledger)
            try transaction.insert(HostLedger(hostID: second))
            try transaction.insert(boundPort)
        }
    }

    private static func report() throws -> HostReport {
        var pf = Device(
            id: DeviceID("pf-1"), kind: .pf, address: try address(0), vendorID: "15b3",
            productID: "101d")
        pf.numaNode = 1
        var broken = try vdpa(3, network: "physnet2")
        broken.problems = ["no representor"]
        return HostReport(
            hostID: first, cpus: 8, memoryMiB: 16_384, diskGiB: 200,
            numaCells: [NUMACell(id: 0, cpus: Array(0..<8), memoryMiB: 16_384)],
            hypervisor: HypervisorFacts(
                type: "QEMU", version: 8_002_001, libvirtVersion: 10_000_000,
                kernelRelease: "6.8.0", architecture: "x86_64", cpuModel: "EPYC"),
            devices: [
                broken, try vdpa(2, network: "physnet1"), try vdpa(1, network: "physnet1"), pf,
            ],
            conditions: [
                HostCondition(code: "old-kernel", message: "Kernel is old.", blocksVDPA: false)
            ],
            agentVersion: "1.0", address: "192.0.2.1", reportedAt: time)
    }

    private static func address(_ function: Int) throws -> PCIAddress {
        try #require(PCIAddress("0000:65:00.\(function)"))
    }

    private static func vdpa(_ number: Int, network: String) throws -> Device {
        var device = Device(
            id: DeviceID("vdpa-\(number)"), kind: .vdpa, address: try address(number),
            vendorID: "15b3", productID: "101e")
        device.parentID = DeviceID("pf-1")
        device.parentAddress = try address(0)
        device.physicalNetwork = network
        device.vdpaName = "vdpa\(number)"
        device.macAddress = "fa:16:3e:00:00:0\(number)"
        device.macSettable = true
        return device
    }

    private static var ledger: HostLedger {
        var ledger = HostLedger(hostID: first)
        var allocated = claim("instance-1", device: "vdpa-1", port: "port-1")
        allocated.phase = .allocated
        ledger.claims = [allocated, claim("instance-2", device: "gone-1", port: "port-2")]
        return ledger
    }

    private static func claim(_ instance: String, device: String, port: String) -> Claim {
        Claim(
            instanceID: InstanceID(instance), projectID: project, workflowID: WorkflowID("w"),
            capacity: HostCapacity(vcpus: 2, memoryMiB: 1_024, diskGiB: 10),
            devices: [DeviceClaim(deviceID: DeviceID(device), portID: PortID(port))],
            createdAt: time)
    }

    private static var boundPort: NetworkPort {
        var port = NetworkPort(
            id: PortID("port-2"), networkID: NetworkID("net-1"), projectID: project, name: "",
            macAddress: "fa:16:3e:00:01:02", macChosenByUser: false, vnicType: .vdpa,
            createdAt: time)
        port.binding = PortBinding(
            hostID: first, hostName: "compute-1", deviceID: DeviceID("gone-1"),
            pciVendorInfo: "15b3:101e", pciSlot: "0000:66:00.2", physicalNetwork: "physnet1")
        return port
    }
}

/// What a request for a server needs, on a physical network that no device is wired to.
enum ServerDocuments {
    static let flavor = FlavorID("small")
    static let image = ImageID("cccccccc-0000-4000-8000-000000000001")
    static let port = PortID("dddddddd-0000-4000-8000-000000000001")

    static func put(into documents: DocumentStore) async throws {
        let network = Network(
            id: NetworkID("net-9"), projectID: FleetDocuments.project, name: "far",
            networkType: .vlan, physicalNetwork: "physnet9", segmentationID: 900, mtuBytes: 1_500,
            createdAt: FleetDocuments.time)
        var image = Image(
            id: image, name: "tiny", ownerID: FleetDocuments.project,
            createdAt: FleetDocuments.time)
        image.status = .active
        var port = NetworkPort(
            id: port, networkID: network.id, projectID: FleetDocuments.project, name: "",
            macAddress: "fa:16:3e:00:09:01", macChosenByUser: false, vnicType: .vdpa,
            createdAt: FleetDocuments.time)
        port.fixedIPs = [FixedIP(subnetID: SubnetID("subnet-9"), address: "192.0.2.9")]
        try await documents.transact { [image, port] transaction in
            try transaction.insert(network)
            try transaction.insert(image)
            try transaction.insert(port)
            try transaction.insert(
                Flavor(id: flavor, name: "small", vcpus: 1, memoryMiB: 512, diskGiB: 1))
        }
    }

    /// Asks for a server and waits until its workflow has ended; it can't be placed.
    static func createServer(_ name: String, _ conductor: Conductor) async throws -> Instance {
        let request = InstanceRequest(
            name: name, flavorID: flavor, imageID: image,
            networks: .list([.port(port, tag: nil)]))
        let caller = Caller(
            userID: UserID("u"), userName: "u", projectID: FleetDocuments.project,
            projectName: "p", role: .admin, requestID: APIRequestID("req-create"))
        let instance = try await conductor.instances.create(request, caller)[0]
        if let workflow = instance.workflowID {
            _ = try await conductor.engine.wait(for: workflow.text)
        }
        return instance
    }
}
