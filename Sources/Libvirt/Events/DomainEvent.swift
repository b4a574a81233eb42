internal import CLibvirt
public import Foundation

/// A change of a domain's life, as libvirt reported it. By the time it is read the domain may
/// have moved on: ask for the state before acting.
public struct DomainEvent: Sendable, Equatable {
    /// What happened.
    public enum Kind: Sendable, Equatable {
        /// Defined or redefined.
        case defined
        /// No longer defined.
        case undefined
        /// Started, restored or migrated in.
        case started
        /// CPUs stopped.
        case suspended
        /// CPUs running again.
        case resumed
        /// No longer running, for whatever reason.
        case stopped
        /// The guest finished its own shutdown; the process is about to end.
        case shutDown
        /// The guest suspended itself.
        case suspendedByGuest
        /// The guest crashed.
        case crashed
        /// None of these: the number libvirt gave.
        case unknown(Int32)

        init(libvirt event: Int32) {
            self =
                switch virDomainEventType(UInt32(bitPattern: event)) {
                case VIR_DOMAIN_EVENT_DEFINED: .defined
                case VIR_DOMAIN_EVENT_UNDEFINED: .undefined
                case VIR_DOMAIN_EVENT_STARTED: .started
                case VIR_DOMAIN_EVENT_SUSPENDED: .suspended
                case VIR_DOMAIN_EVENT_RESUMED: .resumed
                case VIR_DOMAIN_EVENT_STOPPED: .stopped
                case VIR_DOMAIN_EVENT_SHUTDOWN: .shutDown
                case VIR_DOMAIN_EVENT_PMSUSPENDED: .suspendedByGuest
                case VIR_DOMAIN_EVENT_CRASHED: .crashed
                default: .unknown(event)
                }
        }
    }

    /// The domain.
    public let uuid: UUID
    /// Its name at the time.
    public let name: String
    /// What happened.
    public let kind: Kind
    /// libvirt's reason within ``kind``, such as `VIR_DOMAIN_EVENT_STOPPED_CRASHED`.
    public let detail: Int32
}

/// A device that appeared on the host or left it.
public struct NodeDeviceEvent: Sendable, Equatable {
    /// What happened.
    public enum Kind: Sendable, Equatable {
        /// The device is there now.
        case created
        /// The device is gone.
        case deleted
        /// A device that is only defined (mediated devices) was.
        case defined
        /// A device that is only defined no longer is.
        case undefined
        /// None of these: the number libvirt gave.
        case unknown(Int32)

        init(libvirt event: Int32) {
            self =
                switch virNodeDeviceEventLifecycleType(UInt32(bitPattern: event)) {
                case VIR_NODE_DEVICE_EVENT_CREATED: .created
                case VIR_NODE_DEVICE_EVENT_DELETED: .deleted
                case VIR_NODE_DEVICE_EVENT_DEFINED: .defined
                case VIR_NODE_DEVICE_EVENT_UNDEFINED: .undefined
                default: .unknown(event)
                }
        }
    }

    /// libvirt's name of the device, such as `vdpa_vdpa0`.
    public let name: String
    /// What happened.
    public let kind: Kind
}
