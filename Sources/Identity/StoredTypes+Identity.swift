import ComputeModel
import ControlPlaneState
import Persistence

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

extension StoredTypes {
    /// What identity stores.
    public static var identity: [any StoredValue.Type] {
        [
            Project.self, User.self, SigningKey.self, TokenRevocations.self,
        ]
    }
}
