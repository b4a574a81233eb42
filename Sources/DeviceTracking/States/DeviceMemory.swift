import ComputeModel
import Foundation

/// What an agent remembers of its host's devices over scans and restarts, so that it notices what
/// moved, became something else or was swapped, also while it was not running. See
/// docs/decisions/0011-discovery-follows-the-kernel.md.
///
/// Pure: the same memory, devices and time give the same memory. Devices that are away are
/// remembered too, because after a boot a card is first not there and then elsewhere.
public struct DeviceMemory: Codable, Sendable, Equatable {
    /// Bounds on what is remembered.
    public enum Limits {
        /// A change is told of for so many seconds, or until it is undone.
        public static let noticeSeconds: TimeInterval = 24 * 3_600
        /// A device that is away is forgotten after so many seconds, unless a guest owns it.
        public static let absenceSeconds: TimeInterval = 30 * 24 * 3_600
        /// Devices that are away at most, besides owned ones; the longest away go first.
        public static let absentMax = 4_096
        /// Changes at most; the oldest go first.
        public static let notesMax = 4_096
    }

    /// By identity, each once.
    public private(set) var sightings: [DeviceSighting]
    /// In the order in which they were noticed.
    public private(set) var notes: [DeviceNote]

    /// Nothing seen yet: the first look makes no notes.
    public init() {
        sightings = []
        notes = []
    }

    /// Takes in what a scan found: `devices` are all of the host, offered or not.
    ///
    /// - Parameter owned: devices that guests own; nil while nobody knows, as before an agent has
    ///   its first assignments. Nothing that an owner could need is forgotten then.
    public mutating func observe(_ devices: [Device], owned: Set<DeviceID>?, at now: Date) {
        var present: [DeviceID: DeviceSighting] = Dictionary(minimumCapacity: devices.count)
        for device in devices where present[device.id] == nil {
            present[device.id] = DeviceSighting(device)
        }
        let ordered = present.values.sorted { $0.id < $1.id }
        for (change, card) in changes(ordered) { note(change, card, now) }
        let kept = notes.filter { note in
            now.timeIntervalSince(note.noticedAt) < Limits.noticeSeconds
                || (note.isHazard && (owned.map { concerns($0, note) } ?? true))
        }
        notes = Array(kept.suffix(Limits.notesMax))
        let away = absent(besides: present, owned: owned, at: now)
        sightings = (ordered + away).sorted { $0.id < $1.id }
    }

    /// Whether somebody owns the card that a note is about, or something on it; where the card
    /// was swapped for another, that counts of both.
    func concerns(_ owned: Set<DeviceID>, _ note: DeviceNote) -> Bool {
        if concerns(owned, note.card) { return true }
        guard case .swapped(_, let from, _) = note.change else { return false }
        return concerns(owned, from.id)
    }

    /// Whether somebody owns the card or something on it.
    func concerns(_ owned: Set<DeviceID>, _ card: DeviceID) -> Bool {
        owned.contains { id in
            id == card || id.text.hasPrefix(card.text + "/")
                || sightings.contains { $0.id == id && $0.parentID == card }
        }
    }

    private mutating func note(_ change: DeviceNote.Change, _ card: DeviceID, _ now: Date) {
        var change: DeviceNote.Change? = change
        if let index = notes.firstIndex(where: { note in
            change.map { note.change.isAboutSame(as: $0) } ?? false
        }) {
            change = change.flatMap { notes[index].change.followed(by: $0) }
            notes.remove(at: index)
        }
        if let change {
            notes.append(DeviceNote(change: change, card: card, noticedAt: now))
        }
    }

    /// The devices that were here before and are away.
    private func absent(
        besides present: [DeviceID: DeviceSighting], owned: Set<DeviceID>?, at now: Date
    ) -> [DeviceSighting] {
        let away = sightings.filter { present[$0.id] == nil }.map { sighting in
            var sighting = sighting
            sighting.absentSince = sighting.absentSince ?? now
            return sighting
        }
        let others = away.filter { sighting in
            guard let owned else { return true }
            return !owned.contains(sighting.id)
                && now.timeIntervalSince(sighting.lastSeen) < Limits.absenceSeconds
        }.sorted { $0.lastSeen > $1.lastSeen }
        return away.filter { owned?.contains($0.id) ?? false } + others.prefix(Limits.absentMax)
    }

    // MARK: Changes

    /// What differs between what is remembered and `present`, with the card concerned.
    private func changes(_ present: [DeviceSighting]) -> [(DeviceNote.Change, DeviceID)] {
        guard !sightings.isEmpty else { return [] }
        return moves(present) + retypings(present) + swaps(present)
    }

    private func moves(_ present: [DeviceSighting]) -> [(DeviceNote.Change, DeviceID)] {
        let before = Dictionary(sightings.map { ($0.id, $0.address) }) { first, _ in first }
        return present.compactMap { now in
            // Others are numbered, not plugged.
            guard now.isCard || now.function != nil, let from = before[now.id],
                from != now.address
            else { return nil }
            return (.moved(now.id, from: from, to: now.address), now.parentID ?? now.id)
        }
    }

    private func retypings(_ present: [DeviceSighting]) -> [(DeviceNote.Change, DeviceID)] {
        let before = Self.newest(sightings) { $0.function }
        // Should a VF be listed beside its vDPA device, the latter says what it is.
        return Self.newest(present) { $0.function }.values.compactMap { now in
            guard let function = now.function, let old = before[function], old.kind != now.kind
            else { return nil }
            return (
                .retyped(
                    card: function.parentID, vfIndex: function.vfIndex, from: old.kind,
                    to: now.kind),
                function.parentID
            )
        }.sorted { ($0.1, $0.0.vfIndex) < ($1.1, $1.0.vfIndex) }
    }

    private func swaps(_ present: [DeviceSighting]) -> [(DeviceNote.Change, DeviceID)] {
        let before = Self.newest(sightings.filter(\.isCard)) { $0.address }
        return present.filter(\.isCard).compactMap { now in
            guard let old = before[now.address], old.mark != now.mark else { return nil }
            return (.swapped(at: now.address, from: old.mark, to: now.mark), now.id)
        }
    }

    /// The newest sighting for each key; of those as new, a vDPA device, else the first.
    private static func newest<Key: Hashable>(
        _ sightings: [DeviceSighting], by key: (DeviceSighting) -> Key?
    ) -> [Key: DeviceSighting] {
        var newest: [Key: DeviceSighting] = [:]
        for sighting in sightings {
            guard let key = key(sighting) else { continue }
            guard let known = newest[key] else {
                newest[key] = sighting
                continue
            }
            let isNewer =
                sighting.lastSeen > known.lastSeen
                || (sighting.lastSeen == known.lastSeen && sighting.kind == .vdpa
                    && known.kind != .vdpa)
            if isNewer { newest[key] = sighting }
        }
        return newest
    }
}

extension DeviceNote {
    /// Whether a wrong device could be given to somebody: the address has another card under the
    /// same identity, so that who owns a device of the card before would get one of the card now;
    /// or it may well be the same card under another form of identity, so that an owned device
    /// would look free under its new one.
    var isHazard: Bool {
        guard case .swapped(_, let from, let to) = change else { return false }
        return from.id == to.id || from.mayBeSame(as: to)
    }
}

extension DeviceNote.Change {
    fileprivate var vfIndex: Int {
        if case .retyped(_, let index, _, _) = self { index } else { 0 }
    }
}
