public import ComputeModel
public import DeviceTracking
internal import Libvirt

/// How a host takes part in live migration.
public struct MigrationSettings: Sendable, Equatable {
    /// Where other hosts' libvirts reach this host's, such as `qemu+tls://host1/system`. Memory and
    /// disks go to the host named in it, too.
    public var uri: String
    /// Whether guests that come here must travel encrypted.
    public var isEncrypted = true
    /// Most MiB a second that each guest which leaves may take; nil for no limit of its own.
    public var bandwidthMiBPerSecond: Int?
    /// Whether a guest that leaves may be forced to run on the other host before all its memory is
    /// there. Quicker than to stop its CPUs; but if the network breaks then, the guest is lost.
    public var allowsPostCopy = false

    /// Encrypted, without limit and post-copy.
    public init(uri: String) { self.uri = uri }
}

/// What an operator decides about one compute host, as plain values: reading it from a file is
/// done elsewhere.
public struct KVMHostConfiguration: Sendable, Equatable {
    /// How guests are run. Never chosen by the program: a host without `/dev/kvm` reports a
    /// condition instead of emulating guests behind the operator's back.
    public enum DomainType: String, Sendable, CaseIterable {
        /// Hardware-assisted; needs `/dev/kvm`.
        case kvm
        /// QEMU's emulation: slow, for machines without virtualization.
        case qemu
        /// libvirt's in-process test driver (`test:///default`), which runs nothing.
        case test
    }

    /// Where images and guests' files are kept; absolute, of letters, digits, `/`, `.`, `-`, `_`.
    /// Folders on the way that don't exist are made with mode 0711, so that the hypervisor's user
    /// can pass through.
    public var stateDirectory: String
    /// Which libvirt runs the guests.
    public var libvirtURI: String
    /// How guests are run.
    public var domainType: DomainType
    /// Where Open vSwitch's database listens: `unix:PATH` or `tcp:HOST:PORT`.
    public var ovsdbAddress: String
    /// The bridge that representors are plugged into; the operator makes it.
    public var bridge: String
    /// Which devices are offered; names the software devices that are, too.
    public var deviceSpec: DeviceSpec
    /// Representors of VFs by PF address and VF index, for cards whose netdevs don't say whom
    /// they represent. They win over what the kernel says.
    public var representors: [PCIAddress: [Int: String]]
    /// Representors of software devices by the device's name.
    public var softwareRepresentors: [String: String]
    /// Memory in MiB that guests don't get.
    public var reservedMemoryMiB: Int
    /// CPU threads that guests don't get: those with the lowest numbers that are not dedicated.
    public var reservedCPUs: Int
    /// CPU threads that are given to one guest each; other guests keep away from them.
    public var dedicatedCPUs: [Int]
    /// How guests of other hosts come here and ours go there; nil: live migration isn't set up.
    public var migration: MigrationSettings?
    /// How long sysfs and ethtool may take to tell of all devices, in milliseconds.
    public var deviceReadTimeoutMS: Int

    /// Nothing offered, nothing reserved, everything else where a distribution puts it.
    public init(stateDirectory: String, deviceSpec: DeviceSpec = DeviceSpec(entries: [])) {
        self.stateDirectory = stateDirectory
        self.deviceSpec = deviceSpec
        libvirtURI = "qemu:///system"
        domainType = .kvm
        ovsdbAddress = "unix:/run/openvswitch/db.sock"
        bridge = "br-int"
        representors = [:]
        softwareRepresentors = [:]
        reservedMemoryMiB = 0
        reservedCPUs = 0
        dedicatedCPUs = []
        deviceReadTimeoutMS = 10_000
    }

    /// Base images.
    var imageDirectory: String { stateDirectory + "/images" }
    /// A folder for each guest.
    var guestDirectory: String { stateDirectory + "/guests" }
}

extension KVMHostConfiguration.DomainType {
    var virtualization: DomainDefinition.Virtualization {
        switch self {
        case .kvm: .kvm
        case .qemu: .qemu
        case .test: .test
        }
    }

    /// libvirt's test driver refuses what it doesn't simulate.
    var undefineOptions: UndefineOptions {
        self == .test
            ? .managedSave
            : [.managedSave, .nvram, .snapshotsMetadata, .checkpointsMetadata]
    }

    /// The test driver has no such start; what it starts executes nothing, so that it may as well
    /// be paused a moment later.
    var canStartPaused: Bool { self != .test }

    /// The host's own CPU where guests run on it, and all that the emulation has where not.
    var cpuMode: DomainDefinition.CPUMode {
        self == .kvm ? .hostPassthrough : .maximum
    }
}
