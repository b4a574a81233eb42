internal import ComputeModel
internal import DeviceTracking
internal import HostDrivers
internal import VDPA

extension DeviceAssembly {
    /// The netdev that stands for a VF, or why there is none.
    func representor(
        _ index: Int, _ parent: PCIAddress
    ) -> (name: String?, problem: String?) {
        if let name = rules.representors[parent]?[index] {
            guard sources.interfaces.contains(where: { $0.name == name }) else {
                return (
                    nil,
                    "The representor '\(name)' configured for VF \(index) of \(parent) does not"
                        + " exist."
                )
            }
            return (name, nil)
        }
        guard let physical = PCIFunction.Address(parent.description) else { return (nil, nil) }
        do throws(VDPAError) {
            let found = try Representors.representor(
                ofVirtualFunction: index, of: physical, among: sources.interfaces)
            if let found { return (found.name, nil) }
        } catch {
            return (nil, "\(error); name the right one in the host's configuration.")
        }
        return (
            nil,
            "No netdev says that it represents VF \(index) of \(parent); set the card to"
                + " switchdev mode, or name the representor in the host's configuration."
        )
    }

    /// Parts of the configuration that fit nothing: usually a slip of the pen.
    func idleRules(_ interfaces: [String: PCIAddress]) -> [HostCondition] {
        let problems = rules.spec.problems(against: devices.map(\.device), interfaces: interfaces)
        var messages = problems.map { ($0.conditionCode, $0.description) }
        for address in rules.representors.keys.sorted() where physical[address] == nil {
            messages.append(
                (
                    "representors-idle",
                    "Representors are configured for \(address), which is no PF."
                ))
        }
        let names = Set(sources.vdpaDevices.map { $0.name })
        for name in rules.spec.softwareDevices.subtracting(names).sorted() {
            messages.append(
                ("software-device-missing", "The software device \(name) does not exist."))
        }
        return messages.map { HostCondition(code: $0, message: $1, blocksVDPA: false) }
    }
}

extension DeviceSpecProblem {
    /// The stable code of the host's condition.
    var conditionCode: String {
        switch self {
        case .idle, .shadowed: "device-spec-idle"
        case .interfaceMissing: "devname-missing"
        case .remoteManagedPF, .remoteManagedIDs, .remoteManagedWithoutSerial:
            "device-spec-wrong"
        }
    }
}

extension VDPADevice {
    /// Why no guest can have it now, without a full stop; nil when one can.
    var problem: String? {
        switch driver {
        case .vhost:
            characterDevice == nil ? "vDPA device \(name) has no character device yet" : nil
        case .virtio: unbound("is bound to virtio_vdpa, the host's own driver")
        case .none: unbound("is bound to no driver")
        case .other(let driver): unbound("is bound to \(driver)")
        }
    }

    private func unbound(_ found: String) -> String {
        "vDPA device \(name) \(found); bind it to vhost_vdpa (load the module, then write its"
            + " name to /sys/bus/vdpa/drivers/vhost_vdpa/bind)"
    }
}
