import ComputeModel

/// Who has what on one host, indexed so that a device's standing costs a few look-ups. Only what
/// is owned is in the indexes, PFs by address aside.
struct DeviceOwnership {
    struct Owner {
        let claim: DeviceClaim
        let instanceID: InstanceID
        let phase: ClaimPhase
    }

    /// The first owner of each device, in the order of the ledger.
    private(set) var owners: [DeviceID: Owner] = [:]
    /// All owners of devices that have more than one.
    private(set) var contested: [DeviceID: [InstanceID]] = [:]
    /// PFs by address, for children that don't say their PF's identity.
    private var parents: [PCIAddress: DeviceID] = [:]
    /// The first owned child, by address, of each PF.
    private var children: [DeviceID: Device] = [:]
    /// Owned devices by their PCI function.
    private var functions: [PCIAddress: DeviceID] = [:]
    /// What lies above owned devices that are not reported: their identities are
    /// `parent/vf3` and `parent/vf3/vdpa3`, so that each part before a `/` is a relative.
    private var missingBelow: [String: DeviceID] = [:]

    init(_ ledger: HostLedger) {
        for claim in ledger.claims {
            for device in claim.devices {
                let owner = Owner(
                    claim: device, instanceID: claim.instanceID, phase: claim.phase)
                guard let first = owners.updateValue(owner, forKey: device.deviceID) else {
                    continue
                }
                owners[device.deviceID] = first
                contested[device.deviceID, default: [first.instanceID]].append(claim.instanceID)
            }
        }
    }

    /// Adds a reported device; the indexes keep the first of each kind, so the order of calls
    /// must not depend on the order of the report.
    mutating func add(_ device: Device) {
        if device.kind == .pf { keep(device.id, at: device.address, in: &parents) }
        guard owners[device.id] != nil else { return }
        if !device.isSoftware { keep(device.id, at: device.address, in: &functions) }
        if let parent = parent(of: device) { keep(device, at: parent, in: &children) }
    }

    /// Adds a device that is owned and not reported.
    mutating func add(missing id: DeviceID) {
        let text = id.text
        for end in text.indices where text[end] == "/" {
            let above = String(text[..<end])
            missingBelow[above] = min(missingBelow[above] ?? id, id)
        }
    }

    private func keep<Key: Hashable, Value>(
        _ value: Value, at key: Key, in index: inout [Key: Value]
    ) {
        if index[key] == nil { index[key] = value }
    }

    private func parent(of device: Device) -> DeviceID? {
        device.parentID ?? device.parentAddress.flatMap { parents[$0] }
    }

    /// Why a device that nobody owns can't be given out because of what others own.
    func block(of device: Device) -> DeviceBlock? {
        if owners.isEmpty { return nil }
        let parent = parent(of: device)
        if let parent, let owner = owners[parent] { return .parentOwned(parent, owner.instanceID) }
        if let child = children[device.id], let owner = owners[child.id] {
            return .childOwned(child.address, owner.instanceID)
        }
        if let twin = twin(of: device, parent), let owner = owners[twin] {
            return .sameFunctionOwned(twin, owner.instanceID)
        }
        guard !missingBelow.isEmpty, let below = missingBelow[device.id.text],
            let owner = owners[below]
        else { return nil }
        return device.kind == .pf
            ? .missingChildOwned(below, owner.instanceID)
            : .sameFunctionOwned(below, owner.instanceID)
    }

    /// The identity by which someone owns the function that `device` is on.
    private func twin(of device: Device, _ parent: DeviceID?) -> DeviceID? {
        if !device.isSoftware, let twin = functions[device.address] { return twin }
        // What isn't reported has only its identity to be known by.
        guard !missingBelow.isEmpty, let parent, let index = device.vfIndex else { return nil }
        let function = DeviceID("\(parent)/vf\(index)")
        return owners[function] == nil ? missingBelow[function.text] : function
    }
}

extension Device {
    /// A vDPA device without a PCI function (`vdpa_sim`, VDUSE): its address is only for lists.
    var isSoftware: Bool { kind == .vdpa && vfIndex == nil && parentAddress == nil }
}
