import ComputeModel
import ControlPlaneState
import Persistence

// Copies of guests' disks that hosts send.
extension Images {
    /// Removes an image and its data, whoever owns it and however protected it is.
    ///
    /// Throws `notFound`, and what the store throws.
    public func discard(_ id: ImageID) async throws {
        try await context.retryingConflicts(.image) {
            guard let image = try context.documents.get(Image.self, id.text) else {
                throw DomainError.notFound(.image, id.text)
            }
            try await context.documents.transact { try $0.delete(image) }
        }
        uploads.cancel(id)
        do {
            try files.remove(id)
        } catch {
            // The record is gone; the next start sweeps the file.
            context.logger.warning(
                "the file of a disk copy can't be removed now",
                metadata: ["image": "\(id)", "cause": "\(error)"])
        }
    }

    /// Takes in a disk copy from a host. An image that has its data is left alone.
    public func storeCopy<Chunks: AsyncSequence>(
        _ id: ImageID, sizeBytes: Int64, _ chunks: Chunks
    ) async throws where Chunks.Element == [UInt8] {
        let caller = Caller.millrace
        if try show(id, caller).status == .active { return }
        try await upload(id, announcedBytes: sizeBytes, chunks, caller)
    }
}
