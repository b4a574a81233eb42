import ComputeModel

/// One entry of a `device_spec`.
public struct DeviceSpecEntry: Sendable, Equatable {
    /// Four lower-case hex digits; nil matches any.
    public var vendorID: String?
    /// Four lower-case hex digits; nil matches any. Always the device's own: with a PF's address,
    /// the VFs' product id means all VFs of that PF and not the PF.
    public var productID: String?
    /// Where the devices are.
    public var place: SpecPlace
    /// Tag: the physical network that the device is wired to; nil for tunnelled networks.
    public var physicalNetwork: String?
    /// The other tags; nil when there are none.
    public var tags: DeviceTags?

    /// An entry that matches everything, to be narrowed by its fields.
    public init() { place = .anywhere }

    /// The address that ``place`` fixes, if it fixes one.
    public var address: PCIAddress? {
        get { place.exactAddress }
        set { place = newValue.map { .glob(SpecGlob($0)) } ?? .anywhere }
    }

    /// Whether vendor, product and place fit; a `devname` only finds the device that has the
    /// netdev itself.
    public func matches(_ device: Device) -> Bool { matches(device, interfaces: [:]) }

    /// Whether vendor, product and place fit, on a host whose netdevs are at `interfaces`.
    public func matches(_ device: Device, interfaces: [String: PCIAddress]) -> Bool {
        if let vendorID, vendorID != device.vendorID { return false }
        if let productID, productID != device.productID { return false }
        guard place.fits(device, interfaces: interfaces) else { return false }
        return !isRemoteManaged || admitsRemoteManaged(device, interfaces: interfaces)
    }

    /// Whether the devices' control plane runs on the card.
    var isRemoteManaged: Bool { tags?.remoteManaged ?? false }

    /// The entry's one address: fixed, or that of its netdev.
    func address(interfaces: [String: PCIAddress]) -> PCIAddress? {
        guard case .interface(let name) = place else { return address }
        return interfaces[name]
    }

    /// `device` with the entry's tags.
    public func tagging(_ device: Device) -> Device {
        var tagged = device
        tagged.physicalNetwork = physicalNetwork
        tagged.tags = tags
        return tagged
    }

    /// A card's own control plane finds its VFs by the card's serial number. A PF is never
    /// managed by its own card, and a PF's place without the VFs' product id would mean the PF,
    /// too: such an entry is a mistake (see ``DeviceSpecProblem``) and gets nothing.
    private func admitsRemoteManaged(
        _ device: Device, interfaces: [String: PCIAddress]
    ) -> Bool {
        guard device.kind != .pf, device.cardSerial != nil else { return false }
        let isByParent =
            device.parentAddress != nil
            && device.parentAddress == address(interfaces: interfaces)
        return !isByParent || productID != nil
    }
}

extension DeviceSpecEntry {
    /// The keys of the language; `one_time_use` is known only to be refused with its reason.
    public static let keys = [
        "address", "devname", "live_migratable", "managed", "physical_network", "product_id",
        "remote_managed", "resource_class", "traits", "trusted", "vendor_id",
    ]
}
