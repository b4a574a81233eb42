import ComputeModel
import Persistence

/// A name or address that only one object may have. Inserting it is the check.
public struct Reservation: Codable, Sendable, Equatable, StoredValue {
    /// `reservations/<kind>/<scope>/<value>`.
    public static var collection: String { "reservations" }
    /// What is reserved: `ip`, `mac`, `flavor-name`, `segment`, `host-name`, `user-name`...
    public var kind: String
    /// Within what it is unique: a subnet, a network, or `all`.
    public var scope: String
    /// The reserved value.
    public var value: String
    /// Id of the object that has it.
    public var holder: String
    /// Kind, scope and value.
    public var documentKey: String { Self.key(kind: kind, scope: scope, value: value) }

    /// Reserves `value` for `holder`.
    public init(kind: String, scope: String, value: String, holder: String) {
        self.kind = kind
        self.scope = scope
        self.value = value
        self.holder = holder
    }

    /// Its document's key.
    public static func key(kind: String, scope: String, value: String) -> String {
        prefix(kind: kind, scope: scope) + DocumentKey.escaped(value)
    }

    /// Prefix of the keys of everything of `kind` reserved in `scope`; nil for all scopes.
    package static func prefix(kind: String, scope: String? = nil) -> String {
        scope.map { "\(kind)/\(DocumentKey.escaped($0))/" } ?? "\(kind)/"
    }

    /// The kind of the mark on an object that is about to be deleted.
    static let closing = "closing"

    /// The mark on an object that is about to be deleted and takes no new users.
    static func closing(_ noun: Noun, _ id: String, by holder: String) -> Reservation {
        Reservation(kind: closing, scope: noun.rawValue, value: id, holder: holder)
    }

    /// Key of that mark.
    package static func closingKey(_ noun: Noun, _ id: String) -> String {
        key(kind: closing, scope: noun.rawValue, value: id)
    }
}

extension DocumentTransaction {
    /// Gives up `reservation` if it is there.
    package mutating func release(
        _ reservation: Reservation, seenIn snapshot: DocumentSnapshot
    ) throws(StoreError) {
        guard let current = try snapshot.get(Reservation.self, reservation.documentKey) else {
            return
        }
        try delete(current)
    }
}
