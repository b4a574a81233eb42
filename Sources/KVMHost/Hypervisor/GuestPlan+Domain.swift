internal import ComputeModel
internal import Foundation
internal import HostDrivers
internal import Libvirt

extension GuestPlan {
    /// The domain that carries the plan out. `refused` for ids that are no UUIDs, formats that
    /// guests can't boot, more disks than there are names for, and a placement that the host can't
    /// give.
    ///
    /// - Parameter cells: the host's, where the domain depends on them: see ``needsCells(_:)``.
    func domain(
        _ type: KVMHostConfiguration.DomainType, cells: [NUMACell] = []
    ) throws(DriverError) -> DomainDefinition {
        let uuid = try uuid(instanceID.text, "the instance's id")
        var domainDisks: [DomainDisk] = []
        for (disk, target) in zip(disks, try targets()) {
            guard let format = DomainDisk.Format(rawValue: disk.format) else {
                throw refused("disk \(disk.path) has format '\(disk.format)'; qcow2 and raw work")
            }
            domainDisks.append(.virtio(path: disk.path, format: format, target: target))
        }
        domainDisks.append(.configDrive(path: configDrivePath))
        var nics: [VDPAInterface] = []
        for interface in interfaces {
            nics.append(
                VDPAInterface(
                    portID: try self.uuid(interface.portID.text, "a port's id"),
                    macAddress: interface.macAddress,
                    characterDevicePath: interface.characterDevice))
        }
        var domain = DomainDefinition(
            uuid: uuid, name: name, title: title.isEmpty ? nil : title,
            virtualization: type.virtualization, cpuMode: type.cpuMode, vcpus: vcpus,
            memoryMiB: memoryMiB, disks: domainDisks, interfaces: nics,
            consoleLogPath: consoleLogPath,
            metadata: GuestMetadata(instanceID: uuid, generation: generation))
        domain.placement = try placement(on: cells)
        return domain
    }

    /// `vda` to `vdz`.
    private func targets() throws(DriverError) -> [String] {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        guard (1...letters.count).contains(disks.count) else {
            throw refused("it has \(disks.count) disks; 1 to \(letters.count) work")
        }
        return letters.prefix(disks.count).map { "vd\($0)" }
    }

    private func uuid(_ text: String, _ what: String) throws(DriverError) -> UUID {
        guard let uuid = UUID(uuidString: text) else {
            throw refused("\(what) '\(text)' is no UUID, which libvirt needs")
        }
        return uuid
    }

    private func refused(_ found: String) -> DriverError {
        .refused(
            DriverFault(
                operation: "define the guest", object: "guest \(instanceID)", found: found))
    }
}

extension DomainDescription {
    /// The guest as the agent compares it; nil when the domain is someone else's.
    func observed(_ summary: DomainSummary, job: DomainJob? = nil) -> ObservedGuest? {
        guard let metadata else { return nil }
        var guest = ObservedGuest(
            instanceID: InstanceID(uuid: metadata.instanceID), generation: metadata.generation,
            power: summary.power,
            interfaces: interfaces.map {
                ObservedInterface(
                    portID: $0.portID.map { PortID(uuid: $0) }, alias: $0.alias,
                    macAddress: $0.macAddress ?? "", characterDevice: $0.sourceDevice)
            })
        guest.transit = summary.transit(job: job)
        return guest
    }
}

extension DomainSummary {
    /// The power that tenants see: a guest whose memory is saved is suspended.
    var power: GuestPower { hasManagedSave ? .suspended : state.power }

    /// Whether the guest is on its way. One that arrives isn't defined before it runs here, and
    /// of a post-copy migration, failed or not, the half that stands still is the source's.
    func transit(job: DomainJob?) -> GuestTransit? {
        if let job, job.operation == .migrationOut, job.phase == .running { return .leaving }
        if isPostCopy, state == .paused, isPersistent { return .leaving }
        let mayArrive = state == .paused || state == .shutOff || isPostCopy
        return !isPersistent && mayArrive ? .arriving : nil
    }
}

extension DomainState {
    /// The power that tenants see.
    var power: GuestPower {
        switch self {
        case .running, .shuttingDown: .running
        case .shutOff: .shutdown
        case .crashed: .crashed
        case .paused: .paused
        // Its memory is not saved: its CPUs stand still, and it holds its devices.
        case .suspendedByGuest: .paused
        // A state that this program doesn't know is not off.
        case .unknown: .running
        }
    }

    /// Whether the guest holds its devices and disks.
    var isActive: Bool {
        switch self {
        case .shutOff: false
        // A crashed guest that is kept for inspection still has its process.
        case .running, .paused, .shuttingDown, .crashed, .suspendedByGuest, .unknown: true
        }
    }
}
