import ComputeModel

/// The states of one host's devices, derived from the last report and the ledger each time they
/// are needed, so that they can't go stale (gap G05).
///
/// Rules: a claimed or allocated PF makes its VFs and vDPA devices unavailable; a claimed or
/// allocated VF or vDPA device makes its PF unavailable; siblings don't block each other.
public struct DeviceStates: Sendable {
    /// A device with its state and, if it has one, its owner.
    public struct Entry: Sendable, Equatable {
        /// The device as last reported.
        public var device: Device
        /// Where it stands.
        public var state: DeviceState
        /// The instance that has it.
        public var instanceID: InstanceID?
        /// The port that it serves.
        public var portID: PortID?
        /// Why it is unavailable; nil otherwise.
        public var reason: String?
    }

    /// All devices, ordered by address.
    public let entries: [Entry]
    /// Devices that are owned and that the host does not report any more.
    public let missing: [(claim: DeviceClaim, instanceID: InstanceID)]

    /// Derives the states.
    public init(devices: [Device], ledger: HostLedger) {
        var owners: [DeviceID: (claim: Claim, device: DeviceClaim)] = [:]
        for claim in ledger.claims {
            for device in claim.devices { owners[device.deviceID] = (claim, device) }
        }
        let reported = Set(devices.map(\.id))
        let ownedChildren = Dictionary(
            grouping: devices.filter { owners[$0.id] != nil && $0.parentID != nil },
            by: { $0.parentID })
        entries = devices.sorted { $0.address < $1.address }.map { device in
            if let owner = owners[device.id] {
                let claimed = owner.claim.phase == .claimed
                return Entry(
                    device: device, state: claimed ? .claimed : .allocated,
                    instanceID: owner.claim.instanceID, portID: owner.device.portID)
            }
            let reason = Self.blocked(device, owners.mapValues(\.claim.instanceID), ownedChildren)
            return Entry(
                device: device, state: reason == nil ? .available : .unavailable, reason: reason)
        }
        missing = ledger.claims.flatMap { claim in
            claim.devices.filter { !reported.contains($0.deviceID) }
                .map { ($0, claim.instanceID) }
        }
    }

    /// The devices that can be given out, ordered by address.
    public var available: [Device] {
        entries.filter { $0.state == .available }.map(\.device)
    }

    private static func blocked(
        _ device: Device, _ owners: [DeviceID: InstanceID],
        _ ownedChildren: [DeviceID?: [Device]]
    ) -> String? {
        if let problem = device.problems.first { return problem }
        if let parent = device.parentID, let owner = owners[parent] {
            return "its PF \(parent) is owned by instance \(owner)"
        }
        if let child = ownedChildren[device.id]?.first {
            return "its child \(child.address) is owned"
        }
        return nil
    }
}
