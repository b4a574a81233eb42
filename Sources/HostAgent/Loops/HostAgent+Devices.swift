import ComputeModel
import DeviceTracking
import HostDrivers
import Logging

extension HostAgent {
    /// Looks anew when devices may have changed: at once after a quiet time, and not more often
    /// than ``AgentSettings/scanSpacing`` says while netdevs of others come and go without end.
    /// What comes meanwhile is one signal, which the driver keeps.
    func deviceLoop() async {
        for await _ in drivers.devices.changes() {
            hostSignal.notify()
            reconcileSignal.notify()
            guard await pause(settings.scanSpacing) else { return }
        }
    }

    /// Who has which device, by what the control plane wants here. A guest that is to go holds
    /// its devices until it is gone, but nobody waits for those any more.
    var deviceOwners: [DeviceID: InstanceID] {
        var owners: [DeviceID: InstanceID] = [:]
        for assignment in (desired ?? [:]).values where assignment.goal != .absent {
            for interface in assignment.guest.interfaces {
                owners[interface.deviceID] = assignment.instanceID
            }
        }
        return owners
    }

    /// Takes the last scan into the memory that survives restarts.
    func observeDevices() {
        guard let scan = hostReporting.scan else { return }
        var memory = record.devices ?? DeviceMemory()
        memory.observe(
            scan.devices + scan.notOffered,
            owned: desired == nil ? nil : Set(deviceOwners.keys), at: environment.now())
        guard memory != record.devices else { return }
        record.devices = memory
        recordIsDirty = true
        // The next pass saves it.
        reconcileSignal.notify()
    }

    /// What differs from what guests own and from how the devices were. Empty before the first
    /// scan.
    func driftConditions() -> [HostCondition] {
        guard let scan = hostReporting.scan, let memory = record.devices else { return [] }
        return DeviceDrift(
            memory: memory, offered: scan.devices, notOffered: scan.notOffered,
            owners: deviceOwners, areOwnersKnown: desired != nil
        ).conditions
    }
}
