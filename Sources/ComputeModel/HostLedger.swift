import Foundation

/// Everything claimed on one host: one document, so that a claim is one transaction and two
/// claims of the same device can't both succeed.
public struct HostLedger: Codable, Sendable, Equatable {
    /// The host.
    public var hostID: HostID
    /// Its claims, in the order they were made.
    public var claims: [Claim]

    /// An empty ledger.
    public init(hostID: HostID) {
        self.hostID = hostID
        claims = []
    }

    /// The claim of `instance`, if it has one here.
    public func claim(of instance: InstanceID) -> Claim? {
        claims.first { $0.instanceID == instance }
    }

    /// vCPUs, memory in MiB and disk in GiB that are taken.
    public var taken: HostCapacity {
        claims.reduce(into: HostCapacity(vcpus: 0, memoryMiB: 0, diskGiB: 0)) {
            $0.vcpus += $1.capacity.vcpus
            $0.memoryMiB += $1.capacity.memoryMiB
            $0.diskGiB += $1.capacity.diskGiB
        }
    }
}

/// An amount of the countable resources of a host.
public struct HostCapacity: Codable, Sendable, Equatable {
    /// CPU threads.
    public var vcpus: Int
    /// Memory in MiB; of vDPA guests all of it is pinned, so it is never overcommitted.
    public var memoryMiB: Int
    /// Disk in GiB.
    public var diskGiB: Int

    /// An amount; see the fields.
    public init(vcpus: Int, memoryMiB: Int, diskGiB: Int) {
        self.vcpus = vcpus
        self.memoryMiB = memoryMiB
        self.diskGiB = diskGiB
    }
}

/// What one instance has on one host.
public struct Claim: Codable, Sendable, Equatable {
    /// The consumer.
    public var instanceID: InstanceID
    /// Whose quota it counts against.
    public var projectID: ProjectID
    /// The workflow that made it.
    public var workflowID: WorkflowID
    /// Countable resources.
    public var capacity: HostCapacity
    /// The exact devices, each with the port that it serves.
    public var devices: [DeviceClaim]
    /// Where its NUMA nodes lie; nil for a guest that floats over the whole host.
    public var numa: NUMAPlacement?
    /// How far it is.
    public var phase: ClaimPhase
    /// When it was made.
    public var createdAt: Date

    /// A claim that nothing uses yet.
    public init(
        instanceID: InstanceID, projectID: ProjectID, workflowID: WorkflowID,
        capacity: HostCapacity, devices: [DeviceClaim], createdAt: Date
    ) {
        self.instanceID = instanceID
        self.projectID = projectID
        self.workflowID = workflowID
        self.capacity = capacity
        self.devices = devices
        self.createdAt = createdAt
        phase = .claimed
    }
}

/// A device of a claim.
public struct DeviceClaim: Codable, Sendable, Equatable {
    /// The device.
    public var deviceID: DeviceID
    /// The port it serves; nil for one that the flavor asked for by alias.
    public var portID: PortID?
    /// The alias it was asked for by; nil for one that serves a port.
    public var alias: String?

    /// `deviceID` serves `portID`.
    public init(deviceID: DeviceID, portID: PortID) {
        self.deviceID = deviceID
        self.portID = portID
    }

    /// `deviceID` was asked for by the flavor's `alias`.
    public init(deviceID: DeviceID, alias: String) {
        self.deviceID = deviceID
        self.alias = alias
    }
}

/// Life of a claim: `claimed -> allocated -> releasing -> (gone)`. A claim leaves the ledger only
/// when its host has said that the guest is gone, so a device is never given out while a guest
/// may still hold it.
public enum ClaimPhase: String, Codable, Sendable {
    /// Reserved; the guest is not known to run yet.
    case claimed
    /// The guest runs or has run.
    case allocated
    /// Nobody wants it any more; waits for the host's word.
    case releasing
}
