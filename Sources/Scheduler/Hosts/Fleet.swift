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

    /// A host with what was found out about it. An object, so that it is moved and copied as one
    /// reference.
    private final class Prepared: Sendable {
        let snapshot: HostSnapshot
        let free: FreeDevices

        init(_ snapshot: HostSnapshot, free: FreeDevices) {
            self.snapshot = snapshot
            self.free = free
        }
    }

    /// In no particular order; positions change when a host goes.
    private var prepared = PagedArray<Prepared>()
    private(set) var rows = PagedArray<Row>()
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
        return host.free.devices(of: host.snapshot.report?.devices ?? [])
    }

    /// Adds or replaces a host.
    public mutating func put(_ host: HostSnapshot) {
        let devices = host.report?.devices ?? []
        let places = FreeDevices(devices, ledger: host.ledger)
        let free = places.devices(of: devices)
        let new = Prepared(host, free: places)
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
        prepared.removeBySwap(at: position)
        rows.removeBySwap(at: position)
        classes.removeHost(at: position)
    }

    /// Notes whether a host is alive.
    public mutating func setUp(_ id: HostID, _ isUp: Bool) {
        if let position = positions[id] { setUp(at: position, isUp) }
    }

    /// Notes of all hosts whether they are alive.
    public mutating func setUp(_ isUp: (HostID) -> Bool) {
        for position in 0..<count {
            setUp(at: position, isUp(prepared[position].snapshot.host.id))
        }
    }

    private mutating func setUp(at position: Int, _ isUp: Bool) {
        guard prepared[position].snapshot.isUp != isUp else { return }
        var host = host(at: position)
        host.isUp = isUp
        prepared[position] = Prepared(host, free: prepared[position].free)
        rows[position].isOpen = host.isOpen
    }

    /// Puts a claim on its host, as it will be once stored. Costs little: what is free is not
    /// derived anew, but for claims that no decision made.
    public mutating func add(_ claim: Claim, on id: HostID) {
        guard let position = positions[id] else { return }
        var host = host(at: position)
        var free = prepared[position].free
        host.ledger.claims.append(claim)
        let devices = host.report?.devices ?? []
        guard let taken = free.take(claim.devices, of: devices),
            taken.allSatisfy({ classes.take(devices[$0], at: position) })
        else { return put(host) }
        prepared[position] = Prepared(host, free: free)
        rows[position].room.take(claim)
        rows[position].freeDevices = free.count
    }

    /// All hosts, in no particular order.
    public var allHosts: [HostSnapshot] { prepared.elements.map(\.snapshot) }

    func position(of id: HostID) -> Int? { positions[id] }

    func position(named name: String) -> Int? {
        (0..<count).first { prepared[$0].snapshot.host.name == name }
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
