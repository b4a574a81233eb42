import ComputeModel
import DeviceTracking
import Foundation
import Persistence
import Placement

/// Compute hosts as operators and the API see them.
public struct Hosts: Sendable {
    private let context: ConductorContext
    private let liveness: HostLiveness

    /// The hosts in `context`'s documents.
    public init(_ context: ConductorContext, liveness: HostLiveness) {
        self.context = context
        self.liveness = liveness
    }

    /// All hosts, ordered by name.
    public func list() throws -> [HostView] {
        let snapshot = context.documents.snapshot()
        let zones = try HostZones(snapshot)
        return try snapshot.list(ComputeHost.self).map { try view($0.value, snapshot, zones) }
            .sorted { $0.host.name < $1.host.name }
    }

    /// One host. Throws `notFound` under `noun`, as the API calls it.
    public func show(_ id: HostID, as noun: Noun = .host) throws -> HostView {
        let snapshot = context.documents.snapshot()
        guard let host = try snapshot.get(ComputeHost.self, id.text) else {
            throw DomainError.notFound(noun, id.text)
        }
        return try view(host.value, snapshot, HostZones(snapshot))
    }

    /// Changes whether new guests may come, and whether the host is declared dead. Nil leaves a
    /// value as it is.
    @discardableResult
    public func update(
        _ id: HostID, disabled: Bool?, reason: String?, forcedDown: Bool?
    ) async throws -> HostView {
        _ = try show(id, as: .service)
        try await context.documents.mutate(ComputeHost.self, id.text) { host in
            if let disabled {
                host.disabled = disabled
                host.disabledReason = disabled ? reason : nil
            }
            if let forcedDown { host.forcedDown = forcedDown }
            host.updatedAt = context.now()
        }
        return try show(id)
    }

    /// Whether the host's agent was heard of in time and nobody declared the host dead.
    public func isUp(_ host: ComputeHost) -> Bool {
        !host.forcedDown && liveness.isUp(host.id)
    }

    /// Whether the host of that id is alive; false for one that is not known.
    public func isUp(_ id: HostID) throws -> Bool {
        try context.documents.get(ComputeHost.self, id.text).map { isUp($0.value) } ?? false
    }

    private func view(
        _ host: ComputeHost, _ snapshot: DocumentSnapshot, _ zones: HostZones
    ) throws -> HostView {
        let ledger = try snapshot.get(HostLedger.self, host.id.text)?.value
        return HostView(
            host: host, report: try snapshot.get(HostReport.self, host.id.text)?.value,
            ledger: ledger ?? HostLedger(hostID: host.id),
            zone: zones.zone(of: host), isUp: isUp(host),
            silence: liveness.silence(of: host.id))
    }
}

/// A host with all that is known of it.
public struct HostView: Sendable {
    /// As configured.
    public let host: ComputeHost
    /// Its last report.
    public let report: HostReport?
    /// What is claimed on it.
    public let ledger: HostLedger
    /// The zone it is in: an aggregate's, else its own.
    public let zone: String
    /// Whether it is alive.
    public let isUp: Bool
    /// How long ago it was heard of; nil when it was not since this server started.
    public let silence: Duration?

    /// Its devices with their states, ordered by address.
    public var devices: DeviceStates {
        DeviceStates(devices: report?.devices ?? [], ledger: ledger)
    }
}
