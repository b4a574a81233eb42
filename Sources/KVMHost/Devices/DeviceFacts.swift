internal import ComputeModel
internal import Libvirt
internal import VDPA

/// What drivers of vDPA devices can do that the kernel doesn't tell of each device.
enum VDPADriverTable {
    /// Whether a guest can be migrated with its device attached, by the kernel driver behind the
    /// device: it must stop the device, and take queues' state out and in again. Nil for drivers
    /// of which it isn't known.
    ///
    /// Read in Linux 7.3: mlx5_vdpa and vdpa_sim implement `suspend` and restore a ring index
    /// other than 0; vp_vdpa and eni_vdpa refuse the latter (`set_vq_state` fails for anything
    /// but the start state), so that a guest is without network after a migration that libvirt
    /// calls a success. ifcvf, octep_vdpa and pds_vdpa restore it and can't suspend, snet only
    /// without a control queue, and vduse depends on the program behind it.
    static func transparentMigration(_ driver: String) -> Bool? {
        switch driver {
        case "mlx5_core", "vdpa_sim": true
        case "vp_vdpa", "eni_vdpa": false
        default: nil
        }
    }

    /// The module's name for a driver: PCI drivers write `-` where modules have `_`.
    static func normalized(_ driver: String) -> String {
        String(driver.map { $0 == "-" ? "_" : $0 })
    }

    /// The driver behind a device without a PCI function; `parent` is its parent in sysfs.
    static func ofSoftware(parent: String) -> String {
        parent.hasPrefix("vdpasim") ? "vdpa_sim" : normalized(parent)
    }
}

extension DeviceSources {
    /// What a vDPA device can do.
    ///
    /// - Parameters:
    ///   - driver: what is bound to its VF.
    ///   - uplink: the netdev of its PF, whose link is the device's.
    func capabilities(
        of name: String, driver: String?, uplink: String?
    ) -> DeviceCapabilities? {
        var known = DeviceCapabilities()
        let config: VDPANetlink.Config? =
            if case .success(let config) = vdpaConfigs[name] { config } else { nil }
        let fact = vdpaFacts[name]
        let features = config?.deviceFeatures ?? featuresOfManager(fact)
        known.queuePairsMax = Self.queuePairs(config, features, fact)
        known.mtuMaxBytes = config?.mtuBytes.map { Int($0) }
        known.linkSpeedMbps = uplink.flatMap { linkSpeeds[$0] }
        known.features = features.map(VirtioFeature.names) ?? []
        known.driver = driver.map(VDPADriverTable.normalized)
        known.transparentMigration = known.driver.flatMap(VDPADriverTable.transparentMigration)
        return known == DeviceCapabilities() ? nil : known
    }

    /// What a function that carries no vDPA device is known to have.
    func capabilities(driver: String?, uplink: String?) -> DeviceCapabilities? {
        var known = DeviceCapabilities()
        known.linkSpeedMbps = uplink.flatMap { linkSpeeds[$0] }
        known.driver = driver.map(VDPADriverTable.normalized)
        return known == DeviceCapabilities() ? nil : known
    }

    /// Kernels before 6.1 don't tell a device's features, and can't make a device with fewer than
    /// its management device has.
    private func featuresOfManager(_ fact: VDPANetlink.Device?) -> UInt64? {
        fact.flatMap { managementDevices[$0.managementDevice]?.features }
    }

    /// The kernel gives the number of pairs only for devices with multiqueue; all others have
    /// one. Where features are unknown, queues are counted: the control queue makes no pair.
    private static func queuePairs(
        _ config: VDPANetlink.Config?, _ features: UInt64?, _ fact: VDPANetlink.Device?
    ) -> Int? {
        if let pairs = config?.queuePairCountMax { return Int(pairs) }
        if let features {
            let hasMultiqueue = features >> UInt64(VirtioFeature.multiqueue.bit) & 1 == 1
            if !hasMultiqueue { return 1 }
        }
        return fact.map { max(1, Int($0.queueCountMax) / 2) }
    }
}

extension VDPADevice {
    /// The kernel driver behind the device.
    var parentDriver: String? {
        switch parent {
        case .virtualFunction(let virtual): virtual.function.driver
        case .pciFunction(let function): function.driver
        case .other(let name): VDPADriverTable.ofSoftware(parent: name)
        }
    }
}
