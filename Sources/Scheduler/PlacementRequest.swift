import ComputeModel
import DeviceTracking

/// What an instance needs of a host.
public struct PlacementRequest: Sendable, Equatable {
    /// Countable resources.
    public var capacity: HostCapacity
    /// One for each port that needs a device.
    public var devices: [DeviceRequest]
    /// Zone asked for; nil for any.
    public var zone: String?
    /// Host asked for by name; nil for any.
    public var hostName: String?

    /// A request; see the fields.
    public init(
        capacity: HostCapacity, devices: [DeviceRequest], zone: String?, hostName: String?
    ) {
        self.capacity = capacity
        self.devices = devices
        self.zone = zone
        self.hostName = hostName
    }

    /// Whether a vDPA device is among what it needs.
    public var needsVDPA: Bool { devices.contains { $0.kind == .vdpa } }
}

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

    /// A view; see the fields.
    public init(host: ComputeHost, report: HostReport?, ledger: HostLedger, isUp: Bool) {
        self.host = host
        self.report = report
        self.ledger = ledger
        self.isUp = isUp
    }
}

/// How much may be given out of what a host has.
public struct OvercommitRatios: Sendable, Equatable {
    /// vCPUs per CPU thread. Memory and disk are never overcommitted: vDPA pins all of it.
    public var cpu: Double

    /// Ratios; see the fields.
    public init(cpu: Double) { self.cpu = cpu }
}
