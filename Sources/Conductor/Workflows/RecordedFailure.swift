import ComputeModel
import Placement
import Scheduler

/// What went wrong, for two audiences.
struct RecordedFailure: Codable, Sendable, Equatable {
    /// For the tenant.
    var message: String
    /// For administrators.
    var trace: String

    /// Hosts that a fault names to administrators; `millrace explain server` tells the others.
    private static let hostsInTrace = 20

    /// - Parameter message: what tenants are told of an error that is not meant for them.
    init(_ error: any Error, otherwise message: String = "The operation failed.") {
        switch error {
        case let error as PlacementFailure:
            self.message = "No valid host was found. " + error.summary
            trace = Self.trace(error.record.rejections)
        case let error as GuestFailure:
            self.message = error.tenantMessage
            trace = error.description
        case let error as DomainError:
            self.message = "\(error)"
            trace = "\(error)"
        default:
            self.message = message
            trace = "\(error)"
        }
    }

    private static func trace(_ rejections: [HostRejection]) -> String {
        let lines = rejections.prefix(hostsInTrace).map { rejection in
            "\(rejection.hostName): "
                + rejection.reasons.map(\.description).joined(separator: "; ")
        }
        let more = rejections.count - lines.count
        return (lines + (more > 0 ? ["and \(more) more: see 'millrace explain server'"] : []))
            .joined(separator: "\n")
    }
}
