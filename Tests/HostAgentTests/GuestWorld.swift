import ComputeModel
import HostDrivers

@testable import HostAgent

/// The smallest host that steps can be applied to. It notes what no step may do to a guest.
struct GuestWorld {
    var disks: Set<GuestDisk> = [.root(build: 0)]
    var hasConfigDrive = true
    var hasCopy = false
    var plugged: Set<PortID> = []
    var power: GuestPower?
    var nics: [PortID] = []
    var generation = 1
    var remembered: RecordedGuest?
    /// Rules that were broken.
    var violations: [String] = []
    /// It was sent to another host.
    var sent = false

    var isAlive: Bool { power == .running || power == .paused }
    var isActive: Bool { isAlive || power == .crashed }

    var observation: HostObservation {
        var guest: ObservedGuest?
        if let power {
            guest = ObservedGuest(
                instanceID: Fixture.instance, generation: generation, power: power,
                interfaces: nics.map { ObservedInterface(portID: $0, macAddress: "") })
        }
        var stored = StoredGuest(
            instanceID: Fixture.instance, disks: disks, hasConfigDrive: hasConfigDrive)
        stored.hasCopy = hasCopy
        return HostObservation(
            guests: [guest].compactMap { $0 },
            vifs: plugged.map {
                PluggedVIF(
                    portID: $0, instanceID: Fixture.instance, representor: "r", macAddress: nil,
                    isUp: true)
            },
            storage: disks.isEmpty && !hasConfigDrive ? [] : [stored])
    }

    func steps(_ assignment: Assignment) -> [GuestStep] {
        var record = LocalRecord()
        record[Fixture.instance] = remembered
        return difference(
            desired: [assignment], observed: observation, record: record, orphans: .keep
        ).map(\.step)
    }

    mutating func apply(_ step: GuestStep, _ assignment: Assignment) {
        switch step {
        case .plug, .unplug, .attach, .detach, .announce: applyPort(step)
        case .prepare, .writeConfigDrive, .removeDisk, .removeStorage, .copyRoot, .export,
            .removeCopy:
            applyFile(step, assignment)
        case .ensureMAC, .giveUp: break
        case .forget: remembered = nil
        default: applyPower(step, assignment)
        }
    }

    private mutating func applyPort(_ step: GuestStep) {
        switch step {
        case .plug(let port): plugged.insert(port)
        case .unplug(let port):
            check(!(isAlive && nics.contains(port)), step)
            plugged.remove(port)
        case .attach(let port):
            check(isAlive && plugged.contains(port) && !nics.contains(port), step)
            nics.append(port)
        case .detach(let port):
            check(power == .running && nics.contains(port), step)
            nics.removeAll { $0 == port }
        case .announce(let port): check(nics.contains(port) && plugged.contains(port), step)
        default: break
        }
    }

    private mutating func applyFile(_ step: GuestStep, _ assignment: Assignment) {
        switch step {
        case .prepare(let disk): disks.insert(disk)
        case .writeConfigDrive:
            check(!isActive, step)
            hasConfigDrive = true
        case .removeDisk(let disk):
            check(!assignment.guest.bootDisks.contains(disk), step)
            disks.remove(disk)
        case .removeStorage:
            check(power == nil, step)
            disks = []
            hasConfigDrive = false
            hasCopy = false
        case .copyRoot:
            check(isActive, step)
            hasCopy = true
        case .export(let isCopied):
            check(isCopied ? hasCopy : !isActive, step)
            hasCopy = false
            remember(assignment)
            remembered?.exported = assignment.export?.imageID
        case .removeCopy: hasCopy = false
        default: break
        }
    }

    private mutating func applyPower(_ step: GuestStep, _ assignment: Assignment) {
        switch step {
        case .define:
            check(!isActive && power != .suspended, step)
            power = .shutdown
            generation = assignment.generation
            nics = assignment.guest.interfaces.map(\.portID)
        case .start:
            check(power == .shutdown && disks.isSuperset(of: assignment.guest.bootDisks), step)
            check(plugged.isSuperset(of: nics) && hasConfigDrive, step)
            power = .running
        case .pause, .restore:
            check(step == .pause ? isAlive : power == .suspended, step)
            power = .paused
        case .unpause:
            check(isAlive, step)
            power = .running
        case .save:
            check(isAlive && nics.isEmpty, step)
            power = .suspended
        case .discardSaved, .shutdown, .destroy: power = power == nil ? nil : .shutdown
        case .migrate:
            check(isAlive && nics.isEmpty && !sent, step)
            remember(assignment)
            remembered?.migration = RecordedMigration(migrationID: MigrationID("m"))
            remembered?.migration?.hasBegun = true
            sent = true
            power = nil
        case .undefine:
            check(!isActive, step)
            power = nil
            nics = []
        default: check(false, step)
        }
    }

    private mutating func remember(_ assignment: Assignment) {
        if remembered == nil {
            remembered = RecordedGuest(generation: 1, goal: .running, phase: .settled)
        }
    }

    private mutating func check(_ holds: Bool, _ step: GuestStep) {
        if !holds { violations.append("\(step) with \(String(describing: power)), \(nics)") }
    }
}
