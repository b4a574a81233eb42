internal import ConfigDrive
internal import Glibc
internal import GuestDisks
internal import HostDrivers

/// What is being done with which files, for errors.
struct StorageCall: Sendable {
    let operation: String
    let object: String

    func fault(_ found: String) -> DriverFault {
        DriverFault(operation: operation, object: object, found: found)
    }

    /// Whatever the file modules threw, in the agent's terms.
    func driverError(_ error: any Error) -> DriverError {
        switch error {
        case let error as DriverError: error
        case let error as GuestDiskError: driverError(error)
        case is CancellationError: .cancelled(fault("it was cancelled"))
        case let error as ConfigDriveError: .refused(fault(Self.clause("\(error)")))
        case let error as ISO9660Error: .refused(fault(Self.clause("\(error)")))
        default: .failed(fault(Self.clause("\(error)")))
        }
    }

    private func driverError(_ error: GuestDiskError) -> DriverError {
        let fault = fault(Self.clause("\(error)"))
        switch error {
        case .badName, .badDirectory, .notEnoughSpace, .wrongSize, .wrongChecksum,
            .imageRefused, .diskSmallerThanImage, .diskDiffers, .diskUnreadable:
            return .refused(fault)
        case .io(_, _, let code) where [ENOSPC, EDQUOT, EROFS].contains(code):
            return .refused(fault)
        case .downloadTimedOut, .toolTimedOut: return .timedOut(fault)
        case .downloadFailed, .missingBaseImage, .toolFailed, .toolNotRunnable, .io:
            return .failed(fault)
        }
    }

    /// Without the full stop, which the driver's error adds.
    private static func clause(_ sentence: String) -> String {
        sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}
