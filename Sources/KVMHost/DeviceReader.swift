internal import ComputeModel
internal import Dispatch
internal import HostDrivers
internal import Libvirt
internal import VDPA

/// Reads all that ``DeviceAssembly`` needs, now.
struct DeviceReader: Sendable {
    private static let queue = DispatchQueue(label: "device-reader", attributes: .concurrent)

    let session: LibvirtSession
    let sysfs: SysfsTree
    let netlink: VDPANetlinkClient
    let permanentMAC: @Sendable (_ interface: String) -> String?

    /// Reads everything; MACs of vDPA devices only for those that `wantsMAC` accepts, since each
    /// is a question to a driver.
    func read(
        _ operation: String, _ object: String,
        wantsMAC: @Sendable (VDPADevice) -> Bool = { _ in true }
    ) async throws(DriverError) -> DeviceSources {
        var sources = DeviceSources()
        do throws(LibvirtError) {
            let documents = try await session.run { connection throws(LibvirtError) in
                try await connection.nodeDevices(.pci)
            }
            for document in documents { Self.add(document, to: &sources) }
        } catch {
            throw error.driverError(operation, object)
        }
        do throws(VDPAError) {
            try await readKernel(&sources)
        } catch {
            throw error.driverError(operation, object)
        }
        for device in sources.vdpaDevices where wantsMAC(device) {
            sources.vdpaMACs[device.name] = await macAddress(device.name)
        }
        return sources
    }

    private static func add(_ document: NodeDeviceDocument, to sources: inout DeviceSources) {
        do throws(XMLError) {
            sources.functions.append(try NodeDevice(xml: document.xml))
        } catch {
            sources.unreadableFunctions.append((document.name, "\(error)"))
        }
    }

    private func macAddress(_ name: String) async -> Result<String?, VDPAError> {
        do throws(VDPAError) {
            return .success(try await netlink.config(device: name).macAddress)
        } catch {
            return .failure(error)
        }
    }

    /// Off Swift's pool: some drivers talk to their card before they answer.
    private func readKernel(_ sources: inout DeviceSources) async throws(VDPAError) {
        let physical = sources.functions.compactMap { node -> PCIFunction.Address? in
            guard case .pci(let pci) = node.capability, case .physical = pci.role else {
                return nil
            }
            return PCIFunction.Address(pci.address)
        }
        let given = sources
        let result: Result<DeviceSources, VDPAError> = await withCheckedContinuation { done in
            Self.queue.async {
                do throws(VDPAError) {
                    done.resume(returning: .success(try readSysfs(given, physical)))
                } catch {
                    done.resume(returning: .failure(error))
                }
            }
        }
        sources = try result.get()
    }

    func readSysfs(
        _ given: DeviceSources, _ physical: [PCIFunction.Address]
    ) throws(VDPAError) -> DeviceSources {
        var sources = given
        let inventory = try sysfs.vdpaDevices()
        sources.vdpaDevices = inventory.devices
        sources.unreadableVDPADevices = inventory.unreadable
        sources.interfaces = try sysfs.networkInterfaces()
        for address in physical {
            sources.virtualFunctions[address] = try sysfs.virtualFunctions(of: address)
        }
        for interface in sources.interfaces {
            guard let address = interface.pciAddress, physical.contains(address) else { continue }
            sources.permanentMACs[interface.name] = permanentMAC(interface.name)
        }
        return sources
    }
}

extension VDPAError {
    /// The same in the agent's terms.
    func driverError(_ operation: String, _ object: String) -> DriverError {
        let fault = DriverFault(operation: operation, object: object, found: "\(self)")
        switch self {
        case .noDevice: return .notFound(fault)
        case .timedOut: return .timedOut(fault)
        case .ambiguousRepresentor: return .refused(fault)
        case .missing, .unreadable, .unexpected, .noFamily, .socket, .refused, .malformed,
            .interrupted:
            return .failed(fault)
        }
    }
}
