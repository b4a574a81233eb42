import ComputeModel

/// What would change on a host if another `device_spec` were applied. Changes nothing itself.
public struct SpecComparison: Sendable, Equatable {
    /// How a device is offered now.
    public enum Present: Sendable, Equatable {
        /// Not at all.
        case notOffered
        /// With its `physicalNetwork` and `tags`.
        case offered
        /// With its `physicalNetwork`; whoever listed it doesn't tell the other tags.
        case offeredTagsUnknown
    }

    /// What becomes of a device.
    public enum Change: String, Sendable, CaseIterable {
        /// Not offered now, and offered then.
        case newlyOffered = "newly offered"
        /// Offered now, and not then. An instance that has it keeps it.
        case noLongerOffered = "no longer offered"
        /// Offered before and after, with another physical network or other tags.
        case tagsChange = "tags change"
        /// As it is, offered or not.
        case unchanged = "unchanged"
    }

    /// One device.
    public struct Row: Sendable, Equatable {
        /// As it would be: tagged by its new entry, untagged without one.
        public var device: Device
        /// The entry that would decide, from 0; nil for none.
        public var entry: Int?
        /// What becomes of it.
        public var change: Change
    }

    /// A row for each device, in the order given.
    public let rows: [Row]
    /// What is questionable about the new entries on this host.
    public let problems: [DeviceSpecProblem]

    /// Compares what `devices` are now with what `proposed` would make of them.
    ///
    /// - Parameters:
    ///   - devices: all devices of one host that are known, and how each is offered now. Those not
    ///     known can't be compared.
    ///   - interfaces: where the host's netdevs are, beyond what devices know themselves.
    public init(
        of devices: [(device: Device, present: Present)], proposed: DeviceSpec,
        interfaces: [String: PCIAddress] = [:]
    ) {
        let all = devices.map(\.device)
        let known = DeviceSpec.interfaces(of: all).merging(interfaces) { _, given in given }
        rows = devices.map { device, present in
            let index = proposed.matchIndex(device, interfaces: known)
            let future =
                index.map { proposed.entries[$0].tagging(device) }
                ?? Self.withoutEntry(device, proposed)
            return Row(
                device: future ?? Self.untagged(device), entry: index,
                change: Self.change(device, present, future))
        }
        problems = proposed.problems(against: all, interfaces: known)
    }

    /// Compares two specifications on a host of which all devices are known.
    public init(
        of devices: [Device], inForce: DeviceSpec, proposed: DeviceSpec,
        interfaces: [String: PCIAddress] = [:]
    ) {
        let known = DeviceSpec.interfaces(of: devices).merging(interfaces) { _, given in given }
        self.init(
            of: devices.map { device in
                let present =
                    inForce.match(device, interfaces: known)?.tagging(device)
                    ?? Self.withoutEntry(device, inForce)
                return (present ?? device, present == nil ? .notOffered : .offered)
            }, proposed: proposed, interfaces: known)
    }

    private static func change(
        _ device: Device, _ present: Present, _ future: Device?
    ) -> Change {
        guard present != .notOffered else { return future == nil ? .unchanged : .newlyOffered }
        guard let future else { return .noLongerOffered }
        let knowsTags = present == .offered
        let sameTags = !knowsTags || known(future.tags) == known(device.tags)
        // Physical networks are compared without case everywhere.
        let sameNetwork =
            future.physicalNetwork?.lowercased() == device.physicalNetwork?.lowercased()
        return sameTags && sameNetwork ? .unchanged : .tagsChange
    }

    /// No tags and empty tags say the same.
    private static func known(_ tags: DeviceTags?) -> DeviceTags { tags ?? DeviceTags() }

    /// Software devices are offered by name, without an entry.
    private static func withoutEntry(_ device: Device, _ spec: DeviceSpec) -> Device? {
        guard device.kind == .vdpa, device.vfIndex == nil, device.parentAddress == nil,
            let name = device.vdpaName, spec.softwareDevices.contains(name)
        else { return nil }
        return untagged(device)
    }

    private static func untagged(_ device: Device) -> Device {
        var device = device
        device.physicalNetwork = nil
        device.tags = nil
        return device
    }
}
