import ComputeModel
import ImageStore
import Persistence
import Workflow

/// Copies of root disks that are kept as images: snapshots and shelved instances, which their
/// owners see, and those that moves make, which nobody does.
struct DiskCopies: Sendable {
    let context: ConductorContext
    let guests: GuestAssignments
    let images: Images

    private var documents: DocumentStore { context.documents }

    /// An image that waits for the copy of the instance's disk.
    func image(
        _ id: ImageID, named name: String, of instance: Instance, isInternal: Bool
    ) throws -> Image {
        let source = try documents.get(Image.self, instance.imageID.text)?.value
        var image = Image(
            id: id, name: name, ownerID: isInternal ? .millrace : instance.projectID,
            createdAt: context.now())
        image.diskFormat = "qcow2"
        image.containerFormat = "bare"
        image.hidden = isInternal
        image.visibility = .private
        image.minDiskGiB = instance.flavor.diskGiB
        image.minMemoryMiB = source?.minMemoryMiB ?? 0
        image.properties = source?.properties ?? [:]
        image.properties["image_type"] = "snapshot"
        image.properties["base_image_ref"] = instance.imageID.text
        image.properties["instance_uuid"] = instance.id.text
        return image
    }

    /// Makes the image of a move; nothing happens when it is there.
    func makeMoveImage(_ id: ImageID, of instance: Instance) async throws {
        let image = try image(
            id, named: "move of server \(instance.id)", of: instance, isInternal: true)
        try await context.retryingConflicts(.image) {
            guard try documents.get(Image.self, id.text) == nil else { return }
            try await documents.transact { try $0.insert(image) }
        }
    }

    /// Removes an image and its data, whoever owns it.
    func discard(_ id: ImageID) async throws {
        do {
            try await images.discard(id)
        } catch {
            guard case .notFound = error as? DomainError else { throw error }
        }
    }

    /// Asks the host for a copy of the root disk and waits until it is stored.
    func export(
        _ id: InstanceID, on host: HostID, as image: ImageID, by mark: String, _ step: StepContext
    ) async throws {
        try await guests.rewrite(id, on: host, by: mark) { assignment, _ in
            assignment.export = DiskExport(imageID: image)
        }
        try await guests.awaitSettled(
            id, on: host, within: context.settings.exportTimeout,
            checkCancellation: step.checkCancellation)
    }

    /// The host need not copy any more; one that has no assignment doesn't.
    func endExport(_ id: InstanceID, on host: HostID, by mark: String) async throws {
        try await guests.rewriteIfAssigned(id, on: host, by: mark) { assignment, _ in
            assignment.export = nil
        }
    }

    /// Takes an image out of its owner's sight: from now on it is only what a root disk lies over.
    func keepInternally(_ id: ImageID) async throws {
        try await context.retryingConflicts(.image) {
            guard let image = try documents.get(Image.self, id.text),
                image.value.ownerID != .millrace
            else { return }
            var changed = image.value
            changed.ownerID = .millrace
            changed.hidden = true
            changed.protected = false
            changed.visibility = .private
            changed.updatedAt = context.now()
            let kept = changed
            try await documents.transact { try $0.update(image, to: kept) }
        }
    }
}
