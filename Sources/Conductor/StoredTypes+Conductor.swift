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
    public var documentKey: String { "\(instanceID)/\(requestID)" }
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
