import ComputeModel
import Foundation
import Scheduler

/// Hosts and requests to be changed by each test.
enum HostSamples {
    static let time = Date(timeIntervalSince1970: 1_790_000_000)

    /// A host with 8 CPUs, 16 GiB, 100 GiB of disk and `devices` vDPA devices on physnet1.
    static func host(
        _ name: String, devices: Int = 2, _ change: (inout HostSnapshot) -> Void = { _ in }
    ) -> HostSnapshot {
        let id = HostID("id-\(name)")
        let facts = HypervisorFacts(
            type: "simulated", version: 1, libvirtVersion: 1, kernelRelease: "6",
            architecture: "x86_64", cpuModel: "m")
        let report = HostReport(
            hostID: id, cpus: 8, memoryMiB: 16_384, diskGiB: 100,
            numaCells: [NUMACell(id: 0, cpus: Array(0..<8), memoryMiB: 16_384)],
            hypervisor: facts, devices: (0..<devices).map { vdpa(name, $0) }, conditions: [],
            agentVersion: "1", address: "192.0.2.1", reportedAt: time)
        var snapshot = HostSnapshot(
            host: ComputeHost(id: id, name: name, zone: "nova", createdAt: time), report: report,
            ledger: HostLedger(hostID: id), isUp: true)
        change(&snapshot)
        return snapshot
    }

    static func vdpa(_ host: String, _ index: Int) -> Device {
        let address = PCIAddress(domain: 0, bus: 6, slot: 0, function: UInt8(index % 8))
        guard let address else { preconditionFailure("no such function") }
        var device = Device(
            id: DeviceID("\(host)-vdpa\(index)"), kind: .vdpa, address: address,
            vendorID: "15b3", productID: "101e")
        device.physicalNetwork = "physnet1"
        device.macAddress = "02:00:00:00:00:0\(index)"
        device.macSettable = true
        return device
    }

    static func claim(
        _ name: String, vcpus: Int = 0, memoryMiB: Int = 0, diskGiB: Int = 0,
        devices: [String] = []
    ) -> Claim {
        Claim(
            instanceID: InstanceID(name), projectID: ProjectID("p"), workflowID: WorkflowID("w"),
            capacity: HostCapacity(vcpus: vcpus, memoryMiB: memoryMiB, diskGiB: diskGiB),
            devices: devices.map {
                DeviceClaim(deviceID: DeviceID($0), portID: PortID("port-\($0)"))
            },
            createdAt: time)
    }
}
