import ComputeModel
import DeviceTracking

/// All hosts, prepared for decisions. A value: a copy costs nothing until it is changed, so several
/// claims can be tried on a copy.
///
/// A host is prepared once when it changes; a decision then reads one row of numbers a host, and
/// looks at devices only on the few hosts that it may choose.
public struct Fleet: Sendable {
    /// What a decision reads of every host.
    struct Row: Sendable {
        var isOpen = false
        var room: HostRoom
        var freeDevices: Int
        var buildFailures: Int
        /// The zone's number in `zones`.
        var zone: Int
        /// Spreads equal hosts over concurrent decisions.
        var nameHash: UInt64
    }

    /// A host with what was found out about it. An object, so that copying a fleet, which every
    /// batch of claims does, counts one reference a host.
    private final class Prepared: Sendable {
        let snapshot: HostSnapshot
        /// Places of the free devices in the host's report.
        let free: [UInt16]

        init(_ snapshot: HostSnapshot, free: [UInt16]) {
            self.snapshot = snapshot
            self.free = free
        }
    }

    /// In no particular order; positions change when a host goes.
    private var prepared: ContiguousArray<Prepared> = []
    private(set) var rows: ContiguousArray<Row> = []
    private(set) var classes = DeviceClassTable()
    private var positions: [HostID: Int] = [:]
    private var zones: [String: Int] = [:]
    let ratios: OvercommitRatios

    /// A fleet without hosts.
    public init(ratios: OvercommitRatios) { self.ratios = ratios }

    /// A fleet of these hosts.
    public init(_ hosts: [HostSnapshot], ratios: OvercommitRatios) {
        self.init(ratios: ratios)
        for host in hosts { put(host) }
    }

    /// How many hosts there are.
    public var count: Int { prepared.count }

    /// The host of that id.
    public subscript(id: HostID) -> HostSnapshot? { positions[id].map { host(at: $0) } }

    /// The host at a position.
    func host(at position: Int) -> HostSnapshot { prepared[position].snapshot }

    /// The devices of a host that can be given out, in the order of its report.
    func freeDevices(at position: Int) -> [Device] {
        let host = prepared[position]
        guard let devices = host.snapshot.report?.devices else { return [] }
        return host.free.map { devices[Int($0)] }
    }

    /// Adds or replaces a host.
    public mutating func put(_ host: HostSnapshot) {
        let free = host.devices.available
        let new = Prepared(host, free: Self.places(of: free, in: host))
        let row = row(host, freeDevices: free.count)
        if let position = positions[host.host.id] {
            prepared[position] = new
            rows[position] = row
            classes.setFree(free, at: position, hostCount: count)
        } else {
            positions[host.host.id] = count
            prepared.append(new)
            rows.append(row)
            classes.appendHost()
            classes.setFree(free, at: count - 1, hostCount: count)
        }
    }

    /// Takes a host out; nothing happens if it isn't there.
    public mutating func remove(_ id: HostID) {
        guard let position = positions.removeValue(forKey: id) else { return }
        let last = count - 1
        if position != last { positions[host(at: last).host.id] = position }
        prepared.swapAt(position, last)
        rows.swapAt(position, last)
        prepared.removeLast()
        rows.removeLast()
        classes.removeHost(at: position)
    }

    /// Notes whether a host is alive.
    public mutating func setUp(_ id: HostID, _ isUp: Bool) {
        guard let position = positions[id], host(at: position).isUp != isUp else { return }
        var host = host(at: position)
        host.isUp = isUp
        prepared[position] = Prepared(host, free: prepared[position].free)
        rows[position].isOpen = host.isOpen
    }

    /// Puts a claim on its host, as it will be once stored.
    public mutating func add(_ claim: Claim, on id: HostID) {
        guard var host = self[id] else { return }
        host.ledger.claims.append(claim)
        put(host)
    }

    /// All hosts, in no particular order.
    public var allHosts: [HostSnapshot] { prepared.map(\.snapshot) }

    /// Ids of all hosts.
    public var hostIDs: [HostID] { prepared.map(\.snapshot.host.id) }

    func position(of id: HostID) -> Int? { positions[id] }

    func position(named name: String) -> Int? {
        prepared.firstIndex { $0.snapshot.host.name == name }
    }

    /// The number of a zone; nil when no host was ever in it.
    func zone(_ name: String) -> Int? { zones[name] }

    private mutating func row(_ host: HostSnapshot, freeDevices: Int) -> Row {
        let zone = zones[host.zone] ?? zones.count
        zones[host.zone] = zone
        return Row(
            isOpen: host.isOpen, room: HostRoom(host, ratios: ratios), freeDevices: freeDevices,
            buildFailures: host.buildFailures, zone: zone, nameHash: Spread.hash(host.host.name))
    }

    private static func places(of free: [Device], in host: HostSnapshot) -> [UInt16] {
        let ids = Set(free.map(\.id))
        let devices = host.report?.devices ?? []
        return devices.indices.prefix(Int(UInt16.max)).filter { ids.contains(devices[$0].id) }
            .map { UInt16($0) }
    }
}

extension HostSnapshot {
    /// Alive, reported and open for new guests.
    var isOpen: Bool { isUp && report != nil && !host.disabled && !host.forcedDown }
}

/// Numbers that look random and are the same everywhere, to spread equal choices.
public enum Spread {
    /// FNV-1a of the text's UTF-8, 64 bits.
    public static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// The finalizer of SplitMix64.
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
