internal import CLibvirt
public import Foundation

/// A long operation on a domain: under way, or over.
public struct DomainJob: Sendable, Equatable {
    /// libvirt's `virDomainJobOperation`.
    public enum Operation: Sendable, Equatable {
        case start, save, restore
        /// The domain comes from another host.
        case migrationIn
        /// The domain is sent to another host.
        case migrationOut
        case snapshot, dump
        /// A disk is copied.
        case backup
        /// None of these: the number libvirt gave.
        case unknown(Int64)

        init(libvirt number: Int64) {
            let operation = UInt32(exactly: number).map(virDomainJobOperation.init(rawValue:))
            self =
                switch operation {
                case VIR_DOMAIN_JOB_OPERATION_START: .start
                case VIR_DOMAIN_JOB_OPERATION_SAVE: .save
                case VIR_DOMAIN_JOB_OPERATION_RESTORE: .restore
                case VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN: .migrationIn
                case VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT: .migrationOut
                case VIR_DOMAIN_JOB_OPERATION_SNAPSHOT: .snapshot
                case VIR_DOMAIN_JOB_OPERATION_DUMP: .dump
                case VIR_DOMAIN_JOB_OPERATION_BACKUP: .backup
                default: .unknown(number)
                }
        }
    }

    /// How far it is.
    public enum Phase: Sendable, Equatable {
        case running, completed, failed, cancelled
    }

    /// What is being done.
    public var operation: Operation
    /// How far it is.
    public var phase: Phase
    /// Bytes of memory; 0 where the operation moves none.
    public var memoryTotalBytes: Int64
    /// Bytes of memory still to be moved.
    public var memoryRemainingBytes: Int64
    /// Bytes of disks; 0 where the operation moves none.
    public var diskTotalBytes: Int64
    /// Bytes of disks still to be moved.
    public var diskRemainingBytes: Int64
    /// libvirt's words for a failure; nil if it gave none.
    public var failure: String?

    /// From the answer of `virDomainGetJobStats`; nil if there is no job.
    init?(type: Int32, parameters: [String: TypedParameter]) {
        let phase: Phase
        switch virDomainJobType(UInt32(bitPattern: type)) {
        case VIR_DOMAIN_JOB_BOUNDED, VIR_DOMAIN_JOB_UNBOUNDED: phase = .running
        case VIR_DOMAIN_JOB_COMPLETED: phase = .completed
        case VIR_DOMAIN_JOB_FAILED: phase = .failed
        case VIR_DOMAIN_JOB_CANCELLED: phase = .cancelled
        default: return nil
        }
        self.init(phase: phase, parameters: parameters)
    }

    /// From the parameters of an event, which says only whether it went well.
    init(completed parameters: [String: TypedParameter]) {
        let isSuccess = parameters[VIR_DOMAIN_JOB_SUCCESS] == .boolean(true)
        self.init(phase: isSuccess ? .completed : .failed, parameters: parameters)
    }

    private init(phase: Phase, parameters: [String: TypedParameter]) {
        func number(_ name: String) -> Int64 {
            if case .integer(let number)? = parameters[name] { max(0, number) } else { 0 }
        }
        self.phase = phase
        operation = Operation(libvirt: number(VIR_DOMAIN_JOB_OPERATION))
        memoryTotalBytes = number(VIR_DOMAIN_JOB_MEMORY_TOTAL)
        memoryRemainingBytes = number(VIR_DOMAIN_JOB_MEMORY_REMAINING)
        diskTotalBytes = number(VIR_DOMAIN_JOB_DISK_TOTAL)
        diskRemainingBytes = number(VIR_DOMAIN_JOB_DISK_REMAINING)
        if case .text(let text)? = parameters[VIR_DOMAIN_JOB_ERRMSG] { failure = text }
    }
}

/// A job of a domain ended.
public struct DomainJobEvent: Sendable, Equatable {
    /// The domain.
    public let uuid: UUID
    /// The job; never `running`.
    public let job: DomainJob
}

/// What came of the request to unplug a device of a running domain.
public struct DomainDeviceEvent: Sendable, Equatable {
    /// What happened.
    public enum Kind: Sendable, Equatable {
        /// The guest gave the device up.
        case removed
        /// The guest, or QEMU, refused to; the device stays.
        case removalFailed
    }

    /// The domain.
    public let uuid: UUID
    /// The device's alias, as in its document.
    public let alias: String
    /// What happened.
    public let kind: Kind
}
