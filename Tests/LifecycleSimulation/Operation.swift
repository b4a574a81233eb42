import ComputeModel
import Conductor
import Foundation
import Networking
import Persistence

/// One thing that somebody asks for.
enum Operation: Sendable {
    case create(InstanceRequest)
    case delete(InstanceID)
    case command(InstanceCommand, InstanceID)
    case attach(PortID, InstanceID)
    case detach(PortID, InstanceID)
    case rebuild(ImageID, InstanceID)
    case snapshot(InstanceID)
    case lock(Bool, InstanceID)
    case abort(String, InstanceID)
    case forceComplete(String, InstanceID)

    /// What the summary calls it.
    var kind: String {
        switch self {
        case .create: "create"
        case .delete: "delete"
        case .command(.reboot(let how), _): "reboot \(how.rawValue)"
        case .command(let command, _): command.actionName
        case .attach: "attach"
        case .detach: "detach"
        case .rebuild: "rebuild"
        case .snapshot: "snapshot"
        case .lock(let locks, _): locks ? "lock" : "unlock"
        case .abort: "abort"
        case .forceComplete: "force-complete"
        }
    }

    /// The server that it is about; nil for one that is to be made.
    var instanceID: InstanceID? {
        switch self {
        case .create: nil
        case .delete(let id), .snapshot(let id), .command(_, let id), .attach(_, let id),
            .detach(_, let id), .rebuild(_, let id), .lock(_, let id), .abort(_, let id),
            .forceComplete(_, let id):
            id
        }
    }

    /// Whether the action's events tell an end; the others have none of their own.
    var hasEvents: Bool {
        switch self {
        case .lock, .abort, .forceComplete: false
        default: true
        }
    }

    /// Asks for it; returns the servers that it concerns.
    func ask(_ conductor: Conductor, _ caller: Caller) async throws -> [InstanceID] {
        let instances = conductor.instances
        switch self {
        case .create(let request):
            return try await instances.create(request, caller).map(\.id)
        case .delete(let id): try await instances.delete(id, caller)
        case .command(let command, let id):
            try await instances.perform(command, on: id, caller)
        case .attach(let port, let id):
            _ = try await instances.attach(id, caller, AttachmentRequest(portID: port))
        case .detach(let port, let id): try await instances.detach(id, caller, port: port)
        case .rebuild(let image, let id):
            _ = try await instances.rebuild(id, caller, RebuildRequest(imageID: image))
        case .snapshot(let id):
            _ = try await instances.createImage(id, caller, name: "snapshot", properties: [:])
        case .lock(let locks, let id):
            try await instances.setLock(id, caller, locked: locks, reason: nil)
        case .abort(let migration, let id):
            try await conductor.migrations.abort(migration, of: id, caller)
        case .forceComplete(let migration, let id):
            try await conductor.migrations.forceComplete(migration, of: id, caller)
        }
        return instanceID.map { [$0] } ?? []
    }
}

/// Thinks of what to ask for next.
struct OperationChooser {
    /// As many servers are there most of the time.
    static let instanceCount = 20

    let world: SimulatedWorld
    let chance: Chance

    func next(_ conductor: Conductor) async throws -> Operation? {
        let documents = conductor.context.documents
        let living = try documents.list(Instance.self).map(\.value)
            .filter { $0.state != .deleted && !$0.deletionRequested }
        if living.isEmpty || (living.count < Self.instanceCount && chance.happens(0.4)) {
            return .create(try await request(conductor))
        }
        if chance.happens(0.2), let stranded = try stranded(living, conductor) {
            return .command(
                .evacuate(hostName: nil, endsStopped: chance.happens(0.3)), stranded.id)
        }
        guard let instance = chance.element(of: living) else { return nil }
        // Most of what is asked for fits the server; the rest finds out what is refused.
        let choices =
            chance.happens(0.85) ? fitting(instance) : Self.all.map { (1, $0) }
        guard let kind = chance.weighted(choices) else { return nil }
        return try await make(kind, instance, conductor)
    }

    /// A server whose host has lost its power, and counts as down.
    private func stranded(_ living: [Instance], _ conductor: Conductor) throws -> Instance? {
        let down = try conductor.hosts.list()
            .filter { !$0.isUp && mayEvacuate(from: $0.host.name) }.map(\.host.name)
        return chance.element(
            of: living.filter { $0.task == nil && down.contains($0.hostName ?? "") })
    }

    enum Kind: CaseIterable {
        case delete, start, stop, softReboot, hardReboot, pause, unpause, suspend, resume, rescue
        case unrescue, shelve, offload, unshelve, migrate, resize, confirm, revert, liveMigrate
        case evacuate, attach, detach, rebuild, snapshot, lock, unlock, abort, forceComplete
    }

    private static let all = Kind.allCases

    private func fitting(_ instance: Instance) -> [(weight: Int, element: Kind)] {
        if instance.task == .migrating { return [(3, .abort), (1, .forceComplete), (1, .delete)] }
        let common: [(Int, Kind)] = [(2, .delete), (1, .lock), (1, .unlock), (2, .evacuate)]
        let own: [(Int, Kind)] =
            switch instance.state {
            case .active:
                [
                    (4, .stop), (3, .softReboot), (3, .hardReboot), (4, .pause), (5, .suspend),
                    (3, .rescue), (4, .shelve), (6, .migrate), (6, .resize), (10, .liveMigrate),
                    (8, .attach), (8, .detach), (3, .rebuild), (3, .snapshot),
                ]
            case .stopped:
                [
                    (12, .start), (2, .hardReboot), (2, .rescue), (3, .shelve), (3, .migrate),
                    (3, .resize), (4, .attach), (4, .detach), (2, .rebuild), (2, .snapshot),
                ]
            case .paused: [(8, .unpause), (2, .hardReboot), (2, .shelve), (2, .attach)]
            case .suspended: [(8, .resume), (2, .hardReboot), (2, .shelve), (1, .snapshot)]
            case .rescued: [(8, .unrescue)]
            case .resized: [(5, .confirm), (5, .revert)]
            case .shelved: [(3, .offload), (5, .unshelve)]
            case .shelvedOffloaded: [(8, .unshelve)]
            case .error: [(4, .hardReboot), (4, .rebuild), (2, .stop), (3, .rescue), (4, .delete)]
            case .building, .deleted: []
            }
        return (common + own).map { (weight: $0.0, element: $0.1) }
    }

    private func make(
        _ kind: Kind, _ instance: Instance, _ conductor: Conductor
    ) async throws -> Operation? {
        let id = instance.id
        if kind == .evacuate, let name = instance.hostName, !mayEvacuate(from: name) { return nil }
        if let command = command(kind, instance) { return .command(command, id) }
        switch kind {
        case .delete: return .delete(id)
        case .attach: return .attach(try await freePort(conductor), id)
        case .detach:
            return chance.element(of: instance.interfaces).map { .detach($0.portID, id) }
        case .rebuild: return chance.element(of: world.ids.images).map { .rebuild($0, id) }
        case .snapshot: return .snapshot(id)
        case .lock: return .lock(true, id)
        case .unlock: return .lock(false, id)
        case .abort: return instance.migrationID.map { .abort($0.text, id) }
        case .forceComplete: return instance.migrationID.map { .forceComplete($0.text, id) }
        default: return nil
        }
    }

    private func command(_ kind: Kind, _ instance: Instance) -> InstanceCommand? {
        switch kind {
        case .start: .start
        case .stop: .stop
        case .softReboot: .reboot(.soft)
        case .hardReboot: .reboot(.hard)
        case .pause: .pause
        case .unpause: .unpause
        case .suspend: .suspend
        case .resume: .resume
        case .rescue: .rescue(image: chance.happens(0.5) ? world.ids.images.last : nil)
        case .unrescue: .unrescue
        case .shelve: .shelve
        case .offload: .shelveOffload
        case .unshelve: .unshelve(zone: nil, hostName: nil)
        case .migrate: .migrate(hostName: someHost())
        case .resize:
            chance.element(of: world.ids.flavors.filter { $0 != instance.flavor.id })
                .map { .resize($0) }
        case .confirm: .confirmResize
        case .revert: .revertResize
        case .liveMigrate: .liveMigrate(hostName: someHost())
        case .evacuate: .evacuate(hostName: nil, endsStopped: chance.happens(0.3))
        default: nil
        }
    }

    /// A host that is only cut off, or whose agent is dead, counts as down after a while, and its
    /// guests run: whoever evacuates those has not looked.
    private func mayEvacuate(from hostName: String) -> Bool {
        world.powerless.withLock { $0.contains(hostName) }
    }

    private func someHost() -> String? {
        chance.happens(0.3) ? chance.element(of: SimulatedWorld.hosts)?.name : nil
    }

    private func request(_ conductor: Conductor) async throws -> InstanceRequest {
        var ports: [NICRequest] = []
        for _ in 0..<chance.integer(in: 1...2) {
            ports.append(.port(try await freePort(conductor), tag: nil))
        }
        // A port named twice is refused: that is for other tests.
        if ports.count == 2, ports[0] == ports[1] { ports.removeLast() }
        var request = InstanceRequest(
            name: "server", flavorID: chance.element(of: world.ids.flavors) ?? FlavorID("small"),
            imageID: chance.element(of: world.ids.images) ?? world.ids.images[0],
            networks: .list(ports))
        request.hostName = nil
        return request
    }

    private func freePort(_ conductor: Conductor) async throws -> PortID {
        let caller = SimulatedWorld.caller(.member, request: "req-port")
        let free = try conductor.context.documents.list(NetworkPort.self).map(\.value)
            .filter { $0.deviceID.isEmpty }
        if free.count >= 3, let port = chance.element(of: free) { return port.id }
        var request = PortRequest(networkID: world.ids.networkID)
        request.vnicType = .vdpa
        return try await Ports(conductor.context.with(NetworkingSettings())).create(request, caller)
            .id
    }
}
