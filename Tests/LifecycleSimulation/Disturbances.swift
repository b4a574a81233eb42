import ComputeModel
import Conductor
import Foundation
import HostDrivers
import Persistence
import SimulatedDrivers
import Synchronization

/// Everything that goes wrong: server and agents die, hosts go down, drivers fail and stall,
/// guests don't listen, devices vanish. `heal` takes it all back.
final class Disturbances: Sendable {
    private struct State {
        /// Things that will still happen.
        var underWay = 0
        var downHosts: Set<String> = []
        var isServerDown = false
    }

    private let world: SimulatedWorld
    private let chance: Chance
    private let log: EventLog
    private let state = Mutex(State())

    init(world: SimulatedWorld, chance: Chance) {
        self.world = world
        self.chance = chance
        log = world.log
    }

    private enum Kind {
        case serverDies, serverDiesAtCommit, agentDies, agentStops, hostDies, hostCutOff
        case driverFails, driverRefuses, driverStalls, ignoresUnplug, ignoresShutdown
        case deviceVanishes, guestDies, vifLost
    }

    /// Something goes wrong now; what lasts, lasts on by itself.
    func strike() async throws {
        let kind = chance.weighted([
            (2, Kind.serverDies), (4, .serverDiesAtCommit), (4, .agentDies), (2, .agentStops),
            (5, .hostDies), (3, .hostCutOff), (6, .driverFails), (2, .driverRefuses),
            (5, .driverStalls), (6, .ignoresUnplug), (3, .ignoresShutdown), (3, .deviceVanishes),
            (2, .guestDies), (2, .vifLost),
        ])
        guard let kind, let host = chance.element(of: world.fleet.hosts) else { return }
        switch kind {
        case .serverDies: crashServer()
        case .serverDiesAtCommit:
            world.server.process?.session.doom(
                after: chance.integer(in: 1...30), isStored: chance.happens(0.5))
            watchServer()
        case .agentDies: try await crashAgent(host)
        case .agentStops:
            log.count("crashes agent stopped")
            later { [self] in
                try await world.fleet.stopAgent(host.spec.name)
                try await pause(1...40)
                try await restartAgent(host.spec.name)
            }
        case .hostDies: loseHost(host)
        case .hostCutOff:
            log.count("crashes host cut off")
            world.network.cutOff(host.spec.name, true)
            later { [self] in
                try await pause(5...150)
                world.network.cutOff(host.spec.name, false)
            }
        case .driverFails, .driverRefuses, .driverStalls: disturbDriver(kind, host)
        case .ignoresUnplug, .ignoresShutdown, .guestDies, .vifLost: disturbGuest(kind, host)
        case .deviceVanishes:
            guard
                let device = chance.element(of: host.snapshot.devices.filter({ $0.kind == .vdpa }))
            else { return }
            log.note("\(host.spec.name) loses \(device.id)")
            log.count("faults device vanished")
            host.vanish(device.id)
            later { [self] in
                try await pause(5...200)
                host.restore(device.id)
            }
        }
    }

    // MARK: Server

    /// The server is gone, and starts again after a while.
    private func crashServer() {
        guard
            state.withLock({ state in
                defer { state.isServerDown = true }
                return !state.isServerDown
            })
        else { return }
        log.note("the server dies")
        log.count("crashes server")
        later { [self] in
            try await world.server.kill()
            try await pause(0.1...20)
            try await restartServer()
            state.withLock { $0.isServerDown = false }
        }
    }

    /// A server that died at a commit is found dead, and starts again.
    private func watchServer() {
        later { [self] in
            for _ in 0..<200 {
                if world.server.process == nil { return crashServer() }
                try await pause(0.1...0.5)
            }
        }
    }

    private func restartServer() async throws {
        while true {
            do { return try await world.server.start() } catch {
                log.note("the server died while it started: \(error)")
                try await world.server.kill()
            }
        }
    }

    // MARK: Hosts

    private func crashAgent(_ host: SimulatedHost) async throws {
        log.note("the agent of \(host.spec.name) dies soon")
        log.count("crashes agent")
        host.setOrphanedMigrations(
            chance.element(of: [.abort, .complete, .goOn]) ?? .abort)
        if chance.happens(0.7) { host.sever(atCall: chance.integer(in: 1...20)) }
        later { [self] in
            try await pause(0.1...5)
            try await world.fleet.killAgent(host.spec.name)
            try await pause(0.1...20)
            try await restartAgent(host.spec.name)
        }
    }

    /// A host without power starts its agent when it is back.
    private func restartAgent(_ name: String) async throws {
        guard !world.powerless.withLock({ $0.contains(name) }) else { return }
        try await world.fleet.startAgent(name)
    }

    /// The machine loses its power: its guests, too. Somebody says that it is down; what was on
    /// it may be evacuated; it comes back.
    private func loseHost(_ host: SimulatedHost) {
        let name = host.spec.name
        guard state.withLock({ $0.downHosts.count < 2 && $0.downHosts.insert(name).inserted })
        else { return }
        log.note("\(name) loses its power")
        log.count("crashes host")
        _ = world.powerless.withLock { $0.insert(name) }
        later { [self] in
            try await world.fleet.killAgent(name)
            for (id, guest) in host.snapshot.guests.sorted(by: { $0.key < $1.key })
            where guest.isActive {
                if guest.transit == .leaving { continue }
                host.powerOff(id)
            }
            try await pause(1...20)
            if chance.happens(0.6) { try await declareDown(name, true) }
            try await pause(30...300)
            _ = world.powerless.withLock { $0.remove(name) }
            try await world.fleet.startAgent(name)
            try await pause(5...20)
            try await declareDown(name, false)
            _ = state.withLock { $0.downHosts.remove(name) }
        }
    }

    /// Asks until a server takes it.
    private func declareDown(_ name: String, _ isDown: Bool) async throws {
        while true {
            do {
                if let conductor = world.server.conductor,
                    let host = try conductor.hosts.list().first(where: { $0.host.name == name })
                {
                    try await conductor.hosts.update(
                        host.host.id, disabled: nil, reason: nil, forcedDown: isDown)
                    return log.note("\(name) declared \(isDown ? "down" : "up")")
                }
            } catch is StoreError {
                log.note("\(name) could not be declared anything")
            }
            try await pause(1...2)
        }
    }

    // MARK: Drivers and guests

    private static let faulty: [SimulatedOperation] = [
        .guests, .define, .start, .shutdown, .destroy, .undefine, .pause, .unpause, .save,
        .restore, .discardSaved, .attach, .detach, .copyRoot, .migrate, .abortMigration,
        .transfer, .resolve, .setMAC, .plug, .unplug, .announce, .listVIFs, .prepareRoot,
        .writeConfigDrive, .removeDisk, .export, .removeCopy, .removeStorage, .listStorage,
        .capacity, .scan,
    ]

    private func disturbDriver(_ kind: Kind, _ host: SimulatedHost) {
        guard let operation = chance.element(of: Self.faulty) else { return }
        let call = chance.integer(in: 1...3)
        switch kind {
        case .driverFails:
            if chance.happens(0.2) {
                host.set(.transient(), on: operation)
                later { [self] in
                    try await pause(1...60)
                    host.heal(operation)
                }
            } else {
                host.set(.transient(), on: operation, call: call)
            }
        case .driverRefuses: host.set(.permanent(), on: operation, call: call)
        default:
            host.set(.stall, on: operation, call: call)
            later { [self] in
                try await pause(0.5...200)
                host.release(operation)
            }
        }
        log.note("\(host.spec.name) \(kind) \(operation)")
        log.count("faults \(kind)")
    }

    private func disturbGuest(_ kind: Kind, _ host: SimulatedHost) {
        let active = host.snapshot.guests.filter { $0.value.isActive && $0.value.transit == nil }
        guard let id = chance.element(of: active.keys.sorted()) else { return }
        switch kind {
        case .ignoresUnplug:
            host.ignoreUnplug(id)
            later { [self] in
                try await pause(5...400)
                host.ignoreUnplug(id, false)
            }
        case .ignoresShutdown: host.ignoreShutdown(id)
        case .guestDies: host.crash(id)
        default:
            guard
                let port = chance.element(of: active[id]?.plan.interfaces.map(\.portID) ?? [])
            else { return }
            host.removeVIF(port)
        }
        log.note("\(host.spec.name) \(kind) \(id)")
        log.count("faults \(kind)")
    }

    // MARK: Ends

    /// Ends what was begun: everything works again, every host and the server are there.
    func heal() async throws {
        for host in world.fleet.hosts {
            host.heal()
            host.setOrphanedMigrations(.abort)
            for id in host.snapshot.guests.keys.sorted() { host.ignoreUnplug(id, false) }
        }
        while state.withLock(\.underWay) > 0 || world.server.process == nil {
            if world.server.process == nil { crashServer() }
            for host in world.fleet.hosts { host.heal() }
            try await pause(1...1)
        }
        for host in world.fleet.hosts { host.heal() }
    }

    private func later(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.underWay += 1 }
        Task.detached { [self] in
            defer { state.withLock { $0.underWay -= 1 } }
            do { try await body() } catch {
                log.violate("the simulation itself failed: \(error)")
            }
        }
    }

    private func pause(_ seconds: ClosedRange<Double>) async throws {
        try await world.clock.sleep(for: chance.duration(seconds))
    }
}
