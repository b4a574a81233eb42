import ComputeModel
import HostDrivers

/// What the drivers showed of our guests in one look.
public struct HostObservation: Sendable, Equatable {
    /// Guests that the hypervisor has.
    public var guests: [InstanceID: ObservedGuest]
    /// VIFs on the switch, by the instance they were plugged for.
    public var vifs: [InstanceID: [PluggedVIF]]
    /// What is stored.
    public var storage: [InstanceID: StoredGuest]

    /// Sorts what the drivers listed.
    public init(
        guests: [ObservedGuest] = [], vifs: [PluggedVIF] = [], storage: [StoredGuest] = []
    ) {
        self.guests = Dictionary(guests.map { ($0.instanceID, $0) }) { first, _ in first }
        self.vifs = Dictionary(grouping: vifs, by: \.instanceID)
        self.storage = Dictionary(storage.map { ($0.instanceID, $0) }) { first, _ in first }
    }

    /// Every instance of which there is a trace.
    public var instances: Set<InstanceID> {
        Set(guests.keys).union(vifs.keys).union(storage.keys)
    }

    /// What there is of one instance.
    public func traces(of instance: InstanceID) -> GuestTraces {
        GuestTraces(
            guest: guests[instance], vifs: vifs[instance] ?? [], stored: storage[instance])
    }
}

/// What one instance has left on the host.
public struct GuestTraces: Sendable, Equatable {
    /// Its domain.
    public var guest: ObservedGuest?
    /// Its ports on the switch.
    public var vifs: [PluggedVIF]
    /// Its files.
    public var stored: StoredGuest?

    /// Whether nothing is left.
    public var isEmpty: Bool { guest == nil && vifs.isEmpty && stored == nil }

    /// Whether it holds its devices now: running, paused, or crashed with its process kept.
    public var isActive: Bool {
        guard let guest else { return false }
        return switch guest.power {
        case .running, .paused, .crashed: true
        case .none, .shutdown, .suspended: false
        }
    }
}

extension HostInventory {
    /// What one look has shown.
    init(_ observation: HostObservation) {
        self.init(
            guests: observation.guests.values.map { guest in
                Guest(
                    instanceID: guest.instanceID, power: guest.power,
                    ports: guest.interfaces.compactMap(\.portID))
            }.sorted { $0.instanceID < $1.instanceID },
            vifs: observation.vifs.values.joined().map {
                VIF(portID: $0.portID, instanceID: $0.instanceID)
            }.sorted { $0.portID < $1.portID },
            stored: observation.storage.keys.sorted())
    }
}
