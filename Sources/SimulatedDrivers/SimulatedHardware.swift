import ComputeModel
import HostDrivers

/// The hardware of a simulated host. Everything follows from its description: the same host has
/// the same devices, ids, addresses and MACs in every run.
struct SimulatedHardware: Sendable {
    let devices: [Device]
    let probe: HypervisorProbe

    init(_ spec: SimulatedHostSpec) {
        devices = Self.devices(spec)
        probe = HypervisorProbe(
            facts: HypervisorFacts(
                type: "simulated", version: 10_000_000, libvirtVersion: 11_000_000,
                kernelRelease: "6.12.0-simulated", architecture: "x86_64",
                cpuModel: "Simulated"),
            cpus: spec.cpus, memoryMiB: spec.memoryMiB, numaCells: Self.numaCells(spec))
    }

    /// What does not divide goes to the last cell.
    private static func numaCells(_ spec: SimulatedHostSpec) -> [NUMACell] {
        let count = max(spec.numaNodes, 1)
        var cells = (0..<count).map { number in
            let first = spec.cpus / count * number
            let isLast = number == count - 1
            let end = isLast ? spec.cpus : spec.cpus / count * (number + 1)
            let even = spec.memoryMiB / count
            var cell = NUMACell(
                id: number, cpus: Array(first..<end),
                memoryMiB: isLast ? spec.memoryMiB - even * number : even)
            cell.socket = number * (spec.sockets ?? count) / count
            let pools = spec.hugePages.map {
                HugePagePool(
                    pageSizeKiB: $0.sizeKiB,
                    count: $0.count / count + (number < $0.count % count ? 1 : 0))
            }
            cell.hugePages = pools.isEmpty ? nil : pools
            return cell
        }
        dedicate(spec.dedicatedCPUs, in: &cells)
        return cells
    }

    /// One from the end of each cell in turn, until there are enough.
    private static func dedicate(_ count: Int, in cells: inout [NUMACell]) {
        var counts = [Int](repeating: 0, count: cells.count)
        var left = min(count, cells.reduce(0) { $0 + $1.cpus.count })
        while left > 0 {
            for index in cells.indices where left > 0 && counts[index] < cells[index].cpus.count {
                counts[index] += 1
                left -= 1
            }
        }
        for index in cells.indices where counts[index] > 0 {
            cells[index].dedicatedCPUs = Array(cells[index].cpus.suffix(counts[index]))
        }
    }

    private static func devices(_ spec: SimulatedHostSpec) -> [Device] {
        var devices: [Device] = []
        var nextVDPA = 0
        for (index, card) in spec.pfs.enumerated() {
            let pfID = "sim-\(spec.name)-pf\(index)"
            guard let pfAddress = address(card: index, function: 0) else { continue }
            var pf = Device(
                id: DeviceID(pfID), kind: .pf, address: pfAddress, vendorID: card.vendorID,
                productID: card.productID)
            pf.numaNode = card.numaNode
            pf.physicalNetwork = card.physicalNetwork
            pf.macAddress = macAddress(spec.name, card: index, function: 0)
            pf.interfaceName = "pf\(index)"
            pf.cardSerial = "SIM-\(spec.name)-\(index)"
            pf.capabilities = SimulatedCapabilities.of(card, .pf)
            devices.append(pf)
            for vf in 0..<card.vfs {
                guard let vfAddress = address(card: index, function: vf + 1) else { continue }
                let isVDPA = vf < card.vdpa
                let suffix = isVDPA ? "/vdpa\(nextVDPA)" : ""
                var device = Device(
                    id: DeviceID("\(pfID)/vf\(vf)\(suffix)"), kind: isVDPA ? .vdpa : .vf,
                    address: vfAddress, vendorID: card.vendorID, productID: card.vfProductID)
                device.parentAddress = pfAddress
                device.parentID = pf.id
                device.vfIndex = vf
                device.numaNode = card.numaNode
                device.physicalNetwork = card.physicalNetwork
                device.vdpaName = isVDPA ? "vdpa\(nextVDPA)" : nil
                device.macAddress = macAddress(spec.name, card: index, function: vf + 1)
                device.macSettable = !card.fixedMAC
                device.representor = "pf\(index)vf\(vf)"
                device.cardSerial = pf.cardSerial
                device.capabilities = SimulatedCapabilities.of(card, device.kind)
                devices.append(device)
                if isVDPA { nextVDPA += 1 }
            }
        }
        return devices
    }

    /// Each card has a bus of its own; functions follow one another over slots.
    private static func address(card: Int, function: Int) -> PCIAddress? {
        PCIAddress(
            domain: 0, bus: UInt8(0x10 + card), slot: UInt8(function >> 3),
            function: UInt8(function & 7))
    }

    /// Locally administered: 29 bits from the host's name, then card and function.
    static func macAddress(_ hostName: String, card: Int, function: Int) -> String {
        // FNV-1a, 64 bits: spreads similar names, and is the same in every process.
        let hash = hostName.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
        }
        let value = (hash >> 35) << 11 | UInt64(card) << 7 | UInt64(function)
        let bytes = [0x02] + (0..<5).map { UInt8(truncatingIfNeeded: value >> (8 * (4 - $0))) }
        return bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
