import ControlPlaneState
import Foundation

/// What images work with.
public typealias ImageStoreContext = ControlPlaneContext<ImageStoreSettings>

/// Where images lie and how large they may be. Read once from the configuration.
public struct ImageStoreSettings: Sendable, Equatable {
    /// Where images lie.
    public var directory: URL
    /// Largest image file in bytes.
    public var imageBytesMax: Int64 = 64 << 30
    /// Largest disk that an image may hold, in bytes.
    public var virtualBytesMax: Int64 = 1 << 40

    /// The defaults, with images in `directory`.
    public init(directory: URL) {
        self.directory = directory
    }
}
