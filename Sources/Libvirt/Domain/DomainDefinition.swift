public import Foundation

/// A guest as this program wants libvirt to define it; ``xml()`` writes the document.
///
/// A value without behaviour: the same definition always gives the same text.
public struct DomainDefinition: Sendable, Equatable {
    /// Which of libvirt's back ends runs the guest.
    public enum Virtualization: String, Sendable, CaseIterable {
        /// Hardware-assisted; needs `/dev/kvm`.
        case kvm
        /// QEMU's emulation, slow; the CPU mode must be ``CPUMode/maximum``.
        case qemu
        /// libvirt's in-process test driver.
        case test
    }

    /// The CPU shown to the guest.
    public enum CPUMode: String, Sendable, CaseIterable {
        /// The host's CPU as it is; ``Virtualization/kvm`` only.
        case hostPassthrough = "host-passthrough"
        /// All that the back end can show.
        case maximum
    }

    /// libvirt's key for the guest; Millrace uses the instance's id.
    public var uuid: UUID
    /// Unique on the host, as `virsh list` shows it.
    public var name: String
    /// What people call the guest; any text without line breaks.
    public var title: String?
    /// The back end that runs the guest.
    public var virtualization: Virtualization
    /// The CPU shown to the guest.
    public var cpuMode: CPUMode
    /// Virtual CPUs, at least 1.
    public var vcpus: Int
    /// Guest memory in MiB; vDPA pins all of it.
    public var memoryMiB: Int
    /// In the guest's order; the guest boots from the first hard disk.
    public var disks: [DomainDisk]
    /// vDPA network interfaces, in the guest's order.
    public var interfaces: [VDPAInterface]
    /// Absolute path of the file to which the serial console is appended.
    public var consoleLogPath: String
    /// Empty PCIe root ports for devices plugged while the guest runs; q35 takes one device each.
    public var sparePCIePorts: Int
    /// How the agent recognises its guests.
    public var metadata: GuestMetadata
    /// Where vCPUs and memory lie on the host; empty unless set.
    public var placement = DomainPlacement()

    /// Spare root ports unless told otherwise.
    public static let sparePCIePortsDefault = 8

    /// Describes a guest; see the properties for units.
    public init(
        uuid: UUID, name: String, title: String? = nil, virtualization: Virtualization = .kvm,
        cpuMode: CPUMode = .hostPassthrough, vcpus: Int, memoryMiB: Int, disks: [DomainDisk],
        interfaces: [VDPAInterface] = [], consoleLogPath: String,
        sparePCIePorts: Int = DomainDefinition.sparePCIePortsDefault, metadata: GuestMetadata
    ) {
        self.uuid = uuid
        self.name = name
        self.title = title
        self.virtualization = virtualization
        self.cpuMode = cpuMode
        self.vcpus = vcpus
        self.memoryMiB = memoryMiB
        self.disks = disks
        self.interfaces = interfaces
        self.consoleLogPath = consoleLogPath
        self.sparePCIePorts = sparePCIePorts
        self.metadata = metadata
    }
}

extension UUID {
    /// Lower case, as OpenStack and libvirt write it.
    var lowercaseString: String { uuidString.lowercased() }
}
