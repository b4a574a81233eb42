import ComputeModel
import DeviceTracking

/// A host as the scheduler sees it: one consistent view, nothing looked up later.
public struct HostSnapshot: Sendable {
    /// As operators configured it.
    public var host: ComputeHost
    /// Its last report; nil when there was none yet.
    public var report: HostReport?
    /// What is claimed on it.
    public var ledger: HostLedger
    /// Whether its agent was heard of in time.
    public var isUp: Bool
    /// The zone it is in: an aggregate's, else its own.
    public var zone: String
    /// Metadata of each aggregate that it is in.
    public var aggregates: [[String: String]]
    /// Guests that failed to start on it since one last started there.
    public var buildFailures: Int

    /// A host in its own zone and in no aggregate.
    public init(host: ComputeHost, report: HostReport?, ledger: HostLedger, isUp: Bool) {
        self.host = host
        self.report = report
        self.ledger = ledger
        self.isUp = isUp
        zone = host.zone
        aggregates = []
        buildFailures = 0
    }

    /// Its devices with their states.
    public var devices: DeviceStates {
        DeviceStates(devices: report?.devices ?? [], ledger: ledger)
    }

    /// Kinds of NIC that its drivers can give to a guest.
    var bootableVNICs: Set<VNICType> { Set(report?.bootableVNICs ?? [.vdpa]) }

    /// The socket of each NUMA cell, as far as known.
    var sockets: [Int: Int] {
        var sockets: [Int: Int] = [:]
        for cell in report?.numaCells ?? [] { sockets[cell.id] = cell.socket }
        return sockets
    }
}

/// How much may be given out of what a host has.
public struct OvercommitRatios: Sendable, Equatable {
    /// vCPUs per shared CPU thread. Dedicated CPUs, memory and disk are never overcommitted: vDPA
    /// pins all memory of its guests.
    public var cpu: Double

    /// Ratios; see the fields.
    public init(cpu: Double) { self.cpu = cpu }
}

/// What is left on a host of everything countable.
struct HostRoom: Sendable, Equatable {
    /// vCPUs that may still float over the shared CPUs.
    var sharedVCPUs = 0
    /// CPUs that a guest can have for itself.
    var dedicatedCPUs = 0
    /// Memory on ordinary pages, in MiB.
    var memoryMiB = 0
    /// Memory on huge pages, in MiB.
    var hugeMemoryMiB = 0
    /// Disk in GiB.
    var diskGiB = 0

    init(_ host: HostSnapshot, ratios: OvercommitRatios) {
        guard let report = host.report else { return }
        let dedicated = report.numaCells.reduce(0) { $0 + ($1.dedicatedCPUs?.count ?? 0) }
        let huge = report.numaCells.reduce(0) { sum, cell in
            sum + (cell.hugePages ?? []).reduce(0) { $0 + $1.memoryMiB }
        }
        sharedVCPUs = Int((Double(max(0, report.cpus - dedicated)) * ratios.cpu).rounded(.down))
        dedicatedCPUs = dedicated
        memoryMiB = report.memoryMiB - huge
        hugeMemoryMiB = huge
        diskGiB = report.diskGiB
        for claim in host.ledger.claims { take(claim) }
    }

    mutating func take(_ claim: Claim) {
        let cells = claim.numa?.cells ?? []
        let pinned = cells.reduce(0) { $0 + $1.pins.count }
        let idle = cells.reduce(0) { $0 + ($1.idleCPUs?.count ?? 0) }
        let huge = cells.reduce(0) { $0 + ($1.pageSizeKiB == nil ? 0 : $1.memoryMiB) }
        dedicatedCPUs -= pinned + idle
        sharedVCPUs -= claim.capacity.vcpus - pinned
        hugeMemoryMiB -= huge
        memoryMiB -= claim.capacity.memoryMiB - huge
        diskGiB -= claim.capacity.diskGiB
    }
}
