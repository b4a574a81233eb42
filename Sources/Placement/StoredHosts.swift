public import ComputeModel
public import Persistence

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

extension HostAggregate: StoredValue {
    /// `aggregates/<id>`.
    public static var collection: String { "aggregates" }
    /// The id, as text.
    public var documentKey: String { String(id) }
}
