import ComputeModel
import DeviceTracking

/// What devices have in common as far as requests can tell them apart, but for their MAC and their
/// NUMA node. A fleet has few classes and many devices.
struct DeviceClass: Hashable, Sendable {
    let kind: DeviceKind
    let vendorID: String
    let productID: String
    let physicalNetwork: String?
    let tags: DeviceTags?
    let capabilities: DeviceCapabilities?

    init(_ device: Device) {
        kind = device.kind
        vendorID = device.vendorID
        productID = device.productID
        physicalNetwork = device.physicalNetwork?.lowercased()
        tags = device.tags
        capabilities = device.capabilities
    }
}

/// The classes of a fleet, and how many free devices of each class each host has: one column of
/// counts a class, so that a scan over all hosts adds up numbers and touches no device.
struct DeviceClassTable: Sendable {
    private var numbers: [DeviceClass: Int] = [:]
    /// One device of each class.
    private(set) var samples: [Device] = []
    /// Free devices by class, then by the host's position.
    private(set) var free: [ContiguousArray<UInt16>] = []

    /// Adds a host at the end.
    mutating func appendHost() {
        for index in free.indices { free[index].append(0) }
    }

    /// Takes the last host away after moving it to `position`.
    mutating func removeHost(at position: Int) {
        for index in free.indices {
            free[index].swapAt(position, free[index].count - 1)
            free[index].removeLast()
        }
    }

    /// Replaces the counts of one host.
    mutating func setFree(_ devices: [Device], at position: Int, hostCount: Int) {
        for index in free.indices where free[index][position] != 0 { free[index][position] = 0 }
        for device in devices {
            let number = number(of: device, hostCount: hostCount)
            if free[number][position] < .max { free[number][position] += 1 }
        }
    }

    /// Takes one device out of the counts of a host. False when they are too high to be exact, and
    /// have to be replaced.
    mutating func take(_ device: Device, at position: Int) -> Bool {
        guard let number = numbers[DeviceClass(device)],
            (1..<UInt16.max).contains(free[number][position])
        else { return false }
        free[number][position] -= 1
        return true
    }

    /// Classes whose devices can serve `request`, whatever their MACs.
    func serving(_ request: DeviceRequest) -> [Int] {
        var anyMAC = request
        anyMAC.requiredMAC = nil
        return samples.indices.filter { anyMAC.refusal(of: samples[$0]) == nil }
    }

    private mutating func number(of device: Device, hostCount: Int) -> Int {
        let key = DeviceClass(device)
        if let number = numbers[key] { return number }
        numbers[key] = samples.count
        samples.append(device)
        free.append(ContiguousArray(repeating: 0, count: hostCount))
        return samples.count - 1
    }
}
