internal import CLibvirt
public import Foundation

/// What a domain is doing, in libvirt's terms.
public enum DomainState: Sendable, Equatable {
    /// Executing, or waiting for a resource (libvirt's "blocked").
    case running
    /// Its CPUs are stopped.
    case paused
    /// Running, and asked to shut down.
    case shuttingDown
    /// Defined but not running.
    case shutOff
    /// Crashed, and kept for inspection.
    case crashed
    /// The guest suspended itself.
    case suspendedByGuest
    /// None of these: the number libvirt gave.
    case unknown(Int32)

    init(libvirt state: Int32) {
        self =
            switch virDomainState(UInt32(bitPattern: state)) {
            case VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED: .running
            case VIR_DOMAIN_PAUSED: .paused
            case VIR_DOMAIN_SHUTDOWN: .shuttingDown
            case VIR_DOMAIN_SHUTOFF: .shutOff
            case VIR_DOMAIN_CRASHED: .crashed
            case VIR_DOMAIN_PMSUSPENDED: .suspendedByGuest
            default: .unknown(state)
            }
    }

    /// Whether libvirt's reason within the state is a post-copy migration, failed or not.
    func isPostCopy(reason: Int32) -> Bool {
        let number = UInt32(bitPattern: reason)
        return switch self {
        case .running:
            [VIR_DOMAIN_RUNNING_POSTCOPY, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED]
                .contains(virDomainRunningReason(number))
        case .paused:
            [VIR_DOMAIN_PAUSED_POSTCOPY, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED]
                .contains(virDomainPausedReason(number))
        default: false
        }
    }
}

/// A domain in a list.
public struct DomainSummary: Sendable, Equatable {
    /// libvirt's key.
    public let uuid: UUID
    /// Unique on the host.
    public let name: String
    /// As of the call.
    public let state: DomainState
    /// Whether it is one half of a domain that is on two hosts, by post-copy migration.
    public internal(set) var isPostCopy = false
    /// Whether memory is saved for its next start; false for what isn't off.
    public internal(set) var hasManagedSave = false
    /// Whether it is defined: a domain that is just coming by migration isn't. Taken for true
    /// while it runs.
    public internal(set) var isPersistent = true
}
