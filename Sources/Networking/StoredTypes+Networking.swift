import ComputeModel
import ControlPlaneState
import Persistence

extension Subnet: StoredValue {
    /// `subnets/<id>`.
    public static var collection: String { "subnets" }
    /// The id.
    public var documentKey: String { id.text }
}

extension SecurityGroup: StoredValue {
    /// `security-groups/<id>`.
    public static var collection: String { "security-groups" }
    /// The id.
    public var documentKey: String { id.text }
}

extension StoredTypes {
    /// What the network stores.
    public static var networking: [any StoredValue.Type] {
        [
            Subnet.self, SecurityGroup.self,
        ]
    }
}
