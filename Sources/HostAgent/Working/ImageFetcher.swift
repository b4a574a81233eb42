import AgentProtocol
import ComputeModel
import HostDrivers

/// Fetches an image over the link for a storage driver and tells how far it is.
struct ImageFetcher: Sendable {
    /// Names the control plane among the daemons that a driver needs.
    static let daemon = "the control plane"

    let link: any ControlPlaneLink
    let sizeBytes: Int64
    let progress: @Sendable (String) async -> Void

    /// Bounded by the image's announced size: a longer stream is refused.
    func fetch(
        _ image: ImageID, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws(DriverError) {
        let meter = TransferMeter(sizeBytes: sizeBytes)
        let (progress, sizeBytes) = (progress, sizeBytes)
        await progress("fetching image 0 %")
        do throws(AgentLinkError) {
            try await link.fetchImage(image) { chunk in
                meter.add(chunk.count)
                guard !meter.isTooLong else {
                    throw AgentLinkError.garbled("the image is longer than its \(sizeBytes) bytes")
                }
                try await receive(chunk)
                if let percent = meter.nextPercent() {
                    await progress("fetching image \(percent) %")
                }
            }
        } catch {
            throw driverError(error, image, tooLong: meter.isTooLong)
        }
    }

    private func driverError(
        _ error: AgentLinkError, _ image: ImageID, tooLong: Bool
    ) -> DriverError {
        let fault = DriverFault(
            operation: "fetch the image", object: "image \(image)", found: "\(error)")
        if Task.isCancelled { return .cancelled(fault) }
        if tooLong { return .refused(fault) }
        return switch error {
        case .unreachable: .unavailable(daemon: Self.daemon, fault)
        case .refused: .refused(fault)
        case .garbled, .receiverFailed: .failed(fault)
        }
    }
}
