extension SysfsTree {
    private static let bus = "bus/vdpa/devices"
    private static let characterDevicePrefix = "vhost-vdpa-"

    /// All vDPA devices; empty if the kernel has no vDPA. One bad device doesn't hide the others.
    public func vdpaDevices() throws(VDPAError) -> VDPAInventory {
        var devices: [VDPADevice] = []
        var unreadable: [VDPAInventory.Unreadable] = []
        for name in try entries(Self.bus) {
            do throws(VDPAError) {
                devices.append(try vdpaDevice(name))
            } catch {
                // Gone while it was read: no fault of the device.
                guard let path = try resolved("\(Self.bus)/\(name)") else { continue }
                unreadable.append(
                    .init(
                        name: name, error: error,
                        function: PCIFunction.Address(path.dropLast().last ?? "")))
            }
        }
        return VDPAInventory(devices: devices, unreadable: unreadable)
    }

    /// One vDPA device. Throws ``VDPAError/missing(path:)`` if it isn't there.
    public func vdpaDevice(_ name: String) throws(VDPAError) -> VDPADevice {
        let folder = "\(Self.bus)/\(name)"
        guard !name.isEmpty, !name.contains("/"), name != "..", name != ".",
            let path = try resolved(folder)
        else { throw .missing(path: absolute(folder)) }
        let driver = VDPADevice.Driver(name: try linkName(folder + "/driver"))
        return VDPADevice(
            name: name, driver: driver, parent: try parent(path.dropLast().last ?? ""),
            characterDevice: driver == .vhost ? try characterDevice(folder) : nil)
    }

    /// `name` is the folder above the device's: a PCI address, or something else's name.
    private func parent(_ name: String) throws(VDPAError) -> VDPADevice.Parent {
        guard let address = PCIFunction.Address(name) else { return .other(name: name) }
        let function = try pciFunction(address)
        guard let physical = try physicalFunction(of: address) else {
            return .pciFunction(function)
        }
        let siblings = try virtualFunctions(of: physical)
        guard let index = siblings.first(where: { $0.value == address })?.key else {
            let path = "bus/pci/devices/\(physical)/virtfn*"
            throw .unexpected(
                path: absolute(path), wanted: "a link to \(address)",
                found: "\(siblings.count) other functions")
        }
        return .virtualFunction(
            .init(
                function: function, index: index, physicalFunction: try pciFunction(physical)))
    }

    /// nil while vhost_vdpa is still setting the device up.
    private func characterDevice(
        _ folder: String
    ) throws(VDPAError) -> VDPADevice.CharacterDevice? {
        let names = try entries(folder).filter { $0.hasPrefix(Self.characterDevicePrefix) }
        guard let name = names.first else { return nil }
        let path = "\(folder)/\(name)/dev"
        guard let text = try attribute(path) else { throw .missing(path: absolute(path)) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard names.count == 1, parts.count == 2, let major = UInt32(parts[0]),
            let minor = UInt32(parts[1])
        else {
            throw .unexpected(path: absolute(path), wanted: "major:minor", found: text)
        }
        return .init(name: name, major: major, minor: minor)
    }
}

extension VDPADevice.Driver {
    init(name: String?) {
        self =
            switch name {
            case nil: .none
            case "vhost_vdpa": .vhost
            case "virtio_vdpa": .virtio
            case let other?: .other(other)
            }
    }
}
