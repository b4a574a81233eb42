import ComputeModel
import DeviceTracking
import TestSupport

/// A card as it is plugged in: how many VFs, where, and what the operator says of it.
struct PropertyCard: Sendable, Equatable {
    /// Names the card for ever.
    var serial: Int
    /// Nil for a function that is neither PF nor VF.
    var virtualFunctions: Int?
    var numaNode: Int?
    var network: String?
    var isRemoteManaged: Bool
    var queuePairs: Int?
}

/// One step in the life of a host. A number picks one of what there is at that time by
/// ``PropertyWorld/pick(_:from:key:)``, so that a sequence keeps its meaning when steps that have
/// nothing to do with it are taken out.
enum PropertyOperation: Sendable {
    case plugIn(PropertyCard)
    /// Claims an available device for a new instance.
    case take(Int)
    /// Has devices chosen for a new instance, named by the number, and claims them.
    case boot(Int, [DeviceRequest])
    case allocate(Int)
    case release(Int)
    /// The host says that the guest is gone: the claim ends.
    case gone(Int)
    case vanish(Int)
    case comeBack(Int)
    /// A function turns from VF to vDPA device, to both at once, and back.
    case retype(Int)
    /// The vDPA device of a function is made anew by another name.
    case rename(Int)
    /// Two cards change their places.
    case renumber(Int, Int)
    case fallIll(Int)
    case recover(Int)
    /// A function is reported twice, or once again.
    case double(Int)
    /// The host offers only what these entries match, and tags it by them.
    case configure([DeviceSpecEntry])
}

extension PropertyOperation {
    static func random(_ random: inout SeededRandom, serial: Int) -> PropertyOperation {
        let which = random.below(1 << 30)
        switch random.below(31) {
        case 0: return .plugIn(.random(&random, serial: serial))
        case 1...6: return .take(which)
        case 7...10:
            let count = 1 + random.below(3)
            return .boot(which, (0..<count).map { DeviceRequest.random(&random, number: $0) })
        case 11, 12: return .allocate(which)
        case 13, 14: return .release(which)
        case 15, 16: return .gone(which)
        case 17...19: return .vanish(which)
        case 20, 21: return .comeBack(which)
        case 22...24: return .retype(which)
        case 25: return .rename(which)
        case 26: return .renumber(which, random.below(1 << 30))
        case 27: return .fallIll(which)
        case 28: return .recover(which)
        case 29:
            return .configure((0..<random.below(4)).map { _ in DeviceSpecEntry.random(&random) })
        default: return .double(which)
        }
    }

    /// A host with one to three cards, and what happens to it.
    static func sequence(_ random: inout SeededRandom) -> [PropertyOperation] {
        let cards = 1 + random.below(3)
        let plugged = (0..<cards).map { PropertyOperation.plugIn(.random(&random, serial: $0)) }
        let steps = 4 + random.below(16)
        return plugged
            + (0..<steps).map { PropertyOperation.random(&random, serial: cards + $0) }
    }
}

extension PropertyCard {
    static func random(_ random: inout SeededRandom, serial: Int) -> PropertyCard {
        PropertyCard(
            serial: serial, virtualFunctions: random.oneIn(5) ? nil : random.below(5),
            numaNode: random.pick([nil, 0, 0, 1]),
            network: random.pick([nil, "physnet1", "physnet1", "PhysNet2"]),
            isRemoteManaged: random.oneIn(8), queuePairs: random.pick([nil, 2, 8]))
    }
}

extension DeviceSpecEntry {
    static func random(_ random: inout SeededRandom) -> DeviceSpecEntry {
        var entry = DeviceSpecEntry()
        entry.productID = random.pick([nil, "101d", "101e"])
        if random.oneIn(3) { entry.vendorID = random.pick(["15b3", "8086"]) }
        entry.physicalNetwork = random.pick([nil, "physnet1", "physnet2"])
        if random.oneIn(3) {
            entry.tags = DeviceTags()
            entry.tags?.remoteManaged = random.oneIn(2)
            entry.tags?.trusted = random.pick([nil, true, false])
        }
        return entry
    }
}

extension DeviceRequest {
    static func random(_ random: inout SeededRandom, number: Int) -> DeviceRequest {
        var request: DeviceRequest
        if random.oneIn(3) {
            request = DeviceRequest(
                portID: PortID("port\(number)"), kind: random.pick(DeviceKind.allCases),
                physicalNetwork: random.pick([nil, "physnet1", "physnet2"]))
        } else {
            let forms = (0...random.below(2)).map { _ in DeviceDemand.random(&random) }
            request = DeviceRequest(alias: "alias", number: number, alternatives: forms)
            if random.oneIn(5) { request.network = .wired(to: "physnet1") }
        }
        if random.oneIn(8) { request.requiredMAC = "02:00:00:00:00:0\(random.below(4))" }
        if random.oneIn(8) { request.requirements.queuePairsMin = random.pick([1, 4, 8]) }
        request.numaPolicy = random.pick(NUMAAffinityPolicy.allCases)
        return request
    }
}

extension DeviceDemand {
    static func random(_ random: inout SeededRandom) -> DeviceDemand {
        let kinds = DeviceKind.allCases.filter { _ in random.oneIn(2) }
        var demand = DeviceDemand(kinds: kinds.isEmpty ? [.vf] : Set(kinds))
        if random.oneIn(6) { demand.vendorID = random.pick(["15b3", "8086"]) }
        if random.oneIn(5) { demand.productID = random.pick(["101e", "101d"]) }
        demand.remoteManaged = random.oneIn(8)
        return demand
    }
}
