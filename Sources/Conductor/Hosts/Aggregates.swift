import ComputeModel
import ControlPlaneState
import Persistence
import Placement

/// The number that the last aggregate was given. Kept for itself, so that the number of a deleted
/// aggregate is not given again.
struct AggregateNumbers: Codable, Sendable, Equatable, StoredValue {
    static var collection: String { "aggregate-numbers" }
    static let key = "all"
    /// The greatest number that was ever given.
    var last: Int
    var documentKey: String { Self.key }
}

/// Host aggregates: sets of hosts with metadata, made by administrators. What becomes of hosts is
/// in `Aggregates+Hosts.swift`.
public struct Aggregates: Sendable {
    /// Aggregates of a cloud.
    static let countMax = 1_000
    /// Keys of one aggregate.
    public static let metadataMax = 128
    /// The metadata key that stands for the zone.
    public static let zoneKey = "availability_zone"

    let context: ConductorContext

    /// The aggregates in `context`'s documents.
    public init(_ context: ConductorContext) {
        self.context = context
    }

    /// All aggregates, ordered by id.
    public func list() throws -> [HostAggregate] {
        try context.documents.list(HostAggregate.self).map(\.value).sorted { $0.id < $1.id }
    }

    /// One aggregate. Throws `notFound`.
    public func show(_ id: Int) throws -> HostAggregate {
        try Self.find(id, in: context.documents.snapshot()).value
    }

    /// Which zone and which aggregates each host is in now.
    public func zones() throws -> HostZones {
        try HostZones(context.documents.snapshot())
    }

    /// Makes an aggregate without hosts. Throws `conflict(.nameTaken)`, `invalid` for a bad zone.
    public func create(name: String, zone: String?) async throws -> HostAggregate {
        try Self.checkZone(zone)
        return try await context.changing(.aggregate) { snapshot, transaction in
            guard try snapshot.count(HostAggregate.self) < Self.countMax else {
                throw DomainError.overQuota(
                    resource: "aggregates", used: Self.countMax, requested: 1,
                    limit: Self.countMax)
            }
            let aggregate = HostAggregate(
                id: try nextNumber(snapshot, &transaction),
                uuid: context.makeUUID().uuidString.lowercased(), name: name, zone: zone,
                createdAt: context.now())
            try reserve(aggregate, snapshot, &transaction)
            try transaction.insert(aggregate)
            return aggregate
        }
    }

    /// Changes name and zone; nil leaves them as they are.
    ///
    /// Throws `conflict(.nameTaken)`, and `conflict(.state)` for a zone that hosts can't get; see
    /// `add(host:to:)`.
    public func update(_ id: Int, name: String?, zone: String?) async throws -> HostAggregate {
        try Self.checkZone(zone)
        return try await changing(id) { aggregate, snapshot, transaction in
            if let name, name != aggregate.name {
                try transaction.release(Self.reservation(aggregate), seenIn: snapshot)
                aggregate.name = name
                try reserve(aggregate, snapshot, &transaction)
            }
            if let zone { aggregate.zone = zone }
        }
    }

    /// Sets metadata; nil removes a key. The key of the zone changes the zone, which can't be
    /// removed, as in Nova.
    ///
    /// Throws `invalid` for too many keys and for an empty zone, and `conflict(.state)` as
    /// `update` does.
    public func setMetadata(
        _ id: Int, _ changes: [String: String?]
    ) async throws -> HostAggregate {
        try await changing(id) { aggregate, _, _ in
            for (key, value) in changes {
                guard key == Self.zoneKey else {
                    aggregate.metadata[key] = value
                    continue
                }
                guard let value else {
                    throw DomainError.invalid(
                        .aggregate, field: key,
                        "Aggregate \(id) does not support empty named availability zone.")
                }
                try Self.checkZone(value)
                aggregate.zone = value
            }
            guard aggregate.metadata.count <= Self.metadataMax else {
                throw DomainError.invalid(
                    .aggregate, field: "metadata",
                    "An aggregate has at most \(Self.metadataMax) metadata keys, not"
                        + " \(aggregate.metadata.count).")
            }
        }
    }

    /// Removes an aggregate. Throws `invalid` while it has hosts.
    public func delete(_ id: Int) async throws {
        try await context.changing(.aggregate) { snapshot, transaction in
            let current = try Self.find(id, in: snapshot)
            guard current.value.hosts.isEmpty else {
                throw DomainError.invalid(
                    .aggregate, field: nil,
                    "Cannot delete aggregate \(id). Reason: Host aggregate is not empty. Remove"
                        + " its \(current.value.hosts.count) hosts first.")
            }
            try transaction.release(Self.reservation(current.value), seenIn: snapshot)
            try transaction.delete(current)
        }
    }

    /// Changes an aggregate, and looks after the zones of its hosts.
    func changing(
        _ id: Int,
        _ change: (inout HostAggregate, DocumentSnapshot, inout DocumentTransaction) throws -> Void
    ) async throws -> HostAggregate {
        try await context.changing(.aggregate) { snapshot, transaction in
            let current = try Self.find(id, in: snapshot)
            var aggregate = current.value
            try change(&aggregate, snapshot, &transaction)
            guard aggregate != current.value else { return aggregate }
            aggregate.updatedAt = context.now()
            try settleZones(from: current.value, to: aggregate, snapshot, &transaction)
            try transaction.update(current, to: aggregate)
            return aggregate
        }
    }

    private static func find(
        _ id: Int, in snapshot: DocumentSnapshot
    ) throws -> Versioned<HostAggregate> {
        guard let found = try snapshot.get(HostAggregate.self, String(id)) else {
            throw DomainError.notFound(.aggregate, String(id))
        }
        return found
    }

    private func nextNumber(
        _ snapshot: DocumentSnapshot, _ transaction: inout DocumentTransaction
    ) throws -> Int {
        guard let numbers = try snapshot.get(AggregateNumbers.self, AggregateNumbers.key) else {
            try transaction.insert(AggregateNumbers(last: 1))
            return 1
        }
        let next = numbers.value.last + 1
        try transaction.update(numbers, to: AggregateNumbers(last: next))
        return next
    }

    private static func reservation(_ aggregate: HostAggregate) -> Reservation {
        Reservation(
            kind: "aggregate-name", scope: "all", value: aggregate.name,
            holder: String(aggregate.id))
    }

    private func reserve(
        _ aggregate: HostAggregate, _ snapshot: DocumentSnapshot,
        _ transaction: inout DocumentTransaction
    ) throws {
        let reservation = Self.reservation(aggregate)
        guard try snapshot.get(Reservation.self, reservation.documentKey) == nil else {
            throw DomainError.conflict(
                .aggregate, .nameTaken, "Aggregate \(aggregate.name) already exists.")
        }
        try transaction.insert(reservation)
    }

    /// `zone:host` is how requests name a host, so a zone has no colon.
    private static func checkZone(_ zone: String?) throws(DomainError) {
        guard let zone else { return }
        guard (1...255).contains(zone.count), !zone.contains(":"),
            zone.first?.isWhitespace == false, zone.last?.isWhitespace == false
        else {
            throw .invalid(
                .aggregate, field: zoneKey,
                "Invalid input for field 'availability_zone': '\(zone.prefix(64))' must have 1 to"
                    + " 255 characters, no ':', and no blanks around it.")
        }
    }
}

/// Which zone each host is in; see `Placement`.
public typealias HostZones = Placement.HostZones
