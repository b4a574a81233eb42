import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@Suite(.endsTheHung) struct SimulatedHostTests {
    private let spec = SimulatedHostSpec(
        name: "a", cpus: 5, memoryMiB: 1001, numaNodes: 2,
        pfs: [
            SimulatedPFSpec(
                vendorID: "15b3", productID: "101d", vfProductID: "101e",
                physicalNetwork: "p1", vfs: 9, vdpa: 2, numaNode: 1),
            SimulatedPFSpec(
                vendorID: "1af4", productID: "1041", vfProductID: "1041",
                physicalNetwork: nil, vfs: 1, vdpa: 1, fixedMAC: true),
        ])

    @Test func hardwareFollowsFromTheDescription() async throws {
        let drivers = SimulatedHost(spec).drivers()
        let devices = try await drivers.devices.scan().devices
        #expect(devices == SimulatedHost(spec).snapshot.devices)
        #expect(devices.map(\.kind).filter { $0 == .pf }.count == 2)
        #expect(devices.map(\.kind).filter { $0 == .vf }.count == 7)
        #expect(devices.map(\.kind).filter { $0 == .vdpa }.count == 3)
        #expect(devices.map(\.address) == devices.map(\.address).sorted())
        #expect(Set(devices.map(\.macAddress)).count == devices.count)
        #expect(Set(devices.map(\.id)).count == devices.count)
        let ninth = try #require(devices.first { $0.vfIndex == 8 })
        #expect(ninth.address.description == "0000:10:01.1")
        #expect(ninth.parentAddress?.description == "0000:10:00.0")
        let fixed = try #require(devices.last)
        #expect(fixed.vdpaName == "vdpa2")
        #expect(!fixed.macSettable)
        #expect(fixed.parentID == DeviceID("sim-a-pf1"))
    }

    @Test func numaCellsShareEverything() async throws {
        let probe = try await SimulatedHost(spec).drivers().hypervisor.probe()
        #expect(probe.numaCells.map(\.cpus) == [[0, 1], [2, 3, 4]])
        #expect(probe.numaCells.map(\.memoryMiB) == [500, 501])
    }

    @Test func namesMakeDifferentMACs() {
        let hosts = FleetDescription.standard(hosts: 200).hosts.map { SimulatedHost($0) }
        let macs = hosts.flatMap { $0.snapshot.devices.compactMap(\.macAddress) }
        #expect(Set(macs).count == macs.count)
    }

    /// Whoever watches late or slowly sees the host as it is in the end, not as it was.
    @Test func theNewestChangeIsSeenLast() async throws {
        var crowded = spec
        crowded.pfs[0].vfs = 64
        crowded.pfs[0].vdpa = 64
        for _ in 0..<300 {
            let host = SimulatedHost(crowded)
            var changes = host.changes().makeAsyncIterator()
            await withTaskGroup(of: Void.self) { group in
                for device in host.snapshot.devices where device.kind == .vdpa {
                    group.addTask { host.vanish(device.id) }
                }
            }
            #expect(await changes.next() == host.snapshot)
        }
    }

    @Test func devicesAreLookedUpNow() async throws {
        let host = SimulatedHost(spec)
        let devices = host.drivers().devices
        let id = DeviceID("sim-a-pf0/vf1/vdpa1")
        #expect(try await devices.resolve(id).characterDevice == "/dev/vhost-vdpa-1")
        host.renumberDevices(by: 5)
        #expect(try await devices.resolve(id).characterDevice == "/dev/vhost-vdpa-6")
        host.vanish(id)
        await #expect {
            _ = try await devices.resolve(id)
        } throws: {
            if case DriverError.notFound = $0 { true } else { false }
        }
        host.restore(id)
        #expect(try await devices.resolve(id).representor == "pf0vf1")
        await #expect(throws: DriverError.self) {
            try await devices.resolve(DeviceID("sim-a-pf0/vf5"))
        }
    }

    @Test func faultsComeWhenTheyWereOrdered() async throws {
        let host = SimulatedHost(spec)
        let storage = host.drivers().storage
        host.set(.transient(), on: .capacity, call: 2)
        _ = try await storage.capacity()
        await #expect(throws: DriverError.self) { try await storage.capacity() }
        _ = try await storage.capacity()
        host.set(.permanent(), on: .capacity)
        await #expect(throws: DriverError.self) { try await storage.capacity() }
        await #expect(throws: DriverError.self) { try await storage.capacity() }
        host.heal()
        _ = try await storage.capacity()
    }

    @Test func aStalledCallEndsByReleaseOrCancellation() async throws {
        let host = SimulatedHost(spec)
        let storage = host.drivers().storage
        host.set(.stall, on: .capacity)
        let cancelled = Task { try await storage.capacity() }
        cancelled.cancel()
        await #expect(throws: DriverError.self) { try await cancelled.value }
        async let released = storage.capacity()
        // Whether the call has stalled yet or not: it goes on.
        host.heal()
        #expect(try await released.totalGiB == 10_000)
    }

    @Test func deadDriversDoNothing() async throws {
        let host = SimulatedHost(spec)
        let before = host.drivers()
        let after = host.drivers()
        await #expect(throws: DriverError.self) { try await before.storage.capacity() }
        host.sever(atCall: 2)
        _ = try await after.storage.capacity()
        await #expect(throws: DriverError.self) {
            try await after.hypervisor.undefine(InstanceID("i"))
        }
        await #expect(throws: DriverError.self) { try await after.storage.capacity() }
        #expect(host.calls.count == 1)
    }

    @Test func aLyingCallHasNoEffect() async throws {
        let host = SimulatedHost(spec)
        let drivers = host.drivers()
        let vif = VIFPlug(
            representor: "pf0vf0", portID: PortID("p"), macAddress: "02:00:00:00:00:01",
            instanceID: InstanceID("i"), mtuBytes: 1500, vlanTag: nil)
        host.set(.lie, on: .plug)
        try await drivers.virtualSwitch.plug(vif)
        #expect(host.snapshot.vifs.isEmpty)
        host.heal()
        try await drivers.virtualSwitch.plug(vif)
        try await drivers.virtualSwitch.plug(vif)
        #expect(host.snapshot.vifs.count == 1)
    }
}
