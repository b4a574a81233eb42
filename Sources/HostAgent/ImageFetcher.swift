import AgentProtocol
import ComputeModel
import HostDrivers
import Synchronization

/// Fetches an image over the link for a storage driver and tells how far it is.
struct ImageFetcher: Sendable {
    /// Progress is told in steps of so many per cent, so that reports stay few.
    static let stepPercent: Int64 = 10
    /// Names the control plane among the daemons that a driver needs.
    static let daemon = "the control plane"

    let link: any ControlPlaneLink
    let sizeBytes: Int64
    let progress: @Sendable (String) async -> Void

    /// Bounded by the image's announced size: a longer stream is refused.
    func fetch(
        _ image: ImageID, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws(DriverError) {
        let meter = FetchMeter(sizeBytes: sizeBytes)
        let progress = progress
        await progress("fetching image 0 %")
        do throws(AgentLinkError) {
            try await link.fetchImage(image) { chunk in
                try meter.add(chunk.count)
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

/// Counts what came.
private final class FetchMeter: Sendable {
    private struct State {
        var receivedBytes: Int64 = 0
        var toldPercent: Int64 = 0
    }
    private let state = Mutex(State())
    private let sizeBytes: Int64

    init(sizeBytes: Int64) { self.sizeBytes = sizeBytes }

    var isTooLong: Bool { state.withLock { $0.receivedBytes > sizeBytes } }

    func add(_ count: Int) throws(AgentLinkError) {
        state.withLock { $0.receivedBytes += Int64(count) }
        guard !isTooLong else {
            throw .garbled("the image is longer than its \(sizeBytes) bytes")
        }
    }

    /// The next full step that was not told yet.
    func nextPercent() -> Int64? {
        state.withLock { state in
            guard sizeBytes > 0 else { return nil }
            let percent = state.receivedBytes * 100 / sizeBytes
            let step = percent / ImageFetcher.stepPercent * ImageFetcher.stepPercent
            guard step > state.toldPercent else { return nil }
            state.toldPercent = step
            return step
        }
    }
}
