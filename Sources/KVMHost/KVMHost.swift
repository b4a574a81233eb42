internal import Foundation
internal import GuestDisks
public import HostDrivers
internal import Libvirt
public import Logging
internal import OVSDB
internal import VDPA
internal import VirtualSwitch

/// A real compute host: its drivers, made of libvirt, the kernel, Open vSwitch and files.
public enum KVMHost {
    /// Makes the drivers of this host, to be handed to its agent.
    ///
    /// Daemons need not run yet: the drivers connect when they are used, and throw
    /// `DriverError.unavailable` as long as they can't. Folders of the state directory are made,
    /// and what interrupted downloads and copies left there is removed. One process uses a state
    /// directory at a time.
    ///
    /// - Throws: `refused` for a configuration that can't work, such as a bad OVSDB address;
    ///   `failed` when the state directory can't be made.
    public static func drivers(
        configuration: KVMHostConfiguration, logger: Logger = Logger(label: "millrace.kvm-host")
    ) async throws(DriverError) -> HostDriverSet {
        let storage = try await storage(configuration, logger)
        let session = LibvirtSession(uri: configuration.libvirtURI, logger: logger)
        let clock = ContinuousClock()
        return HostDriverSet(
            hypervisor: KVMHypervisor(
                session: session, configuration: configuration, facts: .read(),
                disks: storage.disks, clock: clock, logger: logger),
            devices: VDPADeviceInventory(
                reader: DeviceReader(
                    session: session, sysfs: SysfsTree(), netlink: VDPANetlinkClient(),
                    permanentMAC: PermanentMAC.read,
                    reading: .live(configuration, clock: clock, logger: logger)),
                rules: DeviceRules(configuration), clock: clock, logger: logger),
            virtualSwitch: OVSVirtualSwitch(
                openVSwitch: OpenVSwitch(
                    address: try ovsdbAddress(configuration), logger: logger),
                bridge: configuration.bridge, logger: logger),
            storage: storage)
    }

    static func storage(
        _ configuration: KVMHostConfiguration, _ logger: Logger
    ) async throws(DriverError) -> LocalGuestStorage {
        do {
            let cache = try ImageCache(
                directory: configuration.imageDirectory, logger: logger)
            try await cache.removeInterruptedDownloads()
            let disks = try InstanceDisks(
                directory: configuration.guestDirectory, logger: logger)
            try disks.removeLeftovers()
            return LocalGuestStorage(
                cache: cache, disks: disks,
                directory: configuration.guestDirectory, configDrive: .live, logger: logger)
        } catch {
            throw StorageCall(
                operation: "prepare the state directory", object: configuration.stateDirectory
            ).driverError(error)
        }
    }

    private static func ovsdbAddress(
        _ configuration: KVMHostConfiguration
    ) throws(DriverError) -> OVSDBAddress {
        do throws(OVSDBError) {
            return try OVSDBAddress(configuration.ovsdbAddress)
        } catch {
            throw .refused(
                DriverFault(
                    operation: "use the OVSDB address", object: configuration.ovsdbAddress,
                    found: "\(error)", advice: "Correct it in the host's configuration"))
        }
    }
}
