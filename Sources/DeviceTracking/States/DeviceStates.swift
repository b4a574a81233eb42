import ComputeModel

/// The states of one host's devices, derived from the last report and the ledger each time they
/// are needed, so that they can't go stale. Costs O(devices + claims), and the order of neither
/// matters.
///
/// Rules: an owned PF makes its VFs and vDPA devices unavailable; an owned VF or vDPA device makes
/// its PF unavailable; siblings don't block each other. A VF and the vDPA device on it are one
/// function, of which one owner has all. Owned means claimed, allocated or being released, and it
/// counts whether or not the host still reports the device.
public struct DeviceStates: Sendable {
    /// A device with its state and, if it has one, its owner.
    public struct Entry: Sendable, Equatable {
        /// The device as last reported.
        public var device: Device
        /// Where it stands.
        public var state: DeviceState
        /// The instance that has it.
        public var instanceID: InstanceID?
        /// The port that it serves; nil also when it was asked for by alias.
        public var portID: PortID?
        /// The alias that it was asked for by.
        public var alias: String?
        /// Why it is unavailable; nil otherwise.
        public var block: DeviceBlock?

        /// The block in words.
        public var reason: String? { block?.description }
    }

    /// A device that more than one claim holds: the ledger is damaged. All its claims stand, so
    /// that it is free only when the last is gone.
    public struct Contest: Sendable, Equatable {
        /// The device.
        public var deviceID: DeviceID
        /// Its owners, the first claim's first; states show that one.
        public var instanceIDs: [InstanceID]
    }

    /// All devices, ordered by address.
    public let entries: [Entry]
    /// Devices that are owned and that the host does not report any more.
    public let missing: [(claim: DeviceClaim, instanceID: InstanceID)]
    /// Devices that are owned twice, by identity; empty unless something is broken.
    public let contested: [Contest]

    /// Derives the states.
    public init(devices: [Device], ledger: HostLedger) {
        let order = devices.indices.sorted { left, right in
            devices[left].address == devices[right].address
                ? devices[left].id < devices[right].id
                : devices[left].address < devices[right].address
        }
        let counts = Self.counts(devices, order)
        var ownership = DeviceOwnership(ledger)
        missing = ledger.claims.flatMap { claim in
            claim.devices.filter { counts[$0.deviceID] == nil }.map { ($0, claim.instanceID) }
        }
        // PFs first: children may have to be looked up by their PF's address.
        for index in order where devices[index].kind == .pf { ownership.add(devices[index]) }
        for index in order where devices[index].kind != .pf { ownership.add(devices[index]) }
        for (claim, _) in missing { ownership.add(missing: claim.deviceID) }
        entries = order.map { Self.entry(devices[$0], ownership, counts) }
        contested = ownership.contested.sorted { $0.key < $1.key }.map {
            Contest(deviceID: $0.key, instanceIDs: $0.value)
        }
    }

    /// The devices that can be given out, ordered by address.
    public var available: [Device] {
        entries.filter { $0.state == .available }.map(\.device)
    }

    /// How many devices are reported as each identity or in its place.
    private static func counts(_ devices: [Device], _ order: [Int]) -> [DeviceID: Int] {
        var counts: [DeviceID: Int] = Dictionary(minimumCapacity: devices.count)
        for index in order { counts[devices[index].id, default: 0] += 1 }
        var start = 0
        for end in 1...max(1, order.count) {
            let isRun =
                end < order.count
                && devices[order[end]].address == devices[order[start]].address
            if isRun { continue }
            if end - start > 1 { noteCrowd(devices, order[start..<end], &counts) }
            start = end
        }
        return counts
    }

    /// A PCI function is one thing at a time, but for a VF that carries a vDPA device.
    private static func noteCrowd(
        _ devices: [Device], _ run: ArraySlice<Int>, _ counts: inout [DeviceID: Int]
    ) {
        let crowd = run.filter { !devices[$0].isSoftware }
        let kinds = crowd.map { devices[$0].kind }
        if crowd.count == 2, kinds.contains(.vf), kinds.contains(.vdpa) { return }
        for index in crowd {
            counts[devices[index].id] = max(counts[devices[index].id] ?? 1, crowd.count)
        }
    }

    private static func entry(
        _ device: Device, _ ownership: DeviceOwnership, _ counts: [DeviceID: Int]
    ) -> Entry {
        if let owner = ownership.owners[device.id] {
            return Entry(
                device: device, state: owner.phase == .claimed ? .claimed : .allocated,
                instanceID: owner.instanceID, portID: owner.claim.portID,
                alias: owner.claim.alias)
        }
        let block = block(of: device, ownership, count: counts[device.id] ?? 1)
        return Entry(device: device, state: block == nil ? .available : .unavailable, block: block)
    }

    private static func block(
        of device: Device, _ ownership: DeviceOwnership, count: Int
    ) -> DeviceBlock? {
        if count > 1 { return .ambiguous(count: count) }
        if let problem = device.problems.first { return .problem(problem) }
        return ownership.block(of: device)
    }
}
