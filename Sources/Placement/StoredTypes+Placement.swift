public import ComputeModel
public import ControlPlaneState
public import Persistence

extension HostAggregate: StoredValue {
    /// `aggregates/<id>`.
    public static var collection: String { "aggregates" }
    /// The id, as text.
    public var documentKey: String { String(id) }
}

extension StoredTypes {
    /// What placement stores.
    public static var placement: [any StoredValue.Type] {
        [HostAggregate.self, PlacementRecord.self]
    }
}
