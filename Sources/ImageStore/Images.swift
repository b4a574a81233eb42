import ComputeModel
import Foundation
import Persistence

/// The image service: records in the store, bytes in `ImageFiles`.
public struct Images: Sendable {
    let context: ImageStoreContext
    /// The bytes.
    public let files: ImageFiles
    let uploads = ImageUploads()

    /// The images in `context`'s store and image directory. Files are read and written on
    /// `fileExecutor`; nil: on threads of their own.
    public init(context: ImageStoreContext, fileExecutor: (any SerialExecutor)? = nil) {
        self.context = context
        files = ImageFiles(settings: context.settings, executor: fileExecutor)
    }

    /// To be called once at each start, before requests come: creates the directory, and puts
    /// back to `queued` what was being uploaded when the server stopped.
    public func prepare() async throws {
        var active: Set<ImageID> = []
        for image in try context.documents.list(Image.self) {
            if image.value.status == .saving {
                var queued = image.value
                queued.status = .queued
                queued.failure = "The server stopped during the upload; upload the data again."
                try await context.documents.transact { try $0.update(image, to: queued) }
            } else if image.value.sizeBytes != nil {
                active.insert(image.value.id)
            }
        }
        let removed = try files.sweep(active: active)
        guard !removed.isEmpty else { return }
        context.logger.notice(
            "removed files of uploads that were never finished",
            metadata: ["files": "\(removed.joined(separator: ", "))"])
    }

    /// A page of what `caller` may see. Throws `invalid` for a marker that they can't see.
    public func list(_ query: ImageQuery, _ caller: Caller) throws -> ImagePage {
        if let marker = query.marker {
            guard try visible(marker, caller) != nil else {
                throw DomainError.invalid(
                    .image, field: "marker", "Invalid marker: image \(marker) does not exist.")
            }
        }
        let found = try context.documents.list(Image.self).map(\.value).filter {
            Self.maySee($0, caller) && query.includes($0, for: caller)
        }.sorted { query.precedes($0, $1) }
        var rest = found[...]
        if let marker = query.marker, let last = try visible(marker, caller)?.value {
            rest = found.drop { !query.precedes(last, $0) }
        }
        return ImagePage(
            images: Array(rest.prefix(query.limit)), hasMore: rest.count > query.limit)
    }

    /// The image; throws `notFound` also when `caller` may not see it.
    public func show(_ id: ImageID, _ caller: Caller) throws -> Image {
        try require(id, caller).value
    }

    /// Makes a queued image. `id` nil: a new one. Throws `conflict(_, .nameTaken, _)` when the id
    /// is in use.
    public func create(
        id: ImageID?, edits: [ImageEdit], _ caller: Caller
    ) async throws -> Image {
        let id = id ?? ImageID(uuid: context.makeUUID())
        guard ImageFiles.isUUID(id.text) else {
            throw DomainError.invalid(
                .image, field: "id", "Invalid image id format: it must be a lower-case UUID.")
        }
        var image = Image(
            id: id, name: nil, ownerID: caller.projectID, createdAt: context.now())
        for edit in edits { try image.apply(edit, by: caller) }
        let made = image
        // The upload of a deleted image may still be ending under this id.
        guard !uploads.isRunning(id), try context.documents.get(Image.self, id.text) == nil else {
            throw Self.exists(id)
        }
        do {
            try await context.documents.transact { try $0.insert(made) }
        } catch StoreError.conflict {
            throw Self.exists(id)
        }
        return made
    }

    /// Applies all edits, or none.
    public func update(
        _ id: ImageID, _ edits: [ImageEdit], _ caller: Caller
    ) async throws -> Image {
        try await change(id, caller) { image throws(DomainError) in
            for edit in edits { try image.apply(edit, by: caller) }
        }
    }

    /// Stops an image from being downloaded, or lets it again. For administrators.
    public func setActive(_ active: Bool, _ id: ImageID, _ caller: Caller) async throws {
        _ = try await change(id, caller) { image throws(DomainError) in
            guard image.status == .active || image.status == .deactivated else {
                throw .conflict(
                    .image, .imageState,
                    "Image \(id) is \(image.status.rawValue): only active images can be"
                        + " deactivated.")
            }
            image.status = active ? .active : .deactivated
        }
    }

    /// Deletes the image and its data; an upload under way ends at its next chunk.
    public func delete(_ id: ImageID, _ caller: Caller) async throws {
        try await context.retryingConflicts(.image) {
            let current = try requireChangeable(id, caller)
            guard !current.value.protected else {
                throw DomainError.forbidden(
                    "Image \(id) is protected and cannot be deleted.")
            }
            try await context.documents.transact { try $0.delete(current) }
        }
        uploads.cancel(id)
        do {
            try files.remove(id)
        } catch {
            // The record is gone and the next start sweeps the file: the deletion has succeeded.
            context.logger.warning(
                "the file of a deleted image can't be removed now",
                metadata: ["image": "\(id)", "cause": "\(error)"])
        }
    }

    /// The image's bytes. Nil while there are none. Throws `forbidden` for deactivated images.
    public func download(_ id: ImageID, _ caller: Caller) async throws -> (Image, ImageChunks)? {
        let image = try show(id, caller)
        switch image.status {
        case .active: return (image, try await files.open(id))
        case .deactivated where caller.isAdmin: return (image, try await files.open(id))
        case .deactivated:
            throw DomainError.forbidden("The requested image has been deactivated.")
        case .queued, .saving, .killed: return nil
        }
    }

    /// Whether `caller` may see it by its id.
    static func maySee(_ image: Image, _ caller: Caller) -> Bool {
        caller.maySee(image.ownerID) || image.visibility == .public
            || image.visibility == .community
    }

    func require(_ id: ImageID, _ caller: Caller) throws -> Versioned<Image> {
        guard let found = try visible(id, caller) else {
            throw DomainError.notFound(.image, id.text)
        }
        return found
    }

    /// The image, if `caller` may change it: owners and administrators.
    func requireChangeable(_ id: ImageID, _ caller: Caller) throws -> Versioned<Image> {
        let found = try require(id, caller)
        guard caller.maySee(found.value.ownerID) else {
            throw DomainError.forbidden("You are not permitted to modify this image.")
        }
        return found
    }

    private func visible(_ id: ImageID, _ caller: Caller) throws -> Versioned<Image>? {
        guard ImageFiles.isUUID(id.text),
            let found = try context.documents.get(Image.self, id.text),
            Self.maySee(found.value, caller)
        else { return nil }
        return found
    }

    private func change(
        _ id: ImageID, _ caller: Caller, _ body: (inout Image) throws(DomainError) -> Void
    ) async throws -> Image {
        try await context.retryingConflicts(.image) {
            let current = try requireChangeable(id, caller)
            var image = current.value
            try body(&image)
            image.updatedAt = context.now()
            let changed = image
            try await context.documents.transact { try $0.update(current, to: changed) }
            return changed
        }
    }

    private static func exists(_ id: ImageID) -> DomainError {
        .conflict(.image, .nameTaken, "Image ID \(id) already exists!")
    }
}
