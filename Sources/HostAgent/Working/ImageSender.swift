import AgentProtocol
import ComputeModel
import HostDrivers
import Synchronization

/// Stores a copy of a disk over the link for a storage driver and tells how far it is.
struct ImageSender: Sendable {
    let link: any ControlPlaneLink
    let image: ImageID
    let progress: @Sendable (String) async -> Void

    /// Sends what `next` gives, `sizeBytes` in all.
    func send(
        _ sizeBytes: Int64, _ next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(DriverError) {
        let meter = TransferMeter(sizeBytes: sizeBytes)
        let sourceFailure = Mutex<String?>(nil)
        let progress = progress
        do throws(AgentLinkError) {
            try await link.storeImage(image, sizeBytes: sizeBytes) {
                let chunk: [UInt8]?
                do { chunk = try await next() } catch {
                    sourceFailure.withLock { $0 = "\(error)" }
                    throw error
                }
                meter.add(chunk?.count ?? 0)
                if let percent = meter.nextPercent() {
                    await progress("storing a copy of the root disk \(percent) %")
                }
                return chunk
            }
        } catch {
            throw driverError(error, sourceFailure.withLock { $0 })
        }
    }

    /// A disk that can't be read is not the control plane's fault, whatever that says of it.
    private func driverError(_ error: AgentLinkError, _ sourceFailure: String?) -> DriverError {
        let fault = DriverFault(
            operation: "store a copy of the root disk", object: "image \(image)",
            found: sourceFailure ?? "\(error)")
        if Task.isCancelled { return .cancelled(fault) }
        if sourceFailure != nil { return .failed(fault) }
        return switch error {
        case .unreachable: .unavailable(daemon: ImageFetcher.daemon, fault)
        case .refused: .refused(fault)
        case .garbled, .receiverFailed: .failed(fault)
        }
    }
}
