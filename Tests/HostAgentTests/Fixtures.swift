import ComputeModel
import Foundation
import HostAgent
import HostDrivers
import Logging
import SimulatedDrivers

/// Instance `i1`, ports `p1`, `p2`, image `image`, on the devices of host `h`.
enum Fixture {
    static let instance = InstanceID("i1")
    static let hostID = HostID("host-id")
    static let imageBytes = 4096
    static let now = Date(timeIntervalSince1970: 1_000_000)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static let image = GuestImage(
        id: ImageID("image"), format: "qcow2", sizeBytes: Int64(imageBytes),
        virtualSizeBytes: 1 << 30, sha512: "00")

    static let spec = SimulatedHostSpec(
        name: "h", cpus: 8, memoryMiB: 16_384, diskGiB: 100,
        pfs: [
            SimulatedPFSpec(
                vendorID: "15b3", productID: "101d", vfProductID: "101e",
                physicalNetwork: "physnet1", vfs: 4, vdpa: 4),
            SimulatedPFSpec(
                vendorID: "1af4", productID: "1041", vfProductID: "1041",
                physicalNetwork: "physnet2", vfs: 2, vdpa: 2, fixedMAC: true),
        ])

    static func port(_ number: Int) -> PortID { PortID("p\(number)") }

    /// Port `pN` on VF N of the first card, whose MACs can be set.
    static func interface(_ number: Int) -> GuestInterface {
        GuestInterface(
            portID: port(number), networkID: NetworkID("n"),
            macAddress: "fa:16:3e:00:00:0\(number)", mtuBytes: 1500, vnicType: .vdpa,
            deviceID: DeviceID("sim-h-pf0/vf\(number)/vdpa\(number)"), vlanTag: 7,
            addresses: [])
    }

    static func guest(ports: [Int] = [1, 2]) -> GuestDefinition {
        var guest = GuestDefinition(
            name: "instance-00000001", displayName: "web", hostname: "web",
            projectID: ProjectID("project"), userID: UserID("user"), vcpus: 2,
            memoryMiB: 1024, diskGiB: 10, image: image, availabilityZone: "nova")
        guest.interfaces = ports.map { interface($0) }
        return guest
    }

    static func assignment(
        _ goal: AssignmentGoal, generation: Int = 1, ports: [Int] = [1, 2],
        instance: InstanceID = Fixture.instance
    ) -> Assignment {
        Assignment(
            instanceID: instance, hostID: hostID, generation: generation, goal: goal,
            guest: guest(ports: ports))
    }

    static let migrationID = MigrationID("m")
    static let arrival = GuestArrival(migrationID: migrationID, sourceHostName: "h")
    static let departure = GuestDeparture(
        migrationID: migrationID, destinationURI: "simulated://g", destinationHostName: "g",
        numa: nil, isEncrypted: true, bandwidthMiBPerSecond: nil, downtimeMS: 500,
        timeoutMS: 800_000)

    // MARK: Observations

    static func observed(_ power: GuestPower, ports: [Int] = [1, 2]) -> ObservedGuest {
        ObservedGuest(
            instanceID: instance, generation: 1, power: power,
            interfaces: ports.map {
                ObservedInterface(
                    portID: port($0), macAddress: interface($0).macAddress,
                    characterDevice: "/dev/vhost-vdpa-\($0)")
            })
    }

    static func vif(_ number: Int, isUp: Bool = true) -> PluggedVIF {
        PluggedVIF(
            portID: port(number), instanceID: instance, representor: "pf0vf\(number)",
            macAddress: interface(number).macAddress, isUp: isUp)
    }

    static let disk = StoredGuest(
        instanceID: instance, disks: [.root(build: 0)], hasConfigDrive: true)
}
