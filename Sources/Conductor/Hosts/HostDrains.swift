import ComputeModel
import Foundation
import Persistence

/// How far the emptying of a host is.
public struct HostDrainProgress: Sendable, Equatable {
    /// Servers that are still on the host.
    public var remaining: Int
    /// Those of them that are moving now.
    public var moving: Int
    /// Moves that were begun by this call.
    public var begun: Int
    /// Servers that stay until somebody does something, with what.
    public var blocked: [Blocked]

    /// A server that can't be moved.
    public struct Blocked: Sendable, Equatable {
        /// The server.
        public var instanceID: InstanceID
        /// Its name.
        public var name: String
        /// Why, and what to do.
        public var reason: String
    }
}

/// Empties hosts. Nothing is remembered of a drain: each call looks at what is on the host, begins
/// as many moves as are missing, and tells how far it is. So it can be interrupted and begun again
/// at any time.
public struct HostDrains: Sendable {
    let context: ConductorContext
    let hosts: Hosts
    let instances: Instances

    /// Disables the host for new guests and begins moves, so that at most `parallel` servers move
    /// at the same time: running ones live, unless `cold`, others cold. Cold moves away from the
    /// host are confirmed.
    ///
    /// - Parameter since: moves that failed after this time are not begun again, but told.
    ///
    /// Throws `notFound`.
    public func advance(
        _ id: HostID, parallel: Int, since: Date, cold: Bool, _ caller: Caller
    ) async throws -> HostDrainProgress {
        let view = try hosts.show(id)
        if !view.host.disabled {
            try await hosts.update(id, disabled: true, reason: "drained", forcedDown: nil)
        }
        var progress = HostDrainProgress(remaining: 0, moving: 0, begun: 0, blocked: [])
        let leaving = try leaving(id)
        let here = try context.documents.list(Instance.self).map(\.value).filter {
            $0.state != .deleted
                && ($0.hostID == id || $0.resize?.oldHostID == id
                    || $0.migrationID.map(leaving.contains) ?? false)
        }.sorted { $0.id < $1.id }
        progress.remaining = here.count
        progress.moving = here.count { $0.workflowID != nil }
        let failures = try failures(from: id, since: since)
        for instance in here where instance.workflowID == nil {
            if let failure = failures[instance.id] {
                progress.blocked.append(blocked(instance, "its move failed: \(failure)"))
                continue
            }
            guard progress.moving < parallel else { continue }
            switch Self.command(for: instance, leaving: id, cold: cold) {
            case .failure(let stays): progress.blocked.append(blocked(instance, stays.reason))
            case .success(let command):
                do {
                    try await instances.perform(command, on: instance.id, own(caller))
                    progress.begun += 1
                    progress.moving += 1
                } catch let error as DomainError {
                    progress.blocked.append(blocked(instance, "\(error)"))
                }
            }
        }
        return progress
    }

    /// Each move has its own line in the server's event list.
    private func own(_ caller: Caller) -> Caller {
        var own = caller
        own.requestID = APIRequestID("req-" + context.makeUUID().uuidString.lowercased())
        return own
    }

    private func blocked(_ instance: Instance, _ reason: String) -> HostDrainProgress.Blocked {
        HostDrainProgress.Blocked(instanceID: instance.id, name: instance.name, reason: reason)
    }

    /// Moves away from the host that have not ended. Some of their servers are elsewhere already,
    /// and something is left to be done here.
    private func leaving(_ host: HostID) throws -> Set<MigrationID> {
        Set(
            try context.documents.list(Migration.self).map(\.value)
                .filter { $0.sourceHostID == host && !$0.status.isOver }.map(\.id))
    }

    private func failures(from host: HostID, since: Date) throws -> [InstanceID: String] {
        var failures: [InstanceID: String] = [:]
        for migration in try context.documents.list(Migration.self).map(\.value)
        where migration.sourceHostID == host && migration.createdAt >= since {
            switch migration.status {
            case .failed, .error, .cancelled:
                failures[migration.instanceID] = migration.failure ?? migration.status.rawValue
            default: continue
            }
        }
        return failures
    }

    private struct Stays: Error {
        let reason: String
    }

    private static func command(
        for instance: Instance, leaving host: HostID, cold: Bool
    ) -> Result<InstanceCommand, Stays> {
        switch instance.state {
        case .active: return .success(cold ? .migrate(hostName: nil) : .liveMigrate(hostName: nil))
        case .stopped: return .success(.migrate(hostName: nil))
        case .shelved: return .success(.shelveOffload)
        case .resized where instance.resize?.newHostID != host: return .success(.confirmResize)
        case .resized:
            return .failure(Stays(reason: "it was resized: confirm or revert that first"))
        case .paused: return .failure(Stays(reason: "it is paused: unpause it first"))
        case .suspended: return .failure(Stays(reason: "it is suspended: resume it first"))
        case .rescued: return .failure(Stays(reason: "it is rescued: unrescue it first"))
        case .error: return .failure(Stays(reason: "it is in error: repair or delete it"))
        case .building, .deleted, .shelvedOffloaded:
            return .failure(Stays(reason: "it is \(instance.state.rawValue)"))
        }
    }
}
