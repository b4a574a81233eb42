import ComputeModel
import DeviceTracking
import Foundation
import TestSupport

/// A host as it truly is: cards, functions and claims. What it reports follows from it, and so
/// does, without any code of the product, which device excludes which.
struct PropertyWorld {
    /// What a PCI function is used as.
    enum Use: Int {
        case plain, vdpa, both
    }

    struct Function {
        let card: Int
        /// Nil for the PF or the plain function.
        let index: Int?
        var use = Use.plain
        var name = 0
        var isGone = false
        var isIll = false
        var isDoubled = false
    }

    /// Where an identity truly belongs, whether it is reported or not.
    struct Place: Hashable {
        let serial: Int
        let index: Int?

        /// Whether one owner of both would be two owners of one thing.
        func excludes(_ other: Place) -> Bool {
            serial == other.serial && (index == nil || other.index == nil || index == other.index)
        }
    }

    private(set) var cards: [(card: PropertyCard, bus: UInt8)] = []
    private(set) var functions: [Function] = []
    private(set) var ledger = HostLedger(hostID: HostID("host"))
    private(set) var places: [DeviceID: Place] = [:]
    private(set) var report: [Device] = []
    /// Nil offers everything with the tags that its card has here.
    private var spec: DeviceSpec?

    /// One of `elements`, chosen by the number and what each is named by: the same one whatever
    /// others come and go (rendezvous hashing). Nil if there are none.
    static func pick<Element>(
        _ number: Int, from elements: [Element], key: (Element) -> String
    ) -> Int? {
        elements.indices.max { left, right in
            weight(number, key(elements[left])) < weight(number, key(elements[right]))
        }
    }

    private static func weight(_ number: Int, _ name: String) -> UInt64 {
        // FNV-1a.
        let hash = name.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        var random = SeededRandom(seed: hash ^ UInt64(number))
        return random.next()
    }

    /// Plugs in, takes away and changes. Claims are made by ``add(_:)``.
    mutating func apply(_ operation: PropertyOperation) {
        switch operation {
        case .plugIn(let card): plugIn(card)
        case .take, .boot: break
        case .allocate(let number): setPhase(number, .allocated)
        case .release(let number): setPhase(number, .releasing)
        case .gone(let number):
            if let index = claim(number) { ledger.claims.remove(at: index) }
        case .vanish(let number): change(number) { $0.isGone = true }
        case .comeBack(let number): change(number) { $0.isGone = false }
        case .retype(let number):
            change(number) { $0.use = Use(rawValue: ($0.use.rawValue + 1) % 3) ?? .plain }
        case .rename(let number): change(number) { $0.name += 1 }
        case .renumber(let one, let two):
            guard let left = card(one), let right = card(two) else { break }
            let bus = cards[left].bus
            cards[left].bus = cards[right].bus
            cards[right].bus = bus
        case .fallIll(let number): change(number) { $0.isIll = true }
        case .recover(let number): change(number) { $0.isIll = false }
        case .double(let number): change(number) { $0.isDoubled.toggle() }
        case .configure(let entries): spec = DeviceSpec(entries: entries)
        }
        let devices = functions.flatMap(devices)
        for device in devices { places[device.id] = place(of: device) }
        report = spec?.offered(devices) ?? devices
    }

    private mutating func plugIn(_ card: PropertyCard) {
        guard cards.count < 16 else { return }
        functions.append(Function(card: cards.count, index: nil))
        for index in 0..<(card.virtualFunctions ?? 0) {
            functions.append(Function(card: cards.count, index: index))
        }
        cards.append((card, UInt8(cards.count + 1)))
    }

    private mutating func change(_ number: Int, _ body: (inout Function) -> Void) {
        let index = Self.pick(number, from: functions) {
            "\(cards[$0.card].card.serial).\($0.index ?? -1)"
        }
        if let index { body(&functions[index]) }
    }

    private mutating func setPhase(_ number: Int, _ phase: ClaimPhase) {
        if let index = claim(number) { ledger.claims[index].phase = phase }
    }

    private func claim(_ number: Int) -> Int? {
        Self.pick(number, from: ledger.claims, key: \.instanceID.text)
    }

    private func card(_ number: Int) -> Int? {
        Self.pick(number, from: cards) { "\($0.card.serial)" }
    }

    /// Claims devices for a new instance; gives the ledger as it was.
    mutating func add(_ devices: [DeviceClaim], number: Int) -> HostLedger {
        let before = ledger
        let taken = Set(ledger.claims.map(\.instanceID))
        var instance = InstanceID("i\(number)")
        while taken.contains(instance) { instance = InstanceID(instance.text + "'") }
        ledger.claims.append(
            Claim(
                instanceID: instance, projectID: ProjectID("p"),
                workflowID: WorkflowID("w"),
                capacity: HostCapacity(vcpus: 1, memoryMiB: 1, diskGiB: 1), devices: devices,
                createdAt: Date(timeIntervalSince1970: 0)))
        return before
    }

    /// An available device.
    func device(_ number: Int, of states: DeviceStates) -> DeviceID? {
        let free = states.available
        return Self.pick(number, from: free, key: \.id.text).map { free[$0].id }
    }

    // MARK: What it reports

    private func devices(_ function: Function) -> [Device] {
        if function.isGone { return [] }
        let card = cards[function.card].card
        var kinds: [DeviceKind] = [card.virtualFunctions == nil ? .pci : .pf]
        if function.index != nil {
            kinds = [[.vf], [.vdpa], [.vf, .vdpa]][function.use.rawValue]
        }
        let devices = kinds.map { device(function, card, $0) }
        guard function.isDoubled else { return devices }
        return devices
            + devices.map { device in
                // By its own identity, or by another one.
                var twin = device
                let isRenamed = device.kind == .vdpa && function.name.isMultiple(of: 2)
                if isRenamed { twin.id = DeviceID(device.id.text + "-twin") }
                return twin
            }
    }

    private func device(
        _ function: Function, _ card: PropertyCard, _ kind: DeviceKind
    ) -> Device {
        let parent = DeviceID("card\(card.serial).0")
        let bus = cards[function.card].bus
        var id = parent.text
        if let index = function.index { id += "/vf\(index)" }
        if kind == .vdpa { id += "/vdpa\(function.name)" }
        let number = function.index.map { $0 + 1 } ?? 0
        var device = Device(
            id: DeviceID(id), kind: kind, address: Self.address(bus, number),
            vendorID: card.serial % 3 == 2 ? "8086" : "15b3",
            productID: function.index == nil ? "101d" : "101e")
        if let index = function.index {
            device.parentID = parent
            device.parentAddress = Self.address(bus, 0)
            device.vfIndex = index
        }
        device.numaNode = card.numaNode
        device.cardSerial = "\(card.serial)"
        device.physicalNetwork = card.network
        device.macAddress = "02:00:00:00:00:0\(number)"
        device.macSettable = card.serial.isMultiple(of: 2)
        if function.isIll { device.problems = ["is ill"] }
        if card.isRemoteManaged {
            device.tags = DeviceTags()
            device.tags?.remoteManaged = true
        }
        if let pairs = card.queuePairs {
            device.capabilities = DeviceCapabilities()
            device.capabilities?.queuePairsMax = pairs
        }
        return device
    }

    private static func address(_ bus: UInt8, _ function: Int) -> PCIAddress {
        let address = PCIAddress(
            domain: 0, bus: bus, slot: UInt8(function / 8), function: UInt8(function % 8))
        guard let address else { preconditionFailure("function \(function) is out of range") }
        return address
    }

    private func place(of device: Device) -> Place {
        let serial = device.id.text.prefix { $0 != "." }.dropFirst("card".count)
        return Place(serial: Int(serial) ?? -1, index: device.vfIndex)
    }
}
