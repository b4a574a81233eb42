import ComputeModel
import DeviceTracking
import Networking
import Scheduler

/// Turns what a guest was asked for into requests for devices: one for each port that needs a
/// device, then those of the flavor's aliases.
enum DeviceRequests {
    /// The requests of a guest of `flavor`, in the order of its ports.
    ///
    /// Throws `invalid` for extra specs that can't be met anywhere, and `forbidden` when flavor and
    /// image contradict each other.
    static func requests(
        flavor: Flavor, ports: [NetworkPort], networks: [NetworkID: Network], image: Image?,
        aliases: DeviceAliases
    ) throws(DomainError) -> [DeviceRequest] {
        let policy = try numaPolicy(flavor, image)
        let wishes = try FlavorWishes.requirements(flavor.extraSpecs)
        var requests: [DeviceRequest] = []
        for port in ports {
            guard var request = request(for: port, networks[port.networkID]) else { continue }
            request.numaPolicy =
                port.numaAffinityPolicy.flatMap { NUMAAffinityPolicy(rawValue: $0) }
                ?? policy ?? .legacy
            if port.vnicType == .vdpa {
                request.requirements = request.requirements.merged(with: wishes)
            }
            requests.append(request)
        }
        return requests + (try aliases.requests(flavor.extraSpecs, policy: policy))
    }

    /// What flavor and image say of the distance to devices; nil when they say nothing.
    static func numaPolicy(
        _ flavor: Flavor, _ image: Image?
    ) throws(DomainError) -> NUMAAffinityPolicy? {
        do {
            return try NUMAAffinityPolicy.parse(
                extraSpecs: flavor.extraSpecs, imageProperties: image?.properties ?? [:])
        } catch {
            guard case .image = error else {
                throw .invalid(.flavor, field: "flavorRef", "\(error)")
            }
            throw .forbidden("\(error)")
        }
    }

    /// The form of device that a port of this type needs; nil for ports without device.
    static func demand(of type: VNICType) -> DeviceDemand? {
        switch type {
        case .vdpa: return DeviceDemand(kinds: [.vdpa])
        case .direct, .macvtap, .virtioForwarder: return DeviceDemand(kinds: [.vf, .pci])
        case .directPhysical: return DeviceDemand(kinds: [.pf])
        case .remoteManaged:
            var demand = DeviceDemand(kinds: [.vf])
            demand.remoteManaged = true
            return demand
        case .normal, .baremetal, .smartNIC, .acceleratorDirect, .acceleratorDirectPhysical:
            return nil
        }
    }

    private static func request(
        for port: NetworkPort, _ network: Network?
    ) -> DeviceRequest? {
        guard var demand = demand(of: port.vnicType), let kind = demand.kinds.first else {
            return nil
        }
        demand.trusted = trusted(port)
        let isPhysical = network?.networkType.isPhysical ?? false
        var request = DeviceRequest(
            portID: port.id, kind: kind,
            physicalNetwork: isPhysical ? network?.physicalNetwork : nil,
            requiredMAC: port.macChosenByUser ? port.ownMACAddress : nil)
        request.alternatives = [demand]
        request.requirements = port.deviceRequirements ?? DeviceRequirements()
        return request
    }

    /// Whether the port's profile asks for a trusted device, or for one that isn't; nil when it
    /// says nothing. Profiles are kept as JSON text: `true`, `"True"`, `1` all mean the same.
    private static func trusted(_ port: NetworkPort) -> Bool? {
        guard let text = port.userProfile["trusted"], text != "null" else { return nil }
        return DeviceRequirementRules.truth(text.filter { $0 != "\"" }) ?? false
    }
}
