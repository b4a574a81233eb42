import ComputeModel
import HostDrivers
import SimulatedDrivers

/// One simulated host with the drivers of an agent, and guests on it.
struct GuestHost {
    let host: SimulatedHost
    let drivers: HostDriverSet
    static let instance = InstanceID("i")
    static let port = PortID("p")

    init(_ name: String = "a", neighbours: SimulatedNeighbours = SimulatedNeighbours()) {
        host = SimulatedHost(
            SimulatedHostSpec(
                name: name, cpus: 4, memoryMiB: 1024,
                pfs: [
                    SimulatedPFSpec(
                        vendorID: "15b3", productID: "101d", vfProductID: "101e",
                        physicalNetwork: "p1", vfs: 2, vdpa: 2)
                ]), neighbours: neighbours)
        drivers = host.drivers()
    }

    static let image = GuestImage(
        id: ImageID("image"), format: "qcow2", sizeBytes: 1, virtualSizeBytes: 1, sha512: "")

    var guest: SimulatedGuest? { host.snapshot.guests[Self.instance] }
    var disks: [GuestDisk: SimulatedDisk]? { host.snapshot.disks[Self.instance]?.disks }

    /// The NIC on device `number`.
    func nic(_ number: Int = 0) -> PlannedInterface {
        PlannedInterface(
            portID: Self.port, macAddress: "02:00:00:00:00:01",
            characterDevice: "/dev/vhost-vdpa-\(number)")
    }

    func plan(_ disks: [GuestDisk] = [.root(build: 0)], nics: [PlannedInterface] = []) -> GuestPlan
    {
        GuestPlan(
            instanceID: Self.instance, generation: 1, name: "g", title: "g", vcpus: 1,
            memoryMiB: 64,
            disks: disks.map { drivers.storage.paths(Self.instance, root: $0).root },
            configDrivePath: "/c", consoleLogPath: "/l", interfaces: nics)
    }

    func prepare(
        _ disk: GuestDisk = .root(build: 0), image: GuestImage = image, bytes: [UInt8] = [0]
    ) async throws {
        try await drivers.storage.prepare(disk, of: Self.instance, image: image, sizeGiB: 1) {
            _, receive async throws(DriverError) in
            do { try await receive(bytes) } catch {
                throw .failed(DriverFault(operation: "", object: "", found: "\(error)"))
            }
        }
        try await drivers.storage.writeConfigDrive(
            Self.instance,
            guest: GuestDefinition(
                name: "g", displayName: "g", hostname: "g", projectID: ProjectID("p"),
                userID: UserID("u"), vcpus: 1, memoryMiB: 64, diskGiB: 1, image: image,
                availabilityZone: "z"))
    }

    /// A guest that runs.
    func run(nics: [PlannedInterface] = []) async throws {
        try await prepare()
        try await drivers.hypervisor.define(plan(nics: nics))
        try await drivers.hypervisor.start(Self.instance)
    }
}

/// The case of a driver's error, as a word; "none" when there was none.
func driverFailure(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "none"
    } catch let error as DriverError {
        return switch error {
        case .notFound: "notFound"
        case .refused: "refused"
        case .timedOut: "timedOut"
        case .unavailable: "unavailable"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    } catch {
        return "\(error)"
    }
}
