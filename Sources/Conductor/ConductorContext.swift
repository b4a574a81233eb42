import ComputeModel
import Foundation
import Logging
import Persistence
import Placement
import Scheduler

/// What every part of the application works with: the documents, and the few things that are not
/// pure, so that tests can set them.
public struct ConductorContext: Sendable {
    /// Everything stored.
    public let documents: DocumentStore
    /// Limits and times.
    public let settings: ConductorSettings
    /// Wall clock, for what is shown and stored.
    public let now: @Sendable () -> Date
    /// Waits and timeouts.
    public let clock: any Clock<Duration>
    /// New ids.
    public let makeUUID: @Sendable () -> UUID
    /// The application's log.
    public let logger: Logger

    /// A context; see the fields.
    public init(
        documents: DocumentStore, settings: ConductorSettings, logger: Logger,
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() },
        makeUUID: @escaping @Sendable () -> UUID = { UUID() }
    ) {
        self.documents = documents
        self.settings = settings
        self.logger = logger
        self.clock = clock
        self.now = now
        self.makeUUID = makeUUID
    }

    /// An id in the identity service's form: 32 hex digits.
    public func makeHexID() -> String {
        makeUUID().uuidString.lowercased().replacing("-", with: "")
    }

    /// Runs `body`, again from the start when another writer was faster, up to the configured
    /// number of times. `body` reads, decides and commits; it must not have other effects.
    ///
    /// Throws `DomainError.conflict(_, .changed, _)` when every attempt lost, and what `body`
    /// throws.
    public func retryingConflicts<Result: Sendable>(
        _ noun: Noun, _ body: () async throws -> Result
    ) async throws -> Result {
        for _ in 0..<settings.conflictAttemptsMax {
            do {
                return try await body()
            } catch let error as StoreError {
                guard case .conflict = error else { throw error }
                try await documents.catchUp()
            }
        }
        throw DomainError.conflict(
            noun, .changed,
            "The \(noun.rawValue) is being changed by other requests; repeat the request.")
    }
}

/// Every limit and time of the application. Read once from the configuration.
public struct ConductorSettings: Sendable, Equatable {
    /// Attempts at a transaction that conflicts.
    public var conflictAttemptsMax = 32
    /// A host counts as down when nothing was heard for so long.
    public var hostDownAfter: Duration = .seconds(60)
    /// How long an agent's poll may be held.
    public var pollTimeout: Duration = .seconds(20)
    /// A guest must be up so long after it was assigned, image transfer included.
    public var buildTimeout: Duration = .seconds(1_200)
    /// How long a host that is up may take to remove a guest before deletion goes on without it.
    public var removalTimeout: Duration = .seconds(300)
    /// How long a host may take to start, stop, pause, suspend or re-plug a guest that is built.
    public var actionTimeout: Duration = .seconds(600)
    /// How long the copy of a root disk may take until it is stored here.
    public var exportTimeout: Duration = .seconds(3_600)
    /// A live migration is given up after so long.
    public var migrationTimeout: Duration = .seconds(3_600)
    /// How long a guest may stand still at the end of its live migration.
    public var migrationDowntime: Duration = .milliseconds(500)
    /// Most MiB a second that one live migration takes; nil for no limit.
    public var migrationBandwidthMiBPerSecond: Int?
    /// Whether guests may migrate between hosts that don't encrypt: their memory can be read on
    /// the way.
    public var allowsPlainMigration = false
    /// Guests that leave one host at the same time.
    public var liveMigrationsPerHostMax = 1
    /// Whether a resize stays on its host where the new flavor fits.
    public var resizesInPlace = true
    /// A resize is confirmed by itself after so long; nil: never.
    public var resizeConfirmWindow: Duration?
    /// A shelved instance is taken off its host at once; else when it is asked for.
    public var offloadsShelved = true
    /// How hosts are chosen.
    public var placement = PlacementSettings(ratios: OvercommitRatios(cpu: 4))
    /// How long a question to a host may take.
    public var questionTimeout: Duration = .seconds(15)
    /// Most bytes of a console log that are fetched.
    public var consoleBytesMax = 256 * 1024
    /// vCPUs given out per shared CPU thread.
    public var cpuRatio: Double { placement.ratios.cpu }
    /// Zone of hosts that name none.
    public var defaultZone = "nova"
    /// Largest image file in bytes.
    public var imageBytesMax: Int64 = 64 << 30
    /// Largest disk that an image may hold, in bytes.
    public var imageVirtualBytesMax: Int64 = 1 << 40
    /// Instances a project may have.
    public var instancesPerProjectMax = 10_000
    /// Ports a project may have.
    public var portsPerProjectMax = 20_000
    /// Ports of vnic_type `vdpa` a project may have: devices are few.
    public var vdpaPortsPerProjectMax = 1_000
    /// Networks a project may have.
    public var networksPerProjectMax = 1_000
    /// Server groups a project may have.
    public var serverGroupsPerProjectMax = 1_000
    /// Servers a server group may have.
    public var serverGroupMembersMax = 1_000
    /// Instances one request may make: they are placed in one transaction, and each is three of
    /// the 128 writes that one can have.
    public var instancesPerRequestMax = 40
    /// Bytes of user data, as Base64 text, that the servers of one request have together.
    public var userDataPerRequestBytesMax = 768 << 10
    /// Life of a token.
    public var tokenLifetime: Duration = .seconds(12 * 3_600)
    /// How long deleted instances are kept for their event list.
    public var deletedInstanceKept: Duration = .seconds(24 * 3_600)
    /// VLAN ids given to networks that name none.
    public var vlanRange = 100...3_999
    /// Physical networks that VLAN and flat networks may name.
    public var physicalNetworks: Set<String> = ["physnet1"]
    /// Devices that flavors may ask for by name.
    public var deviceAliases = DeviceAliases()
    /// Where images lie.
    public var imageDirectory: URL

    /// The defaults, with images in `imageDirectory`.
    public init(imageDirectory: URL) {
        self.imageDirectory = imageDirectory
    }
}
