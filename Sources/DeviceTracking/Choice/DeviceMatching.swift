import ComputeModel

/// The devices that may serve some request, grouped into classes of like ones, and the matching of
/// requests and classes. Devices are taken by their index in `devices`.
struct DevicePool {
    /// Devices that no request tells apart.
    struct Group {
        /// One of them.
        let sample: Int
        /// The requests that take one, by index, ascending.
        let takers: [Int]
        let distance: Int
        let rank: DeviceRank
        /// Where they stand against other devices.
        let sides: [DeviceRivalry]
    }

    /// Everything that a choice depends on.
    struct Question {
        let requests: [DeviceRequest]
        let devices: [Device]
        let guestCells: [Int]?
        let sockets: [Int: Int]
    }

    private(set) var groups: [Group] = []
    /// The devices with their groups, the one to be given first in front.
    private(set) var order: [(device: Int, group: Int)] = []

    init(_ question: Question) {
        let devices = question.devices
        var members = Self.likeDevices(question)
        members.removeAll { $0.takers.isEmpty }
        let all = members.flatMap(\.devices)
        let contested =
            question.requests.count > 1
            ? DeviceRivalry.contested(devices, all.sorted { Self.precedes(devices, $0, $1) })
            : [:]
        for like in members {
            for (sides, indices) in Dictionary(grouping: like.devices, by: { contested[$0] ?? [] })
            {
                let device = devices[like.devices[0]]
                let distance = question.guestCells.map {
                    DeviceRank.distance(
                        device.numaNode, guestCells: $0, sockets: question.sockets)
                }
                order += indices.map { ($0, groups.count) }
                groups.append(
                    Group(
                        sample: indices[0], takers: like.takers, distance: distance ?? 0,
                        rank: DeviceRank(of: device), sides: sides))
            }
        }
        sort(devices)
    }

    /// Nearest, then poorest, then lowest address; so the result depends on no input's order.
    private mutating func sort(_ devices: [Device]) {
        let positions = groups.indices.sorted { groups[$0] < groups[$1] }
        var levels = [Int](repeating: 0, count: groups.count)
        var level = 0
        for (number, group) in positions.enumerated() {
            if number > 0, groups[positions[number - 1]] < groups[group] { level += 1 }
            levels[group] = level
        }
        order.sort { left, right in
            levels[left.group] == levels[right.group]
                ? Self.precedes(devices, left.device, right.device)
                : levels[left.group] < levels[right.group]
        }
    }

    private static func precedes(_ devices: [Device], _ left: Int, _ right: Int) -> Bool {
        devices[left].address == devices[right].address
            ? devices[left].id < devices[right].id
            : devices[left].address < devices[right].address
    }

    private static func likeDevices(
        _ question: Question
    ) -> [(devices: [Int], takers: [Int])] {
        let kinds = question.requests.reduce(into: Set<DeviceKind>()) { $0.formUnion($1.kinds) }
        let macs = Set(question.requests.compactMap(\.requiredMAC))
        let devices = question.devices
        var classes: [(devices: [Int], takers: [Int])] = []
        var last = 0
        for index in devices.indices where kinds.contains(devices[index].kind) {
            if last < classes.count, alike(devices, classes[last].devices[0], index, macs) {
                classes[last].devices.append(index)
            } else if let found = classes.firstIndex(where: {
                alike(devices, $0.devices[0], index, macs)
            }) {
                classes[found].devices.append(index)
                last = found
            } else {
                last = classes.count
                classes.append(([index], question.takers(of: devices[index])))
            }
        }
        return classes
    }

    /// Whether no request and no preference tells the two apart, but for their place. By index:
    /// a device that is passed is copied, and that costs more than all these comparisons.
    private static func alike(
        _ devices: [Device], _ left: Int, _ right: Int, _ macs: Set<String>
    ) -> Bool {
        guard devices[left].kind == devices[right].kind,
            devices[left].numaNode == devices[right].numaNode,
            devices[left].macSettable == devices[right].macSettable,
            devices[left].vendorID == devices[right].vendorID,
            devices[left].productID == devices[right].productID,
            devices[left].physicalNetwork == devices[right].physicalNetwork,
            devices[left].tags == devices[right].tags,
            devices[left].capabilities == devices[right].capabilities
        else { return false }
        if devices[left].macSettable || devices[left].macAddress == devices[right].macAddress {
            return true
        }
        return ![devices[left].macAddress, devices[right].macAddress]
            .contains { $0.map(macs.contains) ?? false }
    }
}

extension DevicePool.Group: Comparable {
    static func == (left: Self, right: Self) -> Bool {
        left.distance == right.distance && left.rank == right.rank
    }

    static func < (left: Self, right: Self) -> Bool {
        left.distance == right.distance ? left.rank < right.rank : left.distance < right.distance
    }
}

extension DevicePool.Question {
    /// The requests that `device` serves, by index.
    fileprivate func takers(of device: Device) -> [Int] {
        requests.indices.filter { refusal(of: device, for: requests[$0]) == nil }
    }

    /// Why `device` can't serve `request`, near or far.
    func refusal(of device: Device, for request: DeviceRequest) -> DeviceRefusal? {
        if let refusal = request.refusal(of: device) { return refusal }
        return guestCells.flatMap {
            request.numaRefusal(of: device, guestCells: $0, sockets: sockets)
        }
    }
}

/// A matching of requests and groups of devices, made by Kuhn's augmenting paths from the
/// devices' side. Sets of devices that can all be matched form a matroid, so that taking each
/// device in order of preference when it can be added gives the best set there is.
struct DeviceMatching {
    private let pool: DevicePool
    private let requestCount: Int
    /// The group that serves each request.
    private var groups: [Int?]
    private var isVisited: [Bool]
    /// Positions in the pool's order of the devices taken, ascending: the lower, the better, one
    /// by one.
    private(set) var taken: [Int] = []

    /// Serves as many of the first `requestCount` requests as can be, without the groups that
    /// stand on a side in `forbidden`.
    init(_ pool: DevicePool, requestCount: Int, forbidden: Set<DeviceRivalry> = []) {
        self.pool = pool
        self.requestCount = requestCount
        groups = [Int?](repeating: nil, count: requestCount)
        isVisited = []
        var isClosed = pool.groups.map { !forbidden.isDisjoint(with: $0.sides) }
        for (position, next) in pool.order.enumerated() where !isClosed[next.group] {
            if isComplete { break }
            isVisited = [Bool](repeating: false, count: requestCount)
            // What can't be added now can't be added later.
            if place(next.group) { taken.append(position) } else { isClosed[next.group] = true }
        }
    }

    /// Whether each request has a device.
    var isComplete: Bool { taken.count == requestCount }

    /// Finds a request for one more device of `group`, moving others if need be.
    private mutating func place(_ group: Int) -> Bool {
        let takers = pool.groups[group].takers.prefix { $0 < requestCount }
        // Who has none comes first, so that early requests keep the devices preferred most.
        if let request = takers.first(where: { groups[$0] == nil }) {
            groups[request] = group
            return true
        }
        for request in takers where !isVisited[request] {
            isVisited[request] = true
            guard let holder = groups[request], place(holder) else { continue }
            groups[request] = group
            return true
        }
        return false
    }

    /// The device of each request, by index; only of a complete matching.
    var devices: [Int] {
        var stock = Dictionary(grouping: taken.reversed(), by: { pool.order[$0].group })
        return groups.compactMap { group in
            group.flatMap { stock[$0]?.popLast() }.map { pool.order[$0].device }
        }
    }

    /// A side on which a device was taken although one of its opponents was, too.
    var conflict: DeviceRivalry? {
        let sides = taken.flatMap { pool.groups[pool.order[$0].group].sides }
        if sides.isEmpty { return nil }
        let present = Set(sides)
        return sides.first { present.contains($0.opponent) }
    }
}
