/// What an operator says of a device in its `device_spec` entry, beside its physical network.
/// Every key is in docs/operator/devices.md.
public struct DeviceTags: Codable, Sendable, Equatable, Hashable {
    /// Trusted VF mode may be asked of it; nil when the entry doesn't say.
    public var trusted: Bool?
    /// The VF's control plane runs on the card (DPU); such devices serve only requests for one.
    public var remoteManaged: Bool
    /// Whether libvirt binds and unbinds the host driver; nil leaves the default.
    public var managed: Bool?
    /// Whether the operator vouches for migration with the device attached.
    public var liveMigratable: Bool?
    /// Resource class in OpenStack's form, such as `CUSTOM_FAST_NIC`.
    public var resourceClass: String?
    /// Traits in OpenStack's form, sorted, each once.
    public var traits: [String]

    /// No tags, to be set one by one.
    public init() {
        remoteManaged = false
        traits = []
    }
}
