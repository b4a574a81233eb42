import ComputeModel
import Networking
import Persistence

/// Puts together what an agent needs to build a guest, from one consistent view.
enum GuestDefinitions {
    /// - Parameter lastImage: stands in for an image that was deleted since the root disk was made
    ///   of it; nil when the disk is still to be made.
    static func guest(
        _ instance: Instance, host: HostID, _ snapshot: DocumentSnapshot,
        lastImage: GuestImage? = nil
    ) throws -> GuestDefinition {
        let imageID = instance.rootImageID ?? instance.imageID
        let image: GuestImage
        if let lastImage, try snapshot.get(Image.self, imageID.text)?.value.sha512 == nil {
            image = lastImage
        } else {
            image = try self.image(imageID, snapshot)
        }
        var guest = GuestDefinition(
            name: domainName(instance.id), displayName: instance.name,
            hostname: instance.hostname, projectID: instance.projectID, userID: instance.userID,
            vcpus: instance.flavor.vcpus, memoryMiB: instance.flavor.memoryMiB,
            diskGiB: instance.flavor.diskGiB, image: image, availabilityZone: instance.zone ?? "")
        guest.metadata = instance.metadata
        if let name = instance.keyName, let key = instance.keyPublic {
            guest.publicKeys = [name: key]
        }
        guest.userData = instance.userData
        guest.launchIndex = instance.launchIndex
        guest.numa =
            try snapshot.get(HostLedger.self, host.text)?.value.claim(of: instance.id)?.numa
        guest.rootBuild = instance.rootBuild
        for interface in instance.interfaces {
            guest.interfaces.append(try nic(interface.portID, on: host, snapshot))
        }
        return guest
    }

    /// An image as agents need to know it. Throws `GuestFailure` for one that is not there, or has
    /// no data.
    static func image(_ id: ImageID, _ snapshot: DocumentSnapshot) throws -> GuestImage {
        let image = try snapshot.get(Image.self, id.text)?.value
        guard let image, let format = image.diskFormat, let sha512 = image.sha512,
            let size = image.sizeBytes
        else {
            throw GuestFailure(
                tenantMessage: "Image \(id) has no data.",
                detail: "image \(id) is \(image?.status.rawValue ?? "gone")")
        }
        return GuestImage(
            id: image.id, format: format, sizeBytes: size,
            virtualSizeBytes: image.virtualSizeBytes ?? size, sha512: sha512)
    }

    /// What the domain is called on its host: `instance-` and the whole id, so that no two collide.
    static func domainName(_ id: InstanceID) -> String {
        "instance-" + id.text
    }

    /// A NIC on the device that the port is, or will be, bound to on `host`.
    static func nic(
        _ id: PortID, on host: HostID, _ snapshot: DocumentSnapshot
    ) throws -> GuestInterface {
        let port = try snapshot.require(NetworkPort.self, id.text).value
        let network = try snapshot.require(Network.self, port.networkID.text).value
        let isActive = port.binding?.hostID == host
        let binding = isActive ? port.binding : port.inactiveBinding
        guard let device = binding?.deviceID, binding?.hostID == host else {
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
            portID: id, networkID: network.id,
            macAddress: isActive ? port.macAddress : try mac(of: port, on: device, host, snapshot),
            mtuBytes: network.mtuBytes, vnicType: port.vnicType, deviceID: device,
            vlanTag: network.networkType == .vlan ? network.segmentationID : nil,
            addresses: addresses)
    }

    /// The MAC that the port will wear on a device it is not bound to yet.
    private static func mac(
        of port: NetworkPort, on device: DeviceID, _ host: HostID, _ snapshot: DocumentSnapshot
    ) throws -> String {
        let found = try snapshot.get(HostReport.self, host.text)?.value.devices
            .first { $0.id == device }
        guard let found, !found.macSettable, let own = found.macAddress else {
            return port.ownMACAddress
        }
        return MACAddress(own)?.description ?? own
    }

    private static func prefixLength(_ cidr: String) -> Int {
        cidr.split(separator: "/").last.flatMap { Int($0) } ?? 32
    }
}
