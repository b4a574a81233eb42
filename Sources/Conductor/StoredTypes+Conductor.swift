import ComputeModel
import ControlPlaneState
import ImageStore
import Networking
import ControlPlaneState
import Persistence
import Placement

// Which collection each noun is stored in. Ids come from our own generators or are checked by the
// API, but flavors and names are free text and are escaped.

extension InstanceAction: StoredValue {
    /// `instance-actions/<instance>/<request>`.
    public static var collection: String { "instance-actions" }
    /// Instance and request.
    public var documentKey: String { Self.key(instanceID, requestID) }

    /// The key of what a request asked of an instance.
    package static func key(_ instance: InstanceID, _ request: APIRequestID) -> String {
        keys(of: instance) + request.text
    }

    /// What the keys of all that was asked of an instance begin with.
    package static func keys(of instance: InstanceID) -> String { "\(instance)/" }
}

extension Flavor: StoredValue {
    /// `flavors/<id>`.
    public static var collection: String { "flavors" }
    /// The id, escaped.
    public var documentKey: String { DocumentKey.escaped(id.text) }
}

extension Keypair: StoredValue {
    /// `keypairs/<user>/<name>`.
    public static var collection: String { "keypairs" }
    /// User and escaped name.
    public var documentKey: String { Self.key(userID, name) }

    /// The key of a user's key pair; `name` as the user wrote it.
    package static func key(_ user: UserID, _ name: String) -> String {
        keys(of: user) + DocumentKey.escaped(name)
    }

    /// What the keys of all of a user's begin with.
    package static func keys(of user: UserID) -> String { "\(user)/" }
}

extension Assignment: StoredValue {
    /// `assignments/<host>/<instance>`.
    public static var collection: String { "assignments" }
    /// Host and instance.
    public var documentKey: String { Self.key(hostID, instanceID) }

    /// The key of what a host is told of an instance.
    package static func key(_ host: HostID, _ instance: InstanceID) -> String {
        keys(of: host) + instance.text
    }

    /// What the keys of all that a host is told begin with.
    package static func keys(of host: HostID) -> String { "\(host)/" }
}

extension GuestReport: StoredValue {
    /// `guest-reports/<host>/<instance>`.
    public static var collection: String { "guest-reports" }
    /// Host and instance.
    public var documentKey: String { Self.key(hostID, instanceID) }

    /// The key of what a host says of an instance: that of the assignment that it speaks of.
    package static func key(_ host: HostID, _ instance: InstanceID) -> String {
        Assignment.key(host, instance)
    }
}

extension ServerGroup: StoredValue {
    /// `server-groups/<id>`.
    public static var collection: String { "server-groups" }
    /// The id.
    public var documentKey: String { id.text }
}

extension StoredTypes {
    /// What compute stores, with that of the rooms it stands on.
    public static var conductor: [any StoredValue.Type] {
        let own: [any StoredValue.Type] = [
            InstanceAction.self, Flavor.self, Keypair.self, Assignment.self, GuestReport.self,
            ServerGroup.self, AggregateNumbers.self, StoredJoinGrant.self,
        ]
        return shared + placement + networking + imageStore + own
    }
}
