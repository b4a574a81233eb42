import ComputeModel
import Synchronization

/// The uploads under way in this process.
final class ImageUploads: Sendable {
    /// More are told to come back.
    static let uploadsMax = 16

    enum Admission {
        case admitted, alreadyRunning, tooMany
    }

    /// Whether the image was deleted meanwhile, by image.
    private let running = Mutex<[ImageID: Bool]>([:])

    func begin(_ id: ImageID) -> Admission {
        running.withLock { running in
            guard running[id] == nil else { return .alreadyRunning }
            guard running.count < Self.uploadsMax else { return .tooMany }
            running[id] = false
            return .admitted
        }
    }

    func end(_ id: ImageID) {
        running.withLock { $0[id] = nil }
    }

    /// Stops the upload at its next chunk, if there is one.
    func cancel(_ id: ImageID) {
        running.withLock { running in
            if running[id] != nil { running[id] = true }
        }
    }

    func isCancelled(_ id: ImageID) -> Bool {
        running.withLock { $0[id] ?? false }
    }

    func isRunning(_ id: ImageID) -> Bool {
        running.withLock { $0[id] != nil }
    }

    var count: Int { running.withLock { $0.count } }
}
