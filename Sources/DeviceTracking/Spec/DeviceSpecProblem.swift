import ComputeModel

/// What is questionable about a `device_spec` on one host: found when its devices are known.
/// Entries are counted from 0.
public enum DeviceSpecProblem: Sendable, Equatable {
    /// The entry fits no device.
    case idle(entry: Int)
    /// The entry fits devices, but earlier entries decide about all of them.
    case shadowed(entry: Int, by: Int)
    /// No netdev has the entry's `devname` now.
    case interfaceMissing(entry: Int, name: String)
    /// A remote-managed entry names a PF and means the PF itself, too: its product id, or any.
    case remoteManagedPF(entry: Int, address: PCIAddress)
    /// A remote-managed entry names a PF, and neither it nor its VFs have the vendor and product.
    case remoteManagedIDs(entry: Int, address: PCIAddress)
    /// A remote-managed entry fits devices, none of which has a card with a serial number.
    case remoteManagedWithoutSerial(entry: Int)

    /// The entry, from 0.
    public var entry: Int {
        switch self {
        case .idle(let entry), .shadowed(let entry, _), .interfaceMissing(let entry, _),
            .remoteManagedPF(let entry, _), .remoteManagedIDs(let entry, _),
            .remoteManagedWithoutSerial(let entry):
            entry
        }
    }

    /// Whether the entry gets nothing until it is mended; others may be meant for other hosts.
    public var isError: Bool {
        switch self {
        case .idle, .shadowed, .interfaceMissing, .remoteManagedWithoutSerial: false
        case .remoteManagedPF, .remoteManagedIDs: true
        }
    }
}

extension DeviceSpecProblem: CustomStringConvertible {
    /// A sentence: which entry, what is wrong, what to do.
    public var description: String {
        let start = "device_spec entry \(entry) "
        switch self {
        case .idle:
            return start + "fits no device of this host."
        case .shadowed(_, let other):
            return start + "decides nothing: entries before it, entry \(other) first, match all"
                + " devices that it fits. Move it up, or remove it."
        case .interfaceMissing(_, let name):
            return start + "names the netdev '\(name)', which this host doesn't have now. If it"
                + " was renamed, write the new name or the address."
        case .remoteManagedPF(_, let address):
            return start + "is remote managed and names the PF \(address), which its card can't"
                + " manage for guests: set 'product_id' to that of the PF's VFs."
        case .remoteManagedIDs(_, let address):
            return start + "is remote managed and has ids that none of the VFs of the PF"
                + " \(address) has: set 'vendor_id' and 'product_id' to theirs."
        case .remoteManagedWithoutSerial:
            return start + "is remote managed, and the cards of the devices that it fits name no"
                + " serial number in their vital product data, so it gets none of them."
        }
    }
}

extension DeviceSpec {
    /// What is questionable about each entry on a host with `devices`, offered or not; its
    /// netdevs are at `interfaces`. At most one problem for each entry, the gravest.
    public func problems(
        against devices: [Device], interfaces: [String: PCIAddress]
    ) -> [DeviceSpecProblem] {
        let decided = Set(devices.compactMap { matchIndex($0, interfaces: interfaces) })
        return entries.indices.compactMap { index in
            let entry = entries[index]
            if let problem = entry.remoteProblem(index, devices, interfaces) { return problem }
            if decided.contains(index) { return nil }
            if case .interface(let name) = entry.place, interfaces[name] == nil {
                return .interfaceMissing(entry: index, name: name)
            }
            let fitting = devices.filter { entry.matches($0, interfaces: interfaces) }
            let deciding = fitting.compactMap { matchIndex($0, interfaces: interfaces) }.min()
            return deciding.map { .shadowed(entry: index, by: $0) } ?? .idle(entry: index)
        }
    }

    /// As above, with the netdevs that `devices` know themselves.
    public func problems(against devices: [Device]) -> [DeviceSpecProblem] {
        problems(against: devices, interfaces: Self.interfaces(of: devices))
    }
}

extension DeviceSpecEntry {
    /// What is wrong with a remote-managed entry.
    fileprivate func remoteProblem(
        _ index: Int, _ devices: [Device], _ interfaces: [String: PCIAddress]
    ) -> DeviceSpecProblem? {
        guard isRemoteManaged else { return nil }
        if let address = address(interfaces: interfaces),
            let physical = devices.first(where: { $0.kind == .pf && $0.address == address })
        {
            if productID == nil || productID == physical.productID {
                return .remoteManagedPF(entry: index, address: address)
            }
            let children = devices.filter { $0.parentAddress == address }
            let fitsOne = children.contains {
                productID == $0.productID && (vendorID ?? $0.vendorID) == $0.vendorID
            }
            if !fitsOne, !children.isEmpty {
                return .remoteManagedIDs(entry: index, address: address)
            }
        }
        var plain = self
        plain.tags?.remoteManaged = false
        let fitting = devices.filter {
            $0.kind != .pf && plain.matches($0, interfaces: interfaces)
        }
        guard !fitting.isEmpty, fitting.allSatisfy({ $0.cardSerial == nil }) else { return nil }
        return .remoteManagedWithoutSerial(entry: index)
    }
}
