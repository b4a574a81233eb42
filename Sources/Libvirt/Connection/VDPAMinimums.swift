/// A part of the host that is too old for vDPA, or whose version can't be told.
public struct UnmetMinimum: Sendable, Equatable, CustomStringConvertible {
    /// The parts with a minimum.
    public enum Component: String, Sendable, CaseIterable {
        /// The Linux kernel: `vhost_vdpa`.
        case kernel
        /// libvirt: `<interface type='vdpa'>` and node devices of capability vdpa.
        case libvirt
        /// QEMU: `-netdev vhost-vdpa`.
        case qemu = "QEMU"
    }

    /// The part.
    public let component: Component
    /// nil: the version couldn't be read.
    public let found: HypervisorVersion?
    /// The oldest that will do.
    public let required: HypervisorVersion

    /// A reason to show people, naming part, required and found version.
    public var description: String {
        let found = found.map { "found \($0)" } ?? "its version could not be read"
        return "vDPA needs \(component.rawValue) \(required) or newer: \(found)"
    }
}

/// The oldest versions with which vDPA network devices work.
public enum VDPAMinimums {
    /// First with `vhost_vdpa`.
    public static let kernel = HypervisorVersion(5, 7)
    /// First with `<interface type='vdpa'>`.
    public static let libvirt = HypervisorVersion(6, 9)
    /// First with `vhost-vdpa` as a network back end.
    public static let qemu = HypervisorVersion(5, 1)

    /// The parts that are too old; empty if vDPA works here. `kernelRelease` is `uname -r`.
    public static func unmet(
        kernelRelease: String, libvirt: HypervisorVersion?, qemu: HypervisorVersion?
    ) -> [UnmetMinimum] {
        let found: [(UnmetMinimum.Component, HypervisorVersion?, HypervisorVersion)] = [
            (.kernel, HypervisorVersion(kernelRelease: kernelRelease), kernel),
            (.libvirt, libvirt, Self.libvirt),
            (.qemu, qemu, Self.qemu),
        ]
        return found.compactMap { component, version, required in
            if let version, version >= required { return nil }
            return UnmetMinimum(component: component, found: version, required: required)
        }
    }
}
