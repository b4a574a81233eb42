public import ComputeModel
public import Persistence
public import Scheduler
internal import Synchronization

/// Knows which hosts are alive now. Asked often: must be cheap.
public protocol HostVitals: Sendable {
    /// Whether the host's agent was heard of in time.
    func isUp(_ host: HostID) -> Bool
}

/// The scheduler's fleet, kept in step with the documents: a host is prepared anew when one of its
/// documents changes, and not before it is needed.
public final class FleetIndex: Sendable {
    private static let collections: Set<String> = [
        ComputeHost.collection, HostReport.collection, HostLedger.collection,
        HostAggregate.collection,
    ]

    private struct State {
        var fleet: Fleet
        /// The revision that the fleet shows; nil before the first look.
        var revision: Int64?
        var vitalsAt: ContinuousClock.Instant?
        var buildFailures: [HostID: Int] = [:]
    }

    private let documents: DocumentStore
    private let vitals: any HostVitals
    private let settings: PlacementSettings
    private let state: Mutex<State>

    /// An index over the hosts in `documents`; reads nothing before it is asked.
    public init(
        _ documents: DocumentStore, vitals: any HostVitals, settings: PlacementSettings
    ) {
        self.documents = documents
        self.vitals = vitals
        self.settings = settings
        state = Mutex(State(fleet: Fleet(ratios: settings.ratios)))
    }

    /// The fleet as of now, with the snapshot that it shows. Cheap when little has changed.
    ///
    /// - Parameter refreshVitals: looks at each host anew whether it is alive.
    public func current(
        refreshVitals: Bool = false
    ) throws(StoreError) -> (fleet: Fleet, snapshot: DocumentSnapshot) {
        let result: Result<(Fleet, DocumentSnapshot), StoreError> = state.withLock { state in
            do throws(StoreError) {
                let snapshot = try update(&state)
                lookAfterVitals(&state, always: refreshVitals)
                return .success((state.fleet, snapshot))
            } catch {
                // Half brought up to date: begin anew next time.
                state.revision = nil
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Whether the host is alive at this moment; what is found is remembered for decisions.
    public func isUp(_ host: HostID) -> Bool {
        let isUp = vitals.isUp(host)
        state.withLock { $0.fleet.setUp(host, isUp) }
        return isUp
    }

    /// The zone that the host was in when last looked at; nil for a host that is not known.
    public func zone(of host: HostID) -> String? {
        state.withLock { $0.fleet[host]?.zone }
    }

    /// Notes how a guest's start on the host went: failures make the host a last choice, until a
    /// guest starts there again.
    public func noteBuild(on host: HostID, failed: Bool) {
        state.withLock { state in
            let count = failed ? state.buildFailures[host, default: 0] + 1 : 0
            guard count != state.buildFailures[host, default: 0] else { return }
            state.buildFailures[host] = count
            guard var snapshot = state.fleet[host] else { return }
            snapshot.buildFailures = count
            state.fleet.put(snapshot)
        }
    }

    private func update(_ state: inout State) throws(StoreError) -> DocumentSnapshot {
        let changes = documents.changes(
            after: state.revision ?? -1, in: Self.collections)
        let snapshot = changes.snapshot
        let keys = state.revision == nil ? nil : changes.keys
        guard let keys, !keys.contains(where: { $0.collection == HostAggregate.collection })
        else {
            try rebuild(&state, snapshot)
            return snapshot
        }
        if !keys.isEmpty {
            let zones = try HostZones(snapshot)
            // All three collections of hosts have the host's id for key.
            for id in Set(keys.map(\.id)) {
                try refresh(HostID(id), &state, snapshot, zones)
            }
        }
        state.revision = snapshot.revision
        return snapshot
    }

    private func rebuild(
        _ state: inout State, _ snapshot: DocumentSnapshot
    ) throws(StoreError) {
        state.fleet = Fleet(ratios: settings.ratios)
        let zones = try HostZones(snapshot)
        for host in try snapshot.list(ComputeHost.self) {
            try refresh(host.value.id, &state, snapshot, zones)
        }
        state.revision = snapshot.revision
    }

    private func refresh(
        _ id: HostID, _ state: inout State, _ snapshot: DocumentSnapshot,
        _ zones: HostZones
    ) throws(StoreError) {
        guard let host = try snapshot.get(ComputeHost.self, id.text)?.value else {
            state.fleet.remove(id)
            return
        }
        var view = HostSnapshot(
            host: host, report: try snapshot.get(HostReport.self, id.text)?.value,
            ledger: try snapshot.get(HostLedger.self, id.text)?.value ?? HostLedger(hostID: id),
            isUp: vitals.isUp(id))
        view.zone = zones.zone(of: host)
        view.aggregates = zones.aggregates(ofHostNamed: host.name).map(\.metadata)
        view.buildFailures = state.buildFailures[id] ?? 0
        // Mostly a claim came: that changes little of what was prepared.
        if let added = state.fleet[id]?.claimsAdded(in: view) {
            for claim in added { state.fleet.add(claim, on: id) }
        } else {
            state.fleet.put(view)
        }
    }

    private func lookAfterVitals(_ state: inout State, always: Bool) {
        let now = ContinuousClock.now
        if !always, let last = state.vitalsAt, last.duration(to: now) < settings.vitalsAge {
            return
        }
        state.vitalsAt = now
        state.fleet.setUp(vitals.isUp)
    }
}

extension HostSnapshot {
    /// What `newer` has claimed beyond this; nil if there is any other difference.
    fileprivate func claimsAdded(in newer: HostSnapshot) -> ArraySlice<Claim>? {
        let known = ledger.claims
        guard newer.ledger.claims.count >= known.count,
            newer.ledger.claims.prefix(known.count).elementsEqual(known),
            isUp == newer.isUp, zone == newer.zone, buildFailures == newer.buildFailures,
            host == newer.host, aggregates == newer.aggregates, report == newer.report
        else { return nil }
        return newer.ledger.claims[known.count...]
    }
}
