import ComputeModel
import Foundation
import Logging
import Persistence

/// What every part of one room works with: the documents, the few things that are not pure, so
/// that tests can set them, and the room's own settings. The rooms of one server share all of it
/// but the settings.
public struct ControlPlaneContext<Settings: Sendable>: Sendable {
    /// Everything stored.
    public let documents: DocumentStore
    /// Wall clock, for what is shown and stored.
    public let now: @Sendable () -> Date
    /// Waits and timeouts.
    public let clock: any Clock<Duration>
    /// New ids.
    public let makeUUID: @Sendable () -> UUID
    /// The application's log.
    public let logger: Logger
    /// Attempts at a transaction that conflicts.
    public let conflictAttemptsMax: Int
    /// Limits and times of the room.
    public let settings: Settings

    /// Attempts at a transaction that conflicts, unless a test says otherwise.
    public static var conflictAttemptsDefault: Int { 32 }

    /// A context; see the fields.
    public init(
        documents: DocumentStore, settings: Settings, logger: Logger,
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() },
        makeUUID: @escaping @Sendable () -> UUID = { UUID() },
        conflictAttemptsMax: Int = Self.conflictAttemptsDefault
    ) {
        self.documents = documents
        self.settings = settings
        self.logger = logger
        self.clock = clock
        self.now = now
        self.makeUUID = makeUUID
        self.conflictAttemptsMax = conflictAttemptsMax
    }

    /// The same for a room with other settings.
    public func with<Other: Sendable>(_ settings: Other) -> ControlPlaneContext<Other> {
        ControlPlaneContext<Other>(
            documents: documents, settings: settings, logger: logger, clock: clock, now: now,
            makeUUID: makeUUID, conflictAttemptsMax: conflictAttemptsMax)
    }

    /// An id in the identity service's form: 32 hex digits.
    public func makeHexID() -> String {
        makeUUID().uuidString.lowercased().replacing("-", with: "")
    }

    /// Eight random bytes.
    package func chance() -> UInt64 {
        let bytes = makeUUID().uuid
        return [bytes.8, bytes.9, bytes.10, bytes.11, bytes.12, bytes.13, bytes.14, bytes.15]
            .reduce(0) { $0 << 8 | UInt64($1) }
    }
}
