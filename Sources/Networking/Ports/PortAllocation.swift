import ComputeModel
import ControlPlaneState
import Persistence

/// What is being given out within one transaction. The store sees the transaction as a whole, so
/// two ports made in the same one must be kept apart here.
public struct PortAllocation: Sendable {
    /// The documents that decisions are made on.
    let snapshot: DocumentSnapshot
    private let context: NetworkingContext
    /// Keys of the reservations this transaction inserts.
    private var inserted: Set<String> = []
    /// Keys of the conditions it has already.
    private var required: Set<String> = []
    /// Taken addresses by subnet, read once.
    private var taken: [SubnetID: Set<IPAddress>] = [:]
    /// Default groups that this transaction makes.
    private var newDefaultGroups: [ProjectID: SecurityGroupID] = [:]
    /// What this transaction uses up of quotas, by their turn's key.
    private var newlyUsed: [String: Int] = [:]

    init(_ context: NetworkingContext, _ snapshot: DocumentSnapshot) {
        self.context = context
        self.snapshot = snapshot
    }

    /// Who holds the reservation: another object, or one of this transaction.
    func isTaken(_ reservation: Reservation) throws -> Bool {
        if inserted.contains(reservation.documentKey) { return true }
        let found = try snapshot.get(Reservation.self, reservation.documentKey)
        return found.map { $0.value.holder != reservation.holder } ?? false
    }

    /// Inserts a reservation that was found free, unless its holder has it already.
    mutating func reserve(
        _ reservation: Reservation, in transaction: inout DocumentTransaction
    ) throws {
        guard try snapshot.get(Reservation.self, reservation.documentKey) == nil else { return }
        inserted.insert(reservation.documentKey)
        try transaction.insert(reservation)
    }

    /// Ties the transaction to an object that must exist and not be about to go.
    mutating func use<Value: StoredValue>(
        _ type: Value.Type, _ noun: Noun, _ id: String,
        in transaction: inout DocumentTransaction
    ) throws {
        let closing = Reservation.closingKey(noun, id)
        guard required.insert(closing).inserted else { return }
        guard try snapshot.get(Reservation.self, closing) == nil else {
            throw DomainError.conflict(
                noun, .changed, "The \(noun.rawValue) \(id) is being deleted.")
        }
        try transaction.requireExists(type, id)
        try transaction.requireAbsent(Reservation.self, closing)
    }

    /// Counts one more port of `project` against a quota. Throws `overQuota`.
    mutating func count(
        _ quota: PortQuota, of project: ProjectID, in transaction: inout DocumentTransaction
    ) throws {
        let limit = quota.limit(context.settings)
        let key = QuotaTurn.key(quota.rawValue, project)
        let new = newlyUsed[key, default: 0]
        newlyUsed[key] = new + 1
        // The whole cloud has far fewer than one project may have: no need to count.
        guard try snapshot.count(NetworkPort.self) + new + QuotaTurn.margin >= limit else {
            return
        }
        let used = try snapshot.list(NetworkPort.self).count {
            $0.value.projectID == project && quota.counts($0.value)
        }
        guard used + new < limit else {
            throw DomainError.overQuota(
                resource: quota.rawValue, used: used + new, requested: 1, limit: limit)
        }
        guard new == 0 else { return }
        try transaction.takeTurn(
            quota.rawValue, of: project, left: limit - used, seenIn: snapshot)
    }

    /// A MAC that no port of `network` has.
    func freeMAC(on network: NetworkID, for port: PortID) throws -> MACAddress {
        for _ in 0..<NetworkLimits.macAttemptsMax {
            let mac = MACAddress(seed: context.makeUUID())
            if try !isTaken(.mac(mac.description, on: network, of: port)) { return mac }
        }
        throw DomainError.unavailable(
            "No free MAC address was found on network \(network) in"
                + " \(NetworkLimits.macAttemptsMax) attempts; repeat the request.")
    }

    /// A free address from the pools of `subnet`; nil when they are used up. The network's name,
    /// its broadcast address and the gateway are never given.
    mutating func freeAddress(in subnet: Subnet) throws -> IPAddress? {
        guard let prefix = IPPrefix(subnet.cidr) else { return nil }
        let gateway = subnet.gatewayIP.flatMap { IPAddress($0) }
        let used = try taken[subnet.id] ?? reservedAddresses(of: subnet.id)
        let chosen = AddressPools(subnet).free(
            window: NetworkLimits.choiceWindow, chance: context.chance()
        ) { address in
            used.contains(address) || address == gateway || !prefix.isUsable(address)
        }
        taken[subnet.id] = chosen.map { used.union([$0]) } ?? used
        return chosen
    }

    /// Notes an address that was asked for by name.
    mutating func take(_ address: IPAddress, in subnet: SubnetID) {
        taken[subnet]?.insert(address)
    }

    private func reservedAddresses(of subnet: SubnetID) throws -> Set<IPAddress> {
        let prefix = Reservation.prefix(kind: "ip", scope: subnet.text)
        var used: Set<IPAddress> = []
        for reservation in try snapshot.list(Reservation.self, prefix: prefix) {
            if let address = IPAddress(reservation.value.value) { used.insert(address) }
        }
        // Addresses of this transaction are not in the snapshot.
        for key in inserted where key.hasPrefix(prefix) {
            if let address = IPAddress(String(key.dropFirst(prefix.count))) { used.insert(address) }
        }
        return used
    }

    /// The default security group of `project`, made by this transaction if there is none.
    mutating func defaultGroup(
        of project: ProjectID, in transaction: inout DocumentTransaction
    ) throws -> SecurityGroupID {
        if let made = newDefaultGroups[project] { return made }
        let id = SecurityGroupID(uuid: context.makeUUID())
        let reservation = Reservation.defaultGroup(of: project, id)
        if let found = try snapshot.get(Reservation.self, reservation.documentKey) {
            return SecurityGroupID(found.value.holder)
        }
        let group = SecurityGroupRules.defaultGroup(
            id, of: project, at: context.now(), makeUUID: context.makeUUID)
        try transaction.insert(group)
        try transaction.insert(reservation)
        newDefaultGroups[project] = id
        return id
    }
}

/// What is limited of a project's ports, under its name in the API.
enum PortQuota: String {
    case ports = "port"
    /// Those that need a vDPA device.
    case vdpaPorts = "vdpa_port"

    func limit(_ settings: NetworkingSettings) -> Int {
        switch self {
        case .ports: settings.portsPerProjectMax
        case .vdpaPorts: settings.vdpaPortsPerProjectMax
        }
    }

    func counts(_ port: NetworkPort) -> Bool {
        switch self {
        case .ports: true
        case .vdpaPorts: port.vnicType == .vdpa
        }
    }
}
