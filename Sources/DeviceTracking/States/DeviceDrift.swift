import ComputeModel

/// How a host's devices differ from what its guests own and from how they were, as conditions for
/// operators. Each lasts as long as it is true; changes that harm nobody are told of for
/// ``DeviceMemory/Limits/noticeSeconds``.
///
/// | code | when |
/// |---|---|
/// | `device-vanished` | a guest owns a device that isn't there |
/// | `device-not-offered` | a guest owns a device that `device_spec` doesn't offer any more |
/// | `device-retyped` | a VF carries a vDPA device now and did not before, or the reverse |
/// | `device-moved` | the same identity at another address |
/// | `card-swapped` | another card at the same address |
///
/// Two things keep vDPA guests away from the host while a guest owns a device of the card, since
/// the wrong device might be taken for the right one, or a device be given out twice: a card is
/// swapped for another under the same identity, or says otherwise who it is than before.
public struct DeviceDrift: Sendable {
    /// Conditions with one code at most; the last one then counts the rest.
    public static let conditionsPerCodeMax = 32
    /// The codes of the table above, and the one for a `devname` without its netdev.
    public static let codes: Set<String> = [
        "device-vanished", "device-not-offered", "device-retyped", "device-moved",
        "card-swapped", "devname-missing",
    ]
    /// Numbers of VFs that one condition lists.
    static let indexesShownMax = 8

    private let memory: DeviceMemory
    private let offered: [DeviceID: Device]
    private let hidden: [DeviceID: Device]
    private let owners: [DeviceID: InstanceID]
    private let areOwnersKnown: Bool

    /// Compares what a scan found with what is remembered and owned.
    ///
    /// - Parameters:
    ///   - memory: has observed this scan.
    ///   - offered: the devices that the host offers.
    ///   - notOffered: its other devices.
    ///   - owners: who has which device.
    ///   - areOwnersKnown: false before the first assignments came: then anybody may own anything.
    public init(
        memory: DeviceMemory, offered: [Device], notOffered: [Device],
        owners: [DeviceID: InstanceID], areOwnersKnown: Bool = true
    ) {
        self.memory = memory
        self.offered = Dictionary(offered.map { ($0.id, $0) }) { first, _ in first }
        hidden = Dictionary(notOffered.map { ($0.id, $0) }) { first, _ in first }
        self.owners = owners
        self.areOwnersKnown = areOwnersKnown
    }

    /// The conditions, in the order of the table above; the same for the same facts.
    public var conditions: [HostCondition] {
        [vanished, notOffered, retyped, moved, swapped].flatMap(Self.bounded)
    }

    /// Conditions of any codes, with so many of each as a report may have: the rest is counted.
    public static func boundedByCode(_ conditions: [HostCondition]) -> [HostCondition] {
        var codes: [String] = []
        for condition in conditions where !codes.contains(condition.code) {
            codes.append(condition.code)
        }
        return codes.flatMap { code in bounded(conditions.filter { $0.code == code }) }
    }

    private static func bounded(_ conditions: [HostCondition]) -> [HostCondition] {
        guard conditions.count > conditionsPerCodeMax else { return conditions }
        // Those that block must not be the ones that are left out.
        let sorted = conditions.filter(\.blocksVDPA) + conditions.filter { !$0.blocksVDPA }
        var kept = Array(sorted.prefix(conditionsPerCodeMax))
        kept[kept.count - 1].message =
            "This is so in \(conditions.count - conditionsPerCodeMax + 1) more cases."
        return kept
    }

    // MARK: Owned devices

    private var vanished: [HostCondition] {
        owners.keys.sorted().compactMap { id in
            guard let owner = owners[id], offered[id] == nil, hidden[id] == nil else { return nil }
            let sighting = memory.sightings.first { $0.id == id }
            return HostCondition(
                code: "device-vanished",
                message: "Device \(id), which instance \(owner) owns, is not there"
                    + (sighting.map { "; it was last seen at \($0.address)" } ?? "")
                    + present(instead: sighting)
                    + ". It stays reserved, and can be used again as soon as it is back with the"
                    + " same identity: the same card, VF and vDPA name.",
                blocksVDPA: false)
        }
    }

    /// What the function of a vanished device is now.
    private func present(instead sighting: DeviceSighting?) -> String {
        guard let function = sighting?.function else { return "" }
        let found = (Array(offered.values) + Array(hidden.values)).filter {
            DeviceSighting($0).function == function
        }.min { $0.id < $1.id }
        switch found?.kind {
        case .vdpa: return ", where vDPA device \(found?.vdpaName ?? "?") is now"
        case .vf: return ", where a VF without vDPA device is now"
        default: return ""
        }
    }

    private var notOffered: [HostCondition] {
        owners.keys.sorted().compactMap { id in
            guard let owner = owners[id], offered[id] == nil, let device = hidden[id] else {
                return nil
            }
            return HostCondition(
                code: "device-not-offered",
                message: "Device \(id) at \(device.address), which instance \(owner) owns, is"
                    + " matched by no entry of device_spec any more. The guest keeps it; nobody"
                    + " gets it afterwards.",
                blocksVDPA: false)
        }
    }

    // MARK: Changes

    private func device(_ id: DeviceID) -> Device? { offered[id] ?? hidden[id] }

    private var moved: [HostCondition] {
        let moves = memory.notes.compactMap {
            note -> (card: DeviceID, id: DeviceID, from: PCIAddress, to: PCIAddress)? in
            guard case .moved(let id, let from, let to) = note.change, device(id)?.address == to
            else { return nil }
            return (note.card, id, from, to)
        }
        return Dictionary(grouping: moves, by: \.card).sorted { $0.key < $1.key }.compactMap {
            card, moves in
            let sorted = moves.sorted { $0.id < $1.id }
            guard let first = sorted.first(where: { $0.id == card }) ?? sorted.first else {
                return nil
            }
            let others = moves.count - 1
            return HostCondition(
                code: "device-moved",
                message: "Device \(first.id) moved from \(first.from) to \(first.to)"
                    + (others > 0 ? ", and \(others) more of its card with it" : "")
                    + ". Its identity is the same, so its owners keep it. Check what names"
                    + " addresses: device_spec and representors.",
                blocksVDPA: false)
        }
    }

    private var retyped: [HostCondition] {
        let functions = (Array(offered.values) + Array(hidden.values)).compactMap { device in
            DeviceSighting(device).function.map { ($0, device.kind) }
        }
        let kinds = Dictionary(functions) { $0 == .vdpa ? $0 : $1 }
        var indexes: [DeviceID: [DeviceKind: [Int]]] = [:]
        for note in memory.notes {
            guard case .retyped(let card, let index, _, let to) = note.change,
                kinds[VirtualFunctionKey(parentID: card, vfIndex: index)] == to
            else { continue }
            indexes[card, default: [:]][to, default: []].append(index)
        }
        return indexes.sorted { $0.key < $1.key }.flatMap { card, byKind in
            byKind.sorted { $0.key.rawValue < $1.key.rawValue }.map { kind, indexes in
                HostCondition(
                    code: "device-retyped",
                    message: "\(Self.list(indexes)) of \(card): "
                        + (kind == .vdpa
                            ? "with a vDPA device now, and without one before."
                            : "without a vDPA device now. If there should be one, make it again"
                                + " under the same name ('vdpa dev add')."),
                    blocksVDPA: false)
            }
        }
    }

    /// `VF 0, 1, 2`, cut off where it gets long.
    private static func list(_ indexes: [Int]) -> String {
        let shown = indexes.sorted().prefix(indexesShownMax).map(String.init)
        let rest = indexes.count - shown.count
        return "VF " + shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private var swapped: [HostCondition] {
        let cards = (Array(offered.values) + Array(hidden.values)).map(DeviceSighting.init)
            .filter(\.isCard)
        let present = Dictionary(cards.map { ($0.address, $0.mark) }) { first, _ in first }
        let owned = Set(owners.keys)
        return memory.notes.compactMap { note -> (PCIAddress, HostCondition)? in
            guard case .swapped(let address, let from, let to) = note.change,
                present[address] == to
            else { return nil }
            let isHazard =
                note.isHazard && (!areOwnersKnown || memory.concerns(owned, note))
            return (address, condition(at: address, from, to, blocks: isHazard))
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func condition(
        at address: PCIAddress, _ from: CardMark, _ to: CardMark, blocks: Bool
    ) -> HostCondition {
        var message =
            "At \(address) is card \(to.id) (\(to.vendorID):\(to.productID)) now, where card"
            + " \(from.id) (\(from.vendorID):\(from.productID)) was"
        if from.id == to.id {
            message +=
                ". Neither says who it is, so their devices have the same identities"
                + (blocks
                    ? ", and a guest owns one: delete it, or put the card before back." : ".")
        } else if from.mayBeSame(as: to) {
            message +=
                ". It may be the same card, which says otherwise who it is: its serial number or"
                + " permanent MAC came or went. Its devices have other identities then"
                + (blocks
                    ? ", and a guest owns one under the identity before: delete it, or bring back"
                        + " what named the card (its vital product data, or its netdev)." : ".")
        } else {
            message += device(from.id).map { ", which is at \($0.address)" } ?? ""
            message +=
                ". Devices keep their identities; what names this address in device_spec and"
                + " representors means the card that is there now."
        }
        return HostCondition(code: "card-swapped", message: message, blocksVDPA: blocks)
    }
}
