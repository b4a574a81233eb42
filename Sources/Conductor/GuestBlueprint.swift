import ComputeModel
import Persistence

/// Puts together what an agent needs to build a guest, from one consistent view.
enum GuestBlueprint {
    static func guest(
        _ instance: Instance, host: HostID, _ snapshot: DocumentSnapshot
    ) throws -> GuestDefinition {
        let image = try snapshot.require(Image.self, instance.imageID.text).value
        guard let format = image.diskFormat, let sha512 = image.sha512,
            let size = image.sizeBytes
        else {
            throw GuestFailure(
                tenantMessage: "Image \(image.id) has no data.",
                detail: "image \(image.id) is \(image.status.rawValue)")
        }
        var guest = GuestDefinition(
            name: domainName(instance.id), displayName: instance.name,
            hostname: instance.hostname, projectID: instance.projectID, userID: instance.userID,
            vcpus: instance.flavor.vcpus, memoryMiB: instance.flavor.memoryMiB,
            diskGiB: instance.flavor.diskGiB,
            image: GuestImage(
                id: image.id, format: format, sizeBytes: size,
                virtualSizeBytes: image.virtualSizeBytes ?? size, sha512: sha512),
            availabilityZone: instance.zone ?? "")
        guest.metadata = instance.metadata
        if let name = instance.keyName, let key = instance.keyPublic {
            guest.publicKeys = [name: key]
        }
        guest.userData = instance.userData
        guest.launchIndex = instance.launchIndex
        guest.numa =
            try snapshot.get(HostLedger.self, host.text)?.value.claim(of: instance.id)?.numa
        for interface in instance.interfaces {
            guest.interfaces.append(try nic(interface.portID, snapshot))
        }
        return guest
    }

    /// What the domain is called on its host: `instance-` and the whole id, so that no two collide.
    static func domainName(_ id: InstanceID) -> String {
        "instance-" + id.text
    }

    private static func nic(
        _ id: PortID, _ snapshot: DocumentSnapshot
    ) throws -> GuestInterface {
        let port = try snapshot.require(NetworkPort.self, id.text).value
        let network = try snapshot.require(Network.self, port.networkID.text).value
        guard let device = port.binding?.deviceID else {
            throw GuestFailure(
                tenantMessage: "Port \(id) is not bound to a device.",
                detail: "binding: \(String(describing: port.binding))")
        }
        let addresses = try port.fixedIPs.compactMap { fixed -> GuestAddress? in
            guard let subnet = try snapshot.get(Subnet.self, fixed.subnetID.text)?.value else {
                return nil
            }
            return GuestAddress(
                address: fixed.address, prefixLength: prefixLength(subnet.cidr),
                ipVersion: subnet.ipVersion, gateway: subnet.gatewayIP,
                nameservers: subnet.dnsNameservers, routes: subnet.hostRoutes)
        }
        return GuestInterface(
            portID: id, networkID: network.id, macAddress: port.macAddress,
            mtuBytes: network.mtuBytes, vnicType: port.vnicType, deviceID: device,
            vlanTag: network.networkType == .vlan ? network.segmentationID : nil,
            addresses: addresses)
    }

    private static func prefixLength(_ cidr: String) -> Int {
        cidr.split(separator: "/").last.flatMap { Int($0) } ?? 32
    }
}
