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
}

/// A domain in a list.
public struct DomainSummary: Sendable, Equatable {
    /// libvirt's key.
    public let uuid: UUID
    /// Unique on the host.
    public let name: String
    /// As of the call.
    public let state: DomainState
}
