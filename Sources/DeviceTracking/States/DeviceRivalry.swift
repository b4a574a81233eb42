import ComputeModel

/// Devices of which one instance can have one side only: a PF or what is behind it, a VF or the
/// vDPA device on the same function.
struct DeviceRivalry: Hashable {
    /// The PF's identity, or the function's address.
    enum Place: Hashable {
        case card(DeviceID)
        case function(PCIAddress)
    }

    let place: Place
    /// The PF's side of a card, the vDPA device's side of a function.
    let isUpperSide: Bool

    var opponent: DeviceRivalry { DeviceRivalry(place: place, isUpperSide: !isUpperSide) }

    /// The sides that `device` stands on.
    static func sides(of device: Device, parents: [PCIAddress: DeviceID]) -> [DeviceRivalry] {
        if device.kind == .pf {
            return [DeviceRivalry(place: .card(device.id), isUpperSide: true)]
        }
        guard !device.isSoftware, device.kind != .pci else { return [] }
        var sides = [
            DeviceRivalry(place: .function(device.address), isUpperSide: device.kind == .vdpa)
        ]
        if let parent = device.parentID ?? device.parentAddress.flatMap({ parents[$0] }) {
            sides.append(DeviceRivalry(place: .card(parent), isUpperSide: false))
        }
        return sides
    }

    /// For each of `devices`, given by index, the sides whose opponents are also among them; most
    /// choices have none, and are then a plain matching.
    static func contested(_ devices: [Device], _ indices: [Int]) -> [Int: [DeviceRivalry]] {
        let kinds = indices.reduce(into: Set<DeviceKind>()) { $0.insert(devices[$1].kind) }
        // Opponents are of different kinds.
        guard kinds.count > 1, !kinds.isDisjoint(with: [.vf, .vdpa]) else { return [:] }
        var parents: [PCIAddress: DeviceID] = [:]
        for index in indices where devices[index].kind == .pf {
            parents[devices[index].address] = devices[index].id
        }
        var sides: [Int: [DeviceRivalry]] = [:]
        var present: Set<DeviceRivalry> = []
        for index in indices {
            let own = Self.sides(of: devices[index], parents: parents)
            sides[index] = own
            present.formUnion(own)
        }
        return sides.compactMapValues { own in
            let met = own.filter { present.contains($0.opponent) }
            return met.isEmpty ? nil : met
        }
    }
}
