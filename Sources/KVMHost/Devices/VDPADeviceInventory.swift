public import ComputeModel
public import HostDrivers
internal import Glibc
internal import Libvirt
internal import Logging
internal import VDPA

/// The vDPA devices of this host, and the PFs and VFs around them.
///
/// PCI functions come from libvirt, which reads cards' serial numbers; everything about vDPA
/// comes from the kernel itself (sysfs, netlink), which is never behind.
public struct VDPADeviceInventory: DeviceInventory {
    let reader: DeviceReader
    let rules: DeviceRules
    /// What is wrong with a character device's node, if anything.
    var nodeProblem: @Sendable (VDPADevice.CharacterDevice) -> String? = { device in
        DeviceNode.problem(device.path, major: device.major, minor: device.minor)
    }
    let clock: any Clock<Duration>
    let logger: Logger

    /// All devices that the host's `device_spec` offers, as they are now.
    public func scan() async throws(DriverError) -> DeviceScan {
        let sources = try await reader.read("scan the devices", reader.session.uri)
        return DeviceAssembly(sources, rules).scan()
    }

    /// Signals what the kernel and libvirt say of devices, each once it has settled.
    public func changes() -> AsyncStream<Void> {
        DeviceWatch(session: reader.session, clock: clock, logger: logger).changes()
    }

    /// Looks the device up now, whether it is offered or not: a guest may have it from before.
    public func resolve(_ device: DeviceID) async throws(DriverError) -> ResolvedDevice {
        let operation = "find the device"
        let object = "device \(device)"
        let name = device.text.split(separator: "/").last.map(String.init)
        let sources = try await reader.read(operation, object, .device(name))
        return try resolve(device, DeviceAssembly(sources, rules), operation, object)
    }

    /// No driver's MAC is changed by this program: `refused`, unless the device has the MAC.
    public func setMAC(_ device: DeviceID, _ macAddress: String) async throws(DriverError) {
        let found = try await resolve(device).macAddress
        guard found != macAddress.lowercased() else { return }
        throw .refused(
            DriverFault(
                operation: "give the device MAC \(macAddress)", object: "device \(device)",
                found: "it has \(found ?? "none"), which is fixed while the device exists",
                advice: "Let the port adopt the device's MAC, or make the device anew with 'vdpa"
                    + " dev add ... mac \(macAddress)' while no guest uses it"))
    }

    /// The lookup in what was read.
    func resolve(
        _ id: DeviceID, _ assembly: DeviceAssembly, _ operation: String, _ object: String
    ) throws(DriverError) -> ResolvedDevice {
        func fault(_ found: String, _ advice: String) -> DriverFault {
            DriverFault(operation: operation, object: object, found: found, advice: advice)
        }
        guard let assembled = assembly.devices.first(where: { $0.device.id == id }) else {
            throw .notFound(
                fault(
                    "no device of this host has that identity",
                    "Compare 'vdpa dev show' and 'lspci': the card may have been removed, or its"
                        + " vDPA devices not been made again after the boot"))
        }
        guard let vdpa = assembled.vdpa else {
            throw .refused(
                fault("it is a \(assembled.device.kind.rawValue)", "Only vDPA devices serve ports"))
        }
        if let problem = vdpa.problem { throw .refused(fault(problem, "")) }
        guard let characterDevice = vdpa.characterDevice else {
            throw .refused(fault("it has no character device", "Is vhost_vdpa bound to it?"))
        }
        if let problem = nodeProblem(characterDevice) {
            throw .refused(
                fault(problem, "udev makes it; look at 'ls -l \(characterDevice.path)'"))
        }
        // Without an answer nobody knows whose MAC the guest would have; asking again may help.
        if case .failure(let error) = assembly.sources.vdpaConfigs[vdpa.name] {
            throw error.driverError(operation, object)
        }
        return ResolvedDevice(
            characterDevice: characterDevice.path, representor: assembled.device.representor,
            macAddress: assembled.device.macAddress, macSettable: assembled.device.macSettable)
    }
}

/// Checks of nodes in `/dev`.
enum DeviceNode {
    /// What is wrong with the character device at `path`; nil when it is the one wanted.
    static func problem(_ path: String, major: UInt32, minor: UInt32) -> String? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            return "\(path): \(String(cString: strerror(errno)))"
        }
        guard status.st_mode & S_IFMT == S_IFCHR else {
            return "\(path) is no character device"
        }
        guard status.st_rdev == number(major, minor) else {
            return "\(path) is another device than \(major):\(minor)"
        }
        return nil
    }

    /// `makedev(3)`, a macro in C.
    private static func number(_ major: UInt32, _ minor: UInt32) -> dev_t {
        let (major, minor) = (dev_t(major), dev_t(minor))
        return (major & 0xffff_f000) << 32 | (major & 0xfff) << 8
            | (minor & 0xffff_ff00) << 12 | (minor & 0xff)
    }
}
