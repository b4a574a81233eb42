import ComputeModel
import JSON
import Persistence
import Workflow

/// The types that are stored. Each room lists its own in an extension; the program joins them.
public enum StoredTypes {
    /// What more than one room reads.
    public static var shared: [any StoredValue.Type] {
        [
            Instance.self, Network.self, NetworkPort.self, Migration.self, ComputeHost.self,
            HostReport.self, HostLedger.self, Reservation.self, QuotaTurn.self,
            WorkflowRecord.self,
        ]
    }
}

extension Instance: StoredValue {
    /// `instances/<id>`.
    public static var collection: String { "instances" }
    /// The id.
    public var documentKey: String { id.text }
}

extension Network: StoredValue {
    /// `networks/<id>`.
    public static var collection: String { "networks" }
    /// The id.
    public var documentKey: String { id.text }
}

extension NetworkPort: StoredValue {
    /// `ports/<id>`.
    public static var collection: String { "ports" }
    /// The id.
    public var documentKey: String { id.text }
}

extension Migration: StoredValue {
    /// `migrations/<id>`.
    public static var collection: String { "migrations" }
    /// The id.
    public var documentKey: String { id.text }
}

extension ComputeHost: StoredValue {
    /// `hosts/<id>`.
    public static var collection: String { "hosts" }
    /// The id.
    public var documentKey: String { id.text }
}

extension HostReport: StoredValue {
    /// `host-reports/<host>`.
    public static var collection: String { "host-reports" }
    /// The host.
    public var documentKey: String { hostID.text }
}

extension HostLedger: StoredValue {
    /// `ledgers/<host>`.
    public static var collection: String { "ledgers" }
    /// The host.
    public var documentKey: String { hostID.text }

    /// Written at each claim, with all claims of the host.
    public func write(to json: inout JSONWriter) -> Bool {
        json.object { json in
            json.key("claims")
            json.array(claims) { $1.write(to: &$0) }
            json.key("hostID")
            json.string(hostID.text)
        }
        return true
    }
}
