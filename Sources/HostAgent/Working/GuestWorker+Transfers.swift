import ComputeModel
import HostDrivers

/// Steps that take long: images in, copies of disks out, and the guest itself to another host.
extension GuestWorker {
    func prepare(
        _ disk: GuestDisk, _ assignment: Assignment, _ step: GuestStep
    ) async throws(DriverError) {
        let guest = assignment.guest
        let isRescue = disk == .rescue
        guard let image = isRescue ? guest.rescue : guest.image else {
            throw .refused(fault(step, "the assignment names no rescue image"))
        }
        let fetch = ImageFetcher(link: link, sizeBytes: image.sizeBytes, progress: progress)
        await progress(step.progress)
        try await call(step, within: settings.imageTimeout) {
            [drivers, instanceID] () throws(DriverError) in
            try await drivers.storage.prepare(
                disk, of: instanceID, image: image, sizeGiB: isRescue ? 0 : guest.diskGiB,
                fetch: { image, receive async throws(DriverError) in
                    try await fetch.fetch(image, receive)
                })
        }
    }

    func copyRoot(_ step: GuestStep) async throws(DriverError) {
        await progress(step.progress)
        try await call(step, within: settings.exportTimeout) {
            [drivers, instanceID] () throws(DriverError) in
            try await drivers.hypervisor.copyRoot(
                instanceID, to: drivers.storage.copyPath(instanceID))
        }
    }

    func export(
        _ assignment: Assignment, _ step: GuestStep, isCopied: Bool
    ) async throws(DriverError) {
        guard let image = assignment.export?.imageID else {
            throw .refused(fault(step, "nobody waits for a copy of the disk"))
        }
        let sender = ImageSender(link: link, image: image, progress: progress)
        await progress(step.progress)
        try await call(step, within: settings.exportTimeout) {
            [drivers, instanceID] () throws(DriverError) in
            try await drivers.storage.export(
                assignment.guest.rootDisk, of: instanceID, isCopied: isCopied,
                send: { sizeBytes, next async throws(DriverError) in
                    try await sender.send(sizeBytes, next)
                })
        }
    }

    /// The agent remembers the guest as sent before it is: one that is not here afterwards is
    /// elsewhere, whatever became of this agent.
    func migrate(_ assignment: Assignment, _ step: GuestStep) async throws(DriverError) {
        guard let departure = assignment.departure else {
            throw .refused(fault(step, "the assignment names no other host"))
        }
        await progress("\(step.progress) to \(departure.destinationHostName)")
        guard await note(.departureBegins(departure.migrationID)) else {
            throw .failed(fault(step, "the agent's local record can't be written"))
        }
        let limit = min(.milliseconds(departure.timeoutMS), settings.migrationTimeoutMax)
        try await call(step, within: limit + settings.migrationMargin) {
            [drivers, instanceID, note] () throws(DriverError) in
            try await drivers.hypervisor.migrate(instanceID, departure) { report in
                _ = await note(.departureProgress(report))
            }
        }
    }
}
