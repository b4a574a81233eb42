import ComputeModel

/// Why a device can't serve a request, whoever has it.
public enum DeviceRefusal: Sendable, Equatable, Codable {
    /// Another kind of device.
    case kind(found: DeviceKind, wanted: String)
    /// Another vendor or product.
    case model(found: String, wanted: String)
    /// Wired to another physical network.
    case physicalNetwork(found: String?, wanted: String?)
    /// A tag of its `device_spec` entry says something else.
    case tag(key: String, found: String, wanted: String)
    /// It can't do what was asked for, or nobody knows whether it can.
    case capability(name: String, found: String, wanted: String)
    /// Its MAC can't be changed, and the port's user wants another.
    case fixedMAC(found: String, wanted: String)
    /// It is plugged into a NUMA node away from the guest's.
    case numaNode(found: Int?, wanted: [Int], policy: NUMAAffinityPolicy)
}

extension DeviceRefusal: CustomStringConvertible {
    /// Half a sentence for operators, to follow "the device".
    public var description: String {
        switch self {
        case .kind(let found, let wanted): "is a \(found.rawValue), wanted \(wanted)"
        case .model(let found, let wanted): "is \(found), wanted \(wanted)"
        case .physicalNetwork(let found, let wanted):
            "is wired to \(found ?? "no physical network"), wanted"
                + " \(wanted ?? "one without physical network, for a tunnelled network")"
        case .tag(let key, let found, let wanted): "has \(key) '\(found)', wanted '\(wanted)'"
        case .capability(let name, let found, let wanted):
            "has \(name) \(found), wanted \(wanted)"
        case .fixedMAC(let found, let wanted): "has the fixed MAC \(found), wanted \(wanted)"
        case .numaNode(let found, let wanted, let policy):
            "is on NUMA node \(found.map { "\($0)" } ?? "unknown"), not in \(wanted) as policy"
                + " '\(policy.rawValue)' demands"
        }
    }
}

extension DeviceRequest {
    /// Why `device` can't serve this request; nil when it can. NUMA nodes are not looked at: see
    /// ``numaRefusal(of:guestCells:sockets:)``.
    public func refusal(of device: Device) -> DeviceRefusal? {
        // Without alternatives nothing fits, rather than everything.
        var first: DeviceRefusal? = .kind(found: device.kind, wanted: "nothing")
        var isUntold = true
        let fits = alternatives.contains { demand in
            let refusal = demand.refusal(of: device)
            if let refusal, isUntold { (first, isUntold) = (refusal, false) }
            return refusal == nil
        }
        if !fits { return first }
        if case .wired(let wanted) = network,
            device.physicalNetwork?.lowercased() != wanted?.lowercased()
        {
            return .physicalNetwork(found: device.physicalNetwork, wanted: wanted)
        }
        if let refusal = requirements.refusal(of: device.capabilities) { return refusal }
        if let requiredMAC, !device.macSettable, device.macAddress != requiredMAC {
            return .fixedMAC(found: device.macAddress ?? "unknown", wanted: requiredMAC)
        }
        return nil
    }

    /// Why `device` is too far from a guest on `guestCells`; nil when it is near enough.
    ///
    /// - Parameter sockets: the socket of each host cell, as far as known.
    public func numaRefusal(
        of device: Device, guestCells: [Int], sockets: [Int: Int]
    ) -> DeviceRefusal? {
        let refusal = DeviceRefusal.numaNode(
            found: device.numaNode, wanted: guestCells, policy: numaPolicy)
        guard let node = device.numaNode else {
            return numaPolicy == .legacy || numaPolicy == .preferred ? nil : refusal
        }
        switch numaPolicy {
        case .preferred: return nil
        case .required, .legacy: return guestCells.contains(node) ? nil : refusal
        case .socket:
            guard let socket = sockets[node] else { return refusal }
            return guestCells.contains { sockets[$0] == socket } ? nil : refusal
        }
    }
}

extension DeviceDemand {
    /// Why `device` is not of this form; nil when it is.
    public func refusal(of device: Device) -> DeviceRefusal? {
        guard kinds.contains(device.kind) else {
            let names = kinds.map(\.rawValue).sorted().joined(separator: " or ")
            return .kind(found: device.kind, wanted: names)
        }
        if vendorID ?? device.vendorID != device.vendorID
            || productID ?? device.productID != device.productID
        {
            return .model(
                found: "\(device.vendorID):\(device.productID)",
                wanted: "\(vendorID ?? "*"):\(productID ?? "*")")
        }
        return tagRefusal(device.tags ?? DeviceTags())
    }

    private func tagRefusal(_ tags: DeviceTags) -> DeviceRefusal? {
        func differing(_ key: String, _ found: Bool?, _ wanted: Bool) -> DeviceRefusal? {
            found == wanted
                ? nil : .tag(key: key, found: found.map { "\($0)" } ?? "unset", wanted: "\(wanted)")
        }
        if let refusal = differing("remote_managed", tags.remoteManaged, remoteManaged) {
            return refusal
        }
        if let trusted, let refusal = differing("trusted", tags.trusted, trusted) {
            return refusal
        }
        if let liveMigratable,
            let refusal = differing("live_migratable", tags.liveMigratable, liveMigratable)
        {
            return refusal
        }
        if let resourceClass, resourceClass != tags.resourceClass {
            return .tag(
                key: "resource_class", found: tags.resourceClass ?? "unset", wanted: resourceClass)
        }
        let missing = traits.subtracting(tags.traits)
        guard missing.isEmpty else {
            return .tag(
                key: "traits", found: tags.traits.joined(separator: ","),
                wanted: missing.sorted().joined(separator: ","))
        }
        return nil
    }
}

extension DeviceRequirements {
    /// What `capabilities` lack; nil when nothing. What nobody knows counts as lacking.
    public func refusal(of capabilities: DeviceCapabilities?) -> DeviceRefusal? {
        func short(_ name: String, _ found: Int?, _ least: Int?) -> DeviceRefusal? {
            guard let least, found ?? -1 < least else { return nil }
            return .capability(
                name: name, found: found.map { "\($0)" } ?? "unknown", wanted: "\(least)")
        }
        if let refusal = short("queue_pairs", capabilities?.queuePairsMax, queuePairsMin)
            ?? short("link_speed_mbps", capabilities?.linkSpeedMbps, linkSpeedMbpsMin)
            ?? short("mtu", capabilities?.mtuMaxBytes, mtuMinBytes)
        {
            return refusal
        }
        let offered = capabilities?.features ?? []
        if let missing = features.first(where: { !offered.contains($0) }) {
            return .capability(
                name: "features", found: offered.isEmpty ? "none" : offered.joined(separator: ","),
                wanted: missing)
        }
        guard transparentMigration, capabilities?.transparentMigration != true else { return nil }
        return .capability(
            name: "transparent_migration",
            found: capabilities?.transparentMigration.map { "\($0)" } ?? "unknown", wanted: "true")
    }
}
