import Foundation

/// Every bound of an agent. The defaults suit a host with some hundred guests.
public struct AgentSettings: Sendable {
    /// Between two attempts to reach the control plane.
    public var linkBackoff = Backoff(first: .seconds(1), longest: .seconds(30))
    /// Between two attempts at a guest's steps, or at looking at the host.
    public var workBackoff = Backoff(first: .seconds(1), longest: .seconds(60))
    /// After so many transient failures in a row an assignment is given up. Removals and the
    /// mending of running guests go on for ever.
    public var attemptsMax = 6
    /// After so many rounds of steps without effect the next round counts as a failure.
    public var roundsMax = 3
    /// Guests built (image fetched, disk made) at the same time.
    public var parallelBuilds = 4
    /// Guests otherwise worked on at the same time.
    public var parallelActions = 16
    /// Questions answered at the same time; more are dropped.
    public var parallelQuestions = 8
    /// A guest may take so long to power off before its power is taken away.
    public var shutdownTimeout = Duration.seconds(60)
    /// A guest may take so long to give a NIC up before it is asked again. QEMU repeats nothing by
    /// itself, and a guest that boots hears nothing of the first request.
    public var detachTimeout = Duration.seconds(20)
    /// A guest is asked so many times to give a NIC up; then the assignment is given up.
    public var detachAttempts = 8
    /// Guests sent to other hosts at the same time; each may fill a network card.
    public var parallelMigrations = 2
    /// The hypervisor ends a migration that takes longer than it may (`GuestDeparture.timeoutMS`);
    /// it may take so much longer to do that.
    public var migrationMargin = Duration.seconds(120)
    /// No migration lasts longer, whatever it is allowed.
    public var migrationTimeoutMax = Duration.seconds(86_400)
    /// For copying a running guest's root disk, and again for storing the copy.
    public var exportTimeout = Duration.seconds(3600)
    /// For making a root disk, image fetch included.
    public var imageTimeout = Duration.seconds(3600)
    /// For writing a suspended guest's memory to a file, or reading it back: as much as it has.
    public var memoryTimeout = Duration.seconds(3600)
    /// For any other driver call.
    public var callTimeout = Duration.seconds(120)
    /// Everything is looked at anew so often, even if no driver signals anything.
    public var rescanInterval = Duration.seconds(60)
    /// Least time from the end of a look at the host to the next one, and between two signals of
    /// its devices that are passed on; the first after a quiet time doesn't wait.
    public var scanSpacing = Duration.milliseconds(1_000)
    /// Least time between two polls that bring nothing new.
    public var pollFloor = Duration.milliseconds(200)
    /// Guests per message.
    public var reportsPerMessage = 256
    /// Longest console tail that is read, whatever is asked for.
    public var consoleTailBytesMax = 1 << 20

    /// The defaults.
    public init() {}
}

/// Who an agent says it is.
public struct AgentIdentity: Sendable {
    /// The host's name.
    public var hostName: String
    /// Zone for a host that joins.
    public var zone: String
    /// The program's version.
    public var agentVersion: String
    /// The host's address on the management network.
    public var address: String
    /// The name that the operator configured; nil if none was. Should it differ from `hostName`,
    /// which is the one that the host joined under, the host goes on as `hostName` and says so.
    public var configuredName: String?
    /// Where other hosts' hypervisors send running guests, such as `qemu+tls://host2/system`; nil
    /// for a host that takes no part in live migrations.
    public var migrationURI: String?
    /// Whether guests travel encrypted to and from this host.
    public var migrationIsEncrypted = false

    /// An identity; see the fields.
    public init(hostName: String, zone: String, agentVersion: String, address: String) {
        self.hostName = hostName
        self.zone = zone
        self.agentVersion = agentVersion
        self.address = address
    }
}

/// Time and chance, passed in so that tests own them.
public struct AgentEnvironment: Sendable {
    /// Measures waits.
    public var clock: any Clock<Duration>
    /// Dates reports.
    public var now: @Sendable () -> Date
    /// 0 to 1; scales waits.
    public var jitter: @Sendable () -> Double

    /// An environment; see the fields.
    public init(
        clock: any Clock<Duration>, now: @escaping @Sendable () -> Date,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.clock = clock
        self.now = now
        self.jitter = jitter
    }

    /// The machine's own clock and chance.
    public static var live: AgentEnvironment {
        AgentEnvironment(
            clock: ContinuousClock(), now: { Date() }, jitter: { Double.random(in: 0.5...1) })
    }
}
