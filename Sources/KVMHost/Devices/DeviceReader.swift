internal import ComputeModel
internal import HostDrivers
internal import Libvirt
internal import VDPA

/// Reads all that ``DeviceAssembly`` needs, now.
struct DeviceReader: Sendable {
    private static let listAttemptsMax = 3

    let session: LibvirtSession
    let sysfs: SysfsTree
    let netlink: VDPANetlinkClient
    let permanentMAC: @Sendable (_ interface: String) -> String?
    /// Bounds what sysfs and ethtool may take.
    let reading: BoundedReading

    /// How much the kernel is asked about vDPA devices; each question goes to a driver.
    enum Detail: Sendable {
        /// Everything about all of them.
        case all
        /// The configuration of one.
        case device(String?)
    }

    /// Reads all devices, and about vDPA devices as much as `detail` says.
    func read(
        _ operation: String, _ object: String, _ detail: Detail = .all
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
        let isAnswering = await readConfigs(&sources, detail)
        if isAnswering, case .all = detail { await readFacts(&sources) }
        return sources
    }

    private static func add(_ document: NodeDeviceDocument, to sources: inout DeviceSources) {
        do throws(XMLError) {
            sources.functions.append(try NodeDevice(xml: document.xml))
        } catch {
            sources.unreadableFunctions.append((document.name, "\(error)"))
        }
    }

    /// Whether the kernel answers. Once a question wasn't answered in time, none of the rest is
    /// asked: while one `vdpa dev del` waits for a guest, all of them hang.
    private func readConfigs(_ sources: inout DeviceSources, _ detail: Detail) async -> Bool {
        var silence: VDPAError?
        for device in sources.vdpaDevices {
            if case .device(let name) = detail, name != device.name { continue }
            if let silence {
                sources.vdpaConfigs[device.name] = .failure(silence)
                continue
            }
            let answer = await config(device.name)
            sources.vdpaConfigs[device.name] = answer
            if case .failure(let error) = answer, case .timedOut = error { silence = error }
        }
        return silence == nil && !sources.vdpaDevices.isEmpty
    }

    private func config(_ name: String) async -> Result<VDPANetlink.Config, VDPAError> {
        do throws(VDPAError) {
            return .success(try await netlink.config(device: name))
        } catch {
            return .failure(error)
        }
    }

    /// What only adds to a device's description: where it can't be had, devices lack it.
    private func readFacts(_ sources: inout DeviceSources) async {
        let devices = await listing { () async throws(VDPAError) in try await netlink.devices() }
        for device in devices { sources.vdpaFacts[device.name] = device }
        let managers = await listing { () async throws(VDPAError) in
            try await netlink.managementDevices()
        }
        for manager in managers { sources.managementDevices[manager.name] = manager }
    }

    /// Asks again when the list changed while it was sent.
    private func listing<Element>(
        _ ask: () async throws(VDPAError) -> [Element]
    ) async -> [Element] {
        for _ in 0..<Self.listAttemptsMax {
            do throws(VDPAError) {
                return try await ask()
            } catch .interrupted {
                continue
            } catch {
                return []
            }
        }
        return []
    }

    /// Off Swift's pool, and bounded: some drivers talk to their card before they answer, and all
    /// wait while another holds the lock of the netdevs.
    func readKernel(_ sources: inout DeviceSources) async throws(VDPAError) {
        let given = sources
        sources = try await reading.run("read the devices in sysfs") {
            note throws(VDPAError) in try readSysfs(given, note)
        }
    }

    /// Adds what sysfs says to what libvirt said.
    func readSysfs(
        _ given: DeviceSources, _ note: ReadingNote = ReadingNote()
    ) throws(VDPAError) -> DeviceSources {
        let sysfs = sysfs.noting(note)
        var sources = given
        let inventory = try sysfs.vdpaDevices()
        sources.vdpaDevices = inventory.devices
        sources.unreadableVDPADevices = inventory.unreadable
        sources.interfaces = try sysfs.networkInterfaces()
        let byFunction = Dictionary(grouping: sources.interfaces, by: \.pciAddress)
        for node in given.functions {
            guard case .pci(let pci) = node.capability,
                let address = PCIFunction.Address(pci.address)
            else { continue }
            switch pci.role {
            case .virtual: continue
            case .physical:
                sources.virtualFunctions[address] = try sysfs.virtualFunctions(of: address)
            case .none: break
            }
            let own = byFunction[address] ?? []
            guard let uplink = Representors.uplink(of: address, among: own) else { continue }
            note.begin("ethtool's question for the permanent MAC of netdev \(uplink.name)")
            sources.permanentMACs[uplink.name] = permanentMAC(uplink.name)
            sources.linkSpeeds[uplink.name] = try sysfs.linkSpeedMbps(ofInterface: uplink.name)
        }
        return sources
    }
}

extension VDPAError {
    /// The same in the agent's terms.
    func driverError(_ operation: String, _ object: String) -> DriverError {
        var fault = DriverFault(operation: operation, object: object, found: "\(self)")
        switch self {
        case .hanging:
            fault.advice =
                "Its driver hangs, or another holds the lock of the netdevs: 'dmesg' on the host"
                + " may tell which. Until the kernel answers, one thread of the agent stays held"
                + " and no device is read; guests run on"
            return .timedOut(fault)
        case .noDevice: return .notFound(fault)
        case .timedOut: return .timedOut(fault)
        case .ambiguousRepresentor: return .refused(fault)
        case .missing, .unreadable, .unexpected, .noFamily, .socket, .refused, .malformed,
            .interrupted:
            return .failed(fault)
        }
    }
}
