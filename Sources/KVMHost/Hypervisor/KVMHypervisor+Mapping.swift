internal import ComputeModel
internal import Foundation
internal import HostDrivers
internal import Libvirt
internal import Logging

extension KVMHypervisor {
    /// What is wrong when the device of a guest can't reach the guest's memory.
    func unmapped(_ call: GuestCall) -> DriverError {
        let limit =
            facts.vhostMappingsMax.map { "; vhost_vdpa allows \($0) pieces (max_iotlb_entries)" }
            ?? ""
        return .failed(
            call.fault(
                "QEMU could not map the guest's memory for its vDPA device, so the NIC would be"
                    + " dead" + limit,
                advice: "Raise it by 'options vhost_vdpa max_iotlb_entries=NUMBER' in"
                    + " /etc/modprobe.d and load the module anew, or give the guest huge pages;"
                    + " QEMU's own words are in /var/log/libvirt/qemu on this host"))
    }

    /// Takes a NIC that doesn't work out again, so that nobody finds it there and believes in it.
    /// A guest whose CPUs stand still keeps it until they run.
    func withdraw(_ port: UUID, _ call: GuestCall) async {
        do throws(DriverError) {
            guard let view = try await view(call) else { return }
            for (domain, change) in [
                (view.defined, DeviceChange.config), (view.live, DeviceChange.live),
            ] {
                guard let alias = domain.interface(of: port)?.alias else { continue }
                try await run(call) { connection throws(LibvirtError) in
                    try await connection.detachDevice(alias: alias, from: call.uuid, change)
                }
            }
        } catch {
            logger.warning(
                "a NIC that can't work is still in the guest",
                metadata: ["guest": "\(call.instance)", "port": "\(port)", "reason": "\(error)"])
        }
    }
}
