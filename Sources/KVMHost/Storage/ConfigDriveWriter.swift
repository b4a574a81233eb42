internal import ComputeModel
internal import ConfigDrive
internal import Foundation
internal import HostDrivers

/// Makes config drives of guests' definitions.
struct ConfigDriveWriter: Sendable {
    /// Bytes for the guest's entropy pool, as many as OpenStack's guests get.
    static let randomSeedBytes = 512

    let now: @Sendable () -> Date
    let randomBytes: @Sendable (_ count: Int) -> [UInt8]

    /// With the machine's clock and randomness.
    static let live = ConfigDriveWriter(
        now: { Date() },
        randomBytes: { count in
            var generator = SystemRandomNumberGenerator()
            return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        })

    /// The drive's image.
    func image(_ instance: InstanceID, _ guest: GuestDefinition) throws -> [UInt8] {
        let contents = try ConfigDriveContents(
            instance: InstanceMetadata(
                uuid: instance.text, name: guest.displayName, hostname: guest.hostname,
                projectID: guest.projectID.text, availabilityZone: guest.availabilityZone,
                launchIndex: guest.launchIndex, metadata: guest.metadata,
                keyPairs: guest.publicKeys.sorted { $0.key < $1.key }.map {
                    InstanceKeyPair(name: $0.key, publicKey: $0.value)
                },
                randomSeed: randomBytes(Self.randomSeedBytes)),
            interfaces: try guest.interfaces.map { try Self.interface($0, instance) },
            userData: try Self.userData(guest, instance))
        return try contents.image(secondsSince1970: Int64(now().timeIntervalSince1970))
    }

    private static func userData(
        _ guest: GuestDefinition, _ instance: InstanceID
    ) throws(DriverError) -> [UInt8]? {
        guard let text = guest.userData, !text.isEmpty else { return nil }
        guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
            throw refused(instance, "the user data is not base64 text")
        }
        return Array(data)
    }

    private static func interface(
        _ interface: GuestInterface, _ instance: InstanceID
    ) throws(DriverError) -> ConfigDrive.InstanceInterface {
        var addresses: [InstanceAddress] = []
        for address in interface.addresses {
            var routes: [InstanceRoute] = []
            for route in address.routes { routes.append(try Self.route(route, instance)) }
            addresses.append(
                InstanceAddress(
                    addressing: address.ipVersion == 6 ? .ipv6 : .ipv4,
                    address: address.address, prefixLength: address.prefixLength,
                    gateway: address.gateway, routes: routes,
                    dnsServers: address.nameservers))
        }
        return ConfigDrive.InstanceInterface(
            portID: interface.portID.text, networkID: interface.networkID.text,
            macAddress: interface.macAddress.lowercased(), mtu: interface.mtuBytes,
            addresses: addresses)
    }

    private static func route(
        _ route: HostRoute, _ instance: InstanceID
    ) throws(DriverError) -> InstanceRoute {
        let parts = route.destination.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = Int(parts[1]) else {
            throw refused(instance, "route destination '\(route.destination)' is no CIDR")
        }
        return InstanceRoute(
            network: String(parts[0]), prefixLength: length, gateway: route.nexthop)
    }

    private static func refused(_ instance: InstanceID, _ found: String) -> DriverError {
        .refused(
            DriverFault(
                operation: "write the config drive", object: "guest \(instance)", found: found))
    }
}
