public import ComputeModel
internal import GuestDisks
public import HostDrivers
internal import Synchronization

extension LocalGuestStorage {
    /// Beside the guest's disks, so that the hypervisor's user can pass through to it.
    public func copyPath(_ instance: InstanceID) -> String {
        do throws(GuestDiskError) {
            return try disks.copyPath(instanceID: instance.text)
        } catch {
            logger.error("no path for this guest's copy", metadata: ["reason": "\(error)"])
            return invalidPath
        }
    }

    /// Reads the copy, or converts the disk of a guest that is off; either way what was written
    /// for it is removed at the end. `refused` when there isn't space for it.
    public func export(
        _ disk: GuestDisk, of instance: InstanceID, isCopied: Bool, send: @escaping ExportSend
    ) async throws(DriverError) {
        let call = StorageCall(operation: "export disk \(disk)", object: "guest \(instance)")
        let failure = Mutex<DriverError?>(nil)
        let consume: DiskCopyConsumer = { sizeBytes, next in
            do throws(DriverError) {
                try await send(Int64(clamping: sizeBytes), next)
            } catch {
                failure.withLock { $0 = error }
                throw error
            }
        }
        do {
            if isCopied {
                try await disks.exportCopy(instanceID: instance.text, consume: consume)
            } else {
                try await disks.export(disk.file, instanceID: instance.text, consume: consume)
            }
        } catch {
            // Errors lose their type on the way through the disks' module.
            throw failure.withLock { $0 } ?? call.driverError(error)
        }
    }
}
