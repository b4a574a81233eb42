import ComputeModel

/// Which devices of one host can be given out: what ``DeviceStates/available`` says, in a form that
/// a new claim changes at little cost.
public struct FreeDevices: Sendable, Equatable {
    /// Places in the host's report, ascending. Devices beyond the 65,535th are not counted.
    private var places: [UInt16]
    /// Whether some claim holds a device that isn't reported. What that one excludes is known by
    /// identities alone, and only all claims together tell.
    private let isIncomplete: Bool

    /// Derives what is free of `devices`, as the host reported them.
    public init(_ devices: [Device], ledger: HostLedger) {
        let states = DeviceStates(devices: devices, ledger: ledger)
        // What is available has an identity of its own.
        let free = Set(states.available.map(\.id))
        places = devices.indices.prefix(Int(UInt16.max))
            .filter { free.contains(devices[$0].id) }.map { UInt16($0) }
        isIncomplete = !states.missing.isEmpty
    }

    /// How many there are.
    public var count: Int { places.count }

    /// The free ones of `devices`, which must be those that it was made of, in their order.
    public func devices(of devices: [Device]) -> [Device] { places.map { devices[Int($0)] } }

    /// Takes out what a new claim takes: its devices, and what can't be given out beside them by
    /// the rules of ``DeviceStates``. Returns the places; nil, with nothing changed, where these
    /// rules need more than the claim: derive anew then.
    public mutating func take(_ claims: [DeviceClaim], of devices: [Device]) -> [Int]? {
        guard !claims.isEmpty else { return [] }
        if isIncomplete { return nil }
        var left = places
        var taken: [Int] = []
        for claim in claims {
            guard let place = left.first(where: { devices[Int($0)].id == claim.deviceID })
            else { return nil }
            let owned = devices[Int(place)]
            let parent = Self.parent(of: owned, devices)
            left.removeAll { other in
                let excludes =
                    other == place
                    || Self.excludes(owned, parent: parent, devices[Int(other)], devices)
                if excludes { taken.append(Int(other)) }
                return excludes
            }
        }
        places = left
        return taken
    }

    private static func excludes(
        _ owned: Device, parent: DeviceID?, _ other: Device, _ devices: [Device]
    ) -> Bool {
        if owned.address == other.address, !owned.isSoftware, !other.isSoftware { return true }
        return parent == other.id || Self.parent(of: other, devices) == owned.id
    }

    /// As ``DeviceOwnership`` finds it: of several PFs at one address the first.
    private static func parent(of device: Device, _ devices: [Device]) -> DeviceID? {
        if let parent = device.parentID { return parent }
        guard let address = device.parentAddress else { return nil }
        return devices.lazy.filter { $0.kind == .pf && $0.address == address }.map(\.id).min()
    }
}
