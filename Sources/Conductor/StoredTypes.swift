import ComputeModel
import Persistence
import Placement
import Workflow

// Which collection each noun is stored in. Ids come from our own generators or are checked by the
// API, but flavors and names are free text and are escaped.

extension Instance: StoredValue {
    /// `instances/<id>`.
    public static var collection: String { "instances" }
    /// The id.
    public var documentKey: String { id.text }
}

extension Migration: StoredValue {
    /// `migrations/<id>`.
    public static var collection: String { "migrations" }
    /// The id.
    public var documentKey: String { id.text }
}

extension InstanceAction: StoredValue {
    /// `instance-actions/<instance>/<request>`.
    public static var collection: String { "instance-actions" }
    /// Instance and request.
    public var documentKey: String { "\(instanceID)/\(requestID)" }
}

extension Flavor: StoredValue {
    /// `flavors/<id>`.
    public static var collection: String { "flavors" }
    /// The id, escaped.
    public var documentKey: String { DocumentKey.escaped(id.text) }
}

extension Image: StoredValue {
    /// `images/<id>`.
    public static var collection: String { "images" }
    /// The id.
    public var documentKey: String { id.text }
}

extension Network: StoredValue {
    /// `networks/<id>`.
    public static var collection: String { "networks" }
    /// The id.
    public var documentKey: String { id.text }
}

extension Subnet: StoredValue {
    /// `subnets/<id>`.
    public static var collection: String { "subnets" }
    /// The id.
    public var documentKey: String { id.text }
}

extension NetworkPort: StoredValue {
    /// `ports/<id>`.
    public static var collection: String { "ports" }
    /// The id.
    public var documentKey: String { id.text }
}

extension SecurityGroup: StoredValue {
    /// `security-groups/<id>`.
    public static var collection: String { "security-groups" }
    /// The id.
    public var documentKey: String { id.text }
}

extension Project: StoredValue {
    /// `projects/<id>`.
    public static var collection: String { "projects" }
    /// The id.
    public var documentKey: String { id.text }
}

extension User: StoredValue {
    /// `users/<id>`.
    public static var collection: String { "users" }
    /// The id.
    public var documentKey: String { id.text }
}

extension Keypair: StoredValue {
    /// `keypairs/<user>/<name>`.
    public static var collection: String { "keypairs" }
    /// User and escaped name.
    public var documentKey: String { "\(userID)/\(DocumentKey.escaped(name))" }
}

extension Assignment: StoredValue {
    /// `assignments/<host>/<instance>`.
    public static var collection: String { "assignments" }
    /// Host and instance.
    public var documentKey: String { "\(hostID)/\(instanceID)" }
}

extension GuestReport: StoredValue {
    /// `guest-reports/<host>/<instance>`.
    public static var collection: String { "guest-reports" }
    /// Host and instance.
    public var documentKey: String { "\(hostID)/\(instanceID)" }
}

extension ServerGroup: StoredValue {
    /// `server-groups/<id>`.
    public static var collection: String { "server-groups" }
    /// The id.
    public var documentKey: String { id.text }
}

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
        "\(kind)/\(DocumentKey.escaped(scope))/\(DocumentKey.escaped(value))"
    }
}

/// Every type that the application stores.
public enum StoredTypes {
    /// For `DocumentStore.open`.
    public static var all: [any StoredValue.Type] {
        [
            Instance.self, InstanceAction.self, Migration.self, Flavor.self, Image.self,
            Network.self,
            Subnet.self, NetworkPort.self, SecurityGroup.self, Project.self, User.self,
            Keypair.self, ComputeHost.self, HostReport.self, HostLedger.self,
            HostAggregate.self, AggregateNumbers.self, ServerGroup.self, QuotaTurn.self,
            PlacementRecord.self, Assignment.self,
            GuestReport.self, Reservation.self, WorkflowRecord.self,
            SigningKey.self, TokenRevocations.self, StoredJoinGrant.self,
        ]
    }
}
