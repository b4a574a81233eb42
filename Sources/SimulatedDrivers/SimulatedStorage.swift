import ComputeModel
import HostDrivers
import Synchronization

struct SimulatedStorage: GuestStorage {
    /// Largest piece of a copy that is handed out.
    private static let chunkBytes = 1 << 16

    let gate: SimulatedGate

    func prepare(
        _ disk: GuestDisk, of instance: InstanceID, image: GuestImage, sizeGiB: Int,
        fetch: @escaping ImageFetch
    ) async throws(DriverError) {
        if try await gate.enter(.prepareRoot, instance.text) == .lie { return }
        let (isThere, cached) = gate.host.read { state in
            (
                state.visible.disks[instance]?.disks[disk] != nil,
                state.cachedImages[image.id]
            )
        }
        if isThere { return }
        let content: String
        if let cached { content = cached } else { content = try await download(image, fetch) }
        let size = max(sizeGiB, Self.gib(image.virtualSizeBytes))
        try gate.host.attempt { state throws(DriverError) in
            guard state.incarnation == gate.incarnation else {
                throw .cancelled(
                    fault(disk, instance, "make the disk", "the agent was killed"))
            }
            let taken = state.takenGiB
            guard taken + size <= gate.host.spec.diskGiB else {
                throw .refused(
                    fault(
                        disk, instance, "make the disk",
                        "\(size) GiB are wanted and \(taken) GiB are taken"))
            }
            state.cachedImages[image.id] = content
            state.visible.disks[instance, default: SimulatedDisks()].disks[disk] =
                SimulatedDisk(image: image.id, sizeGiB: size, content: content)
        }
    }

    /// Answers what is in the image.
    private func download(
        _ image: GuestImage, _ fetch: ImageFetch
    ) async throws(DriverError) -> String {
        let received = Mutex((count: Int64(0), head: [UInt8]()))
        try await fetch(image.id) { chunk in
            received.withLock { received in
                received.count += Int64(chunk.count)
                received.head += chunk.prefix(SimulatedImage.headBytes - received.head.count)
            }
        }
        let (count, head) = received.withLock { $0 }
        guard count == image.sizeBytes else {
            throw .refused(
                DriverFault(
                    operation: "fetch the image", object: "image \(image.id)",
                    found: "\(count) bytes came and \(image.sizeBytes) were announced"))
        }
        return SimulatedImage.content(inHead: head) ?? "image \(image.id)"
    }

    func remove(_ disk: GuestDisk, of instance: InstanceID) async throws(DriverError) {
        try await gate.call(.removeDisk, instance.text, lie: ()) { state throws(DriverError) in
            let guest = state.visible.guests[instance]
            let path = gate.host.path(of: disk, instance)
            if guest?.isActive == true,
                guest?.plan.disks.contains(where: { $0.path == path }) == true
            {
                throw .refused(
                    fault(disk, instance, "remove the disk", "the guest runs from it"))
            }
            state.visible.disks[instance]?.disks[disk] = nil
        }
    }

    func copyPath(_ instance: InstanceID) -> String { gate.host.folder(instance) + "/copy.qcow2" }

    func export(
        _ disk: GuestDisk, of instance: InstanceID, isCopied: Bool, send: @escaping ExportSend
    ) async throws(DriverError) {
        if try await gate.enter(.export, instance.text) == .lie { return }
        defer { if isCopied { dropCopy(instance) } }
        let stored = try gate.host.attempt { state throws(DriverError) in
            let found = state.visible.disks[instance]
            guard let stored = isCopied ? found?.copy : found?.disks[disk] else {
                throw .notFound(fault(disk, instance, "export the disk", "there is none"))
            }
            if !isCopied, state.visible.guests[instance]?.isActive == true {
                throw .refused(fault(disk, instance, "export the disk", "the guest runs from it"))
            }
            return stored
        }
        let bytes = SimulatedImage(
            virtualSizeBytes: UInt64(stored.sizeGiB) << 30, content: stored.content
        ).bytes
        let sent = Atomic(0)
        try await send(Int64(bytes.count)) {
            let start = sent.add(Self.chunkBytes, ordering: .relaxed).oldValue
            guard start < bytes.count else { return nil }
            return Array(bytes[start..<min(start + Self.chunkBytes, bytes.count)])
        }
    }

    func removeCopy(_ instance: InstanceID) async throws(DriverError) {
        try await gate.call(.removeCopy, instance.text, lie: ()) { state in
            state.visible.disks[instance]?.copy = nil
        }
    }

    /// What an agent that was killed can't do any more.
    private func dropCopy(_ instance: InstanceID) {
        gate.host.change { state in
            guard state.incarnation == gate.incarnation else { return }
            state.visible.disks[instance]?.copy = nil
        }
    }

    func writeConfigDrive(
        _ instance: InstanceID, guest: GuestDefinition
    ) async throws(DriverError) {
        try await gate.call(.writeConfigDrive, instance.text, lie: ()) { state in
            state.visible.disks[instance, default: SimulatedDisks()].configDrive = guest
        }
    }

    func paths(_ instance: InstanceID, root: GuestDisk) -> GuestPaths {
        let folder = gate.host.folder(instance)
        return GuestPaths(
            root: PlannedDisk(path: gate.host.path(of: root, instance), format: "qcow2"),
            configDrive: "\(folder)/config.iso", consoleLog: "\(folder)/console.log")
    }

    func remove(_ instance: InstanceID) async throws(DriverError) {
        try await gate.call(.removeStorage, instance.text, lie: ()) { state in
            state.visible.disks[instance] = nil
            state.consoles[instance] = nil
            state.ignoresShutdown.remove(instance)
            state.ignoresUnplug.remove(instance)
        }
    }

    func list() async throws(DriverError) -> [StoredGuest] {
        try await gate.ask(.listStorage, gate.host.spec.name) { state in
            state.visible.disks.map { instance, disks in
                var stored = StoredGuest(
                    instanceID: instance, disks: Set(disks.disks.keys),
                    hasConfigDrive: disks.configDrive != nil)
                stored.hasCopy = disks.copy != nil
                return stored
            }
        }
    }

    func capacity() async throws(DriverError) -> StorageCapacity {
        try await gate.ask(.capacity, gate.host.spec.name) { state in
            let total = gate.host.spec.diskGiB
            return StorageCapacity(totalGiB: total, freeGiB: max(total - state.takenGiB, 0))
        }
    }

    private static func gib(_ bytes: Int64) -> Int { Int((bytes + (1 << 30) - 1) >> 30) }

    private func fault(
        _ disk: GuestDisk, _ instance: InstanceID, _ operation: String, _ found: String
    ) -> DriverFault {
        DriverFault(
            operation: operation, object: "disk \(disk) of guest \(instance)", found: found)
    }
}

extension SimulatedState {
    /// Taken by guests' disks.
    fileprivate var takenGiB: Int {
        visible.disks.values.reduce(0) { $0 + $1.disks.values.reduce(0) { $0 + $1.sizeGiB } }
    }
}

extension SimulatedHost {
    func folder(_ instance: InstanceID) -> String { "/simulated/\(spec.name)/\(instance)" }

    func path(of disk: GuestDisk, _ instance: InstanceID) -> String {
        folder(instance) + Self.fileName(of: disk)
    }

    /// With the slash before it, so that no name is the end of another.
    static func fileName(of disk: GuestDisk) -> String {
        switch disk {
        case .root(0): "/root.qcow2"
        case .root(let build): "/root-\(build).qcow2"
        case .rescue: "/rescue.qcow2"
        }
    }
}
