import ComputeModel
import DeviceTracking
import Foundation
import Scheduler

/// Hosts and requests to measure with: the same every time.
enum FleetFixture {
    static let devicesPerHost = 64
    static let time = Date(timeIntervalSince1970: 1_790_000_000)
    static let ratios = OvercommitRatios(cpu: 4)

    /// `count` hosts of 128 CPUs and 1 TiB in two NUMA nodes, each with 64 vDPA devices of one
    /// card a node.
    static func hosts(_ count: Int) -> [HostSnapshot] { (0..<count).map { host($0) } }

    static func host(_ number: Int) -> HostSnapshot {
        let digits = String(number)
        let name = "host-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        let id = HostID("00000000-0000-4000-8000-0000000\(name.dropFirst(5))")
        let facts = HypervisorFacts(
            type: "QEMU", version: 10_000_000, libvirtVersion: 11_000_000,
            kernelRelease: "6.12.0", architecture: "x86_64", cpuModel: "model")
        let report = HostReport(
            hostID: id, cpus: 128, memoryMiB: 1 << 20, diskGiB: 20_000,
            numaCells: (0..<2).map {
                NUMACell(id: $0, cpus: Array($0 * 64..<($0 + 1) * 64), memoryMiB: 1 << 19)
            },
            hypervisor: facts, devices: devices(number), conditions: [], agentVersion: "1",
            address: "192.0.2.1", reportedAt: time)
        return HostSnapshot(
            host: ComputeHost(id: id, name: name, zone: "nova", createdAt: time),
            report: report, ledger: HostLedger(hostID: id), isUp: true)
    }

    private static func devices(_ host: Int) -> [Device] {
        (0..<devicesPerHost).compactMap { index in
            let (card, function) = (index / 32, index % 32 + 1)
            guard
                let address = PCIAddress(
                    domain: 0, bus: UInt8(0x10 + card), slot: UInt8(function >> 3),
                    function: UInt8(function & 7)),
                let parent = PCIAddress(
                    domain: 0, bus: UInt8(0x10 + card), slot: 0, function: 0)
            else { return nil }
            let card0 = "MT\(host)X\(card).0"
            var device = Device(
                id: DeviceID("\(card0)/vf\(index % 32)/vdpa\(index)"), kind: .vdpa,
                address: address, vendorID: "15b3", productID: "101e")
            device.parentAddress = parent
            device.parentID = DeviceID(card0)
            device.vfIndex = index % 32
            device.numaNode = card
            device.physicalNetwork = "physnet1"
            device.vdpaName = "vdpa\(index)"
            device.macAddress = "02:00:00:00:0\(card):\(10 + index)"
            device.macSettable = true
            device.representor = "pf\(card)vf\(index % 32)"
            return device
        }
    }

    static func request(devices count: Int, _ name: String = "p") -> PlacementRequest {
        var request = PlacementRequest(
            capacity: HostCapacity(vcpus: 1, memoryMiB: 1_024, diskGiB: 10),
            devices: (0..<count).map {
                DeviceRequest(
                    portID: PortID("\(name)-\($0)"), kind: .vdpa, physicalNetwork: "physnet1")
            })
        request.vnicTypes = [.vdpa]
        return request
    }
}
