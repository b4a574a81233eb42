import ComputeModel
import ControlPlaneState
import Persistence

extension Image: StoredValue {
    /// `images/<id>`.
    public static var collection: String { "images" }
    /// The id.
    public var documentKey: String { id.text }
}

extension StoredTypes {
    /// What the image store stores.
    public static var imageStore: [any StoredValue.Type] {
        [
            Image.self
        ]
    }
}
