import ComputeModel
import DiskFormats
import Foundation
import Persistence

extension Images {
    /// Takes in an image's data. Each chunk is written, hashed and inspected before the next is
    /// asked for. The image is `active` when this returns; whatever goes wrong, it is `queued`
    /// again, with the reason, and no byte is left.
    ///
    /// `announcedBytes` is the size the client told, if it did. Throws `conflict` unless the image
    /// is queued, `invalid` for data that is refused or cut off, `tooLarge` beyond the limits or
    /// when the disk is full, and `notFound` when the image is deleted meanwhile.
    public func upload<Chunks: AsyncSequence>(
        _ id: ImageID, announcedBytes: Int64?, _ chunks: Chunks, _ caller: Caller
    ) async throws where Chunks.Element == [UInt8] {
        let format = try checkUpload(id, announcedBytes, caller)
        switch uploads.begin(id) {
        case .admitted: break
        case .alreadyRunning:
            throw DomainError.conflict(
                .image, .imageState, "Image \(id) is being uploaded already.")
        case .tooMany:
            throw DomainError.unavailable(
                "\(ImageUploads.uploadsMax) uploads are running; repeat the request later.")
        }
        defer { uploads.end(id) }
        let saving = try await startSaving(id, caller)
        do {
            let content = try await receive(id, format, announcedBytes, chunks)
            try await activate(saving, content)
        } catch {
            let told = Self.told(error, id)
            // Not a child: cleaning up must also happen when the client has gone and this task
            // is cancelled.
            await Task { await abandon(saving, told.failure) }.value
            throw told.error
        }
    }

    private func checkUpload(
        _ id: ImageID, _ announcedBytes: Int64?, _ caller: Caller
    ) throws -> DiskImageFormat {
        let image = try requireChangeable(id, caller).value
        guard image.status == .queued else {
            throw DomainError.conflict(
                .image, .imageState,
                "Image status transition from \(image.status.rawValue) to saving is not allowed.")
        }
        guard let format = image.diskFormat.flatMap({ DiskImageFormat(rawValue: $0) }),
            image.containerFormat != nil
        else {
            throw DomainError.invalid(
                .image, field: "disk_format",
                "Properties disk_format, container_format must be set prior to saving data.")
        }
        guard let announcedBytes else { return format }
        let limit = context.settings.imageBytesMax
        guard announcedBytes <= limit else {
            throw DomainError.tooLarge(
                "The image has \(announcedBytes) bytes; at most \(limit) are stored.")
        }
        guard announcedBytes <= (try files.freeBytes()) else { throw Self.diskIsFull }
        return format
    }

    private func startSaving(_ id: ImageID, _ caller: Caller) async throws -> Image {
        try await context.retryingConflicts(.image) {
            let current = try requireChangeable(id, caller)
            guard current.value.status == .queued else {
                throw DomainError.conflict(
                    .image, .imageState, "Image \(id) is being uploaded already.")
            }
            var image = current.value
            image.status = .saving
            image.failure = nil
            let saving = image
            try await context.documents.transact { try $0.update(current, to: saving) }
            return saving
        }
    }

    private func receive<Chunks: AsyncSequence>(
        _ id: ImageID, _ format: DiskImageFormat, _ announcedBytes: Int64?, _ chunks: Chunks
    ) async throws -> ImageContent where Chunks.Element == [UInt8] {
        let writer = try files.writer(id, declared: format)
        for try await chunk in chunks {
            guard !uploads.isCancelled(id) else { throw ImageFileError.deleted }
            try await writer.write(chunk)
        }
        // A stream ends silently when its task is cancelled: that isn't the end of the data.
        try Task.checkCancellation()
        return try await writer.finish(announcedBytes: announcedBytes)
    }

    private func activate(_ saving: Image, _ content: ImageContent) async throws {
        try files.publish(saving.id)
        try await context.retryingConflicts(.image) {
            guard let current = try stillSaving(saving) else { throw ImageFileError.deleted }
            var image = current.value
            image.status = .active
            image.sizeBytes = content.sizeBytes
            image.virtualSizeBytes = content.virtualSizeBytes
            image.checksum = content.md5
            image.sha512 = content.sha512
            image.updatedAt = context.now()
            let active = image
            try await context.documents.transact { try $0.update(current, to: active) }
        }
    }

    /// Leaves no trace of an upload that failed.
    private func abandon(_ saving: Image, _ failure: String) async {
        do {
            let present = try context.documents.get(Image.self, saving.id.text)?.value
            // A commit whose answer was lost may have succeeded after all.
            if let present, present.status == .active, present.createdAt == saving.createdAt {
                return
            }
            try files.removePart(saving.id)
            try files.remove(saving.id)
            try await context.retryingConflicts(.image) {
                guard let current = try stillSaving(saving) else { return }
                var image = current.value
                image.status = .queued
                image.failure = failure
                image.updatedAt = context.now()
                let queued = image
                try await context.documents.transact { try $0.update(current, to: queued) }
            }
        } catch {
            // The next start puts it right.
            context.logger.error(
                "a failed upload can't be cleaned up now",
                metadata: ["image": "\(saving.id)", "cause": "\(error)"])
        }
    }

    /// The record, if it is still the one whose upload this is.
    private func stillSaving(_ saving: Image) throws -> Versioned<Image>? {
        guard let current = try context.documents.get(Image.self, saving.id.text),
            current.value.status == .saving, current.value.createdAt == saving.createdAt
        else { return nil }
        return current
    }

    private static let diskIsFull = DomainError.tooLarge(
        "Image storage media is full: there is no space for this image.")

    /// What the caller is told of `error`, and what is kept with the image.
    private static func told(_ error: any Error, _ id: ImageID) -> (
        error: any Error, failure: String
    ) {
        switch error {
        case ImageFileError.deleted: (DomainError.notFound(.image, id.text), "deleted")
        case ImageFileError.diskFull: (diskIsFull, diskIsFull.description)
        case ImageFileError.refused(.fileTooLarge(let limit)):
            (
                DomainError.tooLarge(
                    DiskFormatError.fileTooLarge(maximumBytes: limit).description),
                DiskFormatError.fileTooLarge(maximumBytes: limit).description
            )
        case ImageFileError.refused(let reason):
            (
                DomainError.invalid(.image, field: "disk_format", reason.description),
                reason.description
            )
        case let error as DomainError: (error, error.description)
        case let error as ImageFileError:
            (
                DomainError.internalFailure("Storing image \(id) failed: \(error)"),
                "The image could not be stored; the log of the server has the cause."
            )
        case let error as StoreError:
            (error, "The image could not be stored; the log of the server has the cause.")
        case is CancellationError: (error, interrupted)
        default: (DomainError.invalid(.image, field: nil, interrupted), interrupted)
        }
    }

    private static let interrupted =
        "The upload ended before all data was there; upload the data again."
}
