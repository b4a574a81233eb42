import ComputeModel
import HostDrivers
import Synchronization

struct SimulatedStorage: GuestStorage {
    let gate: SimulatedGate

    func prepareRoot(
        _ instance: InstanceID, image: GuestImage, sizeGiB: Int, fetch: @escaping ImageFetch
    ) async throws(DriverError) {
        let fault = try await gate.enter(.prepareRoot, instance.text)
        if fault == .lie { return }
        let (isThere, isCached) = gate.host.read { state in
            (
                state.visible.disks[instance]?.rootImage != nil,
                state.cachedImages.contains(image.id)
            )
        }
        if isThere { return }
        if !isCached { try await download(image, fetch) }
        let size = max(sizeGiB, Self.gib(image.virtualSizeBytes))
        try gate.host.attempt { state throws(DriverError) in
            guard state.incarnation == gate.incarnation else {
                throw .cancelled(rootFault(instance, "the agent was killed"))
            }
            let taken = state.visible.disks.values.reduce(0) { $0 + $1.sizeGiB }
            guard taken + size <= gate.host.spec.diskGiB else {
                throw .refused(
                    rootFault(instance, "\(size) GiB are wanted and \(taken) GiB are taken"))
            }
            state.cachedImages.insert(image.id)
            var disks = state.disks(of: instance)
            disks.rootImage = image.id
            disks.sizeGiB = size
            state.visible.disks[instance] = disks
        }
    }

    private func download(_ image: GuestImage, _ fetch: ImageFetch) async throws(DriverError) {
        let received = Atomic<Int64>(0)
        try await fetch(image.id) { chunk in
            received.add(Int64(chunk.count), ordering: .relaxed)
        }
        let count = received.load(ordering: .relaxed)
        guard count == image.sizeBytes else {
            throw .refused(
                DriverFault(
                    operation: "fetch the image", object: "image \(image.id)",
                    found: "\(count) bytes came and \(image.sizeBytes) were announced"))
        }
    }

    func writeConfigDrive(
        _ instance: InstanceID, guest: GuestDefinition
    ) async throws(DriverError) {
        try await gate.call(.writeConfigDrive, instance.text, lie: ()) { state in
            var disks = state.disks(of: instance)
            disks.configDrive = guest
            state.visible.disks[instance] = disks
        }
    }

    func paths(_ instance: InstanceID) -> GuestPaths {
        let folder = "/simulated/\(gate.host.spec.name)/\(instance)"
        return GuestPaths(
            root: PlannedDisk(path: "\(folder)/root.qcow2", format: "qcow2"),
            configDrive: "\(folder)/config.iso", consoleLog: "\(folder)/console.log")
    }

    func remove(_ instance: InstanceID) async throws(DriverError) {
        try await gate.call(.removeStorage, instance.text, lie: ()) { state in
            state.visible.disks[instance] = nil
            state.consoles[instance] = nil
            state.ignoresShutdown.remove(instance)
        }
    }

    func list() async throws(DriverError) -> [StoredGuest] {
        try await gate.ask(.listStorage, gate.host.spec.name) { state in
            state.visible.disks.map { instance, disks in
                StoredGuest(
                    instanceID: instance, hasRoot: disks.rootImage != nil,
                    hasConfigDrive: disks.configDrive != nil)
            }
        }
    }

    func capacity() async throws(DriverError) -> StorageCapacity {
        try await gate.ask(.capacity, gate.host.spec.name) { state in
            let total = gate.host.spec.diskGiB
            let taken = state.visible.disks.values.reduce(0) { $0 + $1.sizeGiB }
            return StorageCapacity(totalGiB: total, freeGiB: max(total - taken, 0))
        }
    }

    private static func gib(_ bytes: Int64) -> Int { Int((bytes + (1 << 30) - 1) >> 30) }

    private func rootFault(_ instance: InstanceID, _ found: String) -> DriverFault {
        DriverFault(
            operation: "make the root disk", object: "guest \(instance)", found: found)
    }
}

extension SimulatedState {
    func disks(of instance: InstanceID) -> SimulatedDisks {
        visible.disks[instance] ?? SimulatedDisks(rootImage: nil, sizeGiB: 0, configDrive: nil)
    }
}
