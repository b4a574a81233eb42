import ComputeModel
import HostDrivers
import SimulatedDrivers
import Synchronization
import TestSupport
import Testing

@Suite(.endsTheHung) struct SimulatedLifecycleTests {
    private let stage = GuestHost()
    private let id = GuestHost.instance
    private var hypervisor: any Hypervisor { stage.drivers.hypervisor }
    private var storage: any GuestStorage { stage.drivers.storage }

    @Test func pausesSavesAndRestores() async throws {
        #expect(await driverFailure { try await hypervisor.pause(id) } == "notFound")
        try await stage.run()
        for _ in 1...2 { try await hypervisor.pause(id) }
        #expect(stage.guest?.power == .paused)
        for _ in 1...2 { try await hypervisor.unpause(id) }
        #expect(stage.guest?.power == .running)
        #expect(await driverFailure { try await hypervisor.undefine(id) } == "refused")
        for _ in 1...2 { try await hypervisor.save(id) }
        #expect(stage.guest?.power == .suspended)
        #expect(await driverFailure { try await hypervisor.unpause(id) } == "notFound")
        #expect(await driverFailure { try await hypervisor.start(id) } == "refused")
        let plan = stage.plan()
        #expect(await driverFailure { try await hypervisor.define(plan) } == "refused")
        for _ in 1...2 { try await hypervisor.restore(id) }
        #expect(stage.guest?.power == .paused)
        try await hypervisor.save(id)
        for _ in 1...2 { try await hypervisor.discardSaved(id) }
        #expect(stage.guest?.power == .shutdown)
        #expect(await driverFailure { try await hypervisor.restore(id) } == "notFound")
        try await hypervisor.start(id)
        try await hypervisor.save(id)
        try await hypervisor.undefine(id)
        #expect(stage.guest == nil)
    }

    @Test func plugsAndUnplugs() async throws {
        try await stage.run()
        for _ in 1...2 { try await hypervisor.attach(id, stage.nic()) }
        #expect(stage.guest?.plan.interfaces == [stage.nic()])
        #expect(await driverFailure { try await hypervisor.save(id) } == "refused")
        var other = stage.nic()
        other.portID = PortID("q")
        #expect(await driverFailure { try await hypervisor.attach(id, other) } == "refused")
        other.characterDevice = "/dev/vhost-vdpa-9"
        #expect(await driverFailure { try await hypervisor.attach(id, other) } == "refused")
        let port = GuestHost.port
        for _ in 1...2 { try await hypervisor.detach(id, port, timeout: .seconds(1)) }
        #expect(stage.guest?.plan.interfaces == [])
    }

    @Test func whoDoesNotListenKeepsItsNICs() async throws {
        try await stage.run(nics: [stage.nic()])
        let port = GuestHost.port
        let detach = { () async throws(DriverError) in
            try await hypervisor.detach(id, port, timeout: .seconds(1))
        }
        stage.host.ignoreUnplug(id)
        #expect(await driverFailure(detach) == "timedOut")
        stage.host.ignoreUnplug(id, false)
        try await hypervisor.pause(id)
        #expect(await driverFailure(detach) == "timedOut")
        #expect(stage.guest?.plan.interfaces.count == 1)
        // A paused guest holds its device, too.
        let device = DeviceID("sim-a-pf0/vf0/vdpa0")
        let setMAC = { () async throws(DriverError) in
            try await stage.drivers.devices.setMAC(device, "02:00:00:00:00:09")
        }
        #expect(await driverFailure(setMAC) == "refused")
        try await hypervisor.destroy(id)
        try await detach()
        #expect(stage.guest?.plan.interfaces == [])
        try await setMAC()
    }

    @Test func announcesWhatIsPlugged() async throws {
        let port = GuestHost.port
        let virtualSwitch = stage.drivers.virtualSwitch
        #expect(await driverFailure { try await virtualSwitch.announce(port) } == "notFound")
        try await virtualSwitch.plug(
            VIFPlug(
                representor: "pf0vf0", portID: port, macAddress: "02:00:00:00:00:01",
                instanceID: id, mtuBytes: 1500, vlanTag: nil))
        try await virtualSwitch.announce(port)
    }

    @Test func aGuestBootsOnlyFromDisksThatAreThere() async throws {
        try await stage.prepare()
        try await hypervisor.define(stage.plan([.rescue, .root(build: 0)]))
        #expect(await driverFailure { try await hypervisor.start(id) } == "refused")
        try await stage.prepare(.rescue)
        try await hypervisor.start(id)
        stage.host.write("tools", toDiskOf: id)
        #expect(stage.disks?[.rescue]?.content == "tools")
        #expect(stage.disks?[.root(build: 0)]?.content == "image image")
        #expect(await driverFailure { try await storage.remove(.rescue, of: id) } == "refused")
        try await hypervisor.destroy(id)
        for _ in 1...2 { try await storage.remove(.rescue, of: id) }
        #expect(try await storage.list().first?.disks == [.root(build: 0)])
    }

    @Test func paths() {
        let paths = [GuestDisk.root(build: 0), .root(build: 2), .rescue].map {
            storage.paths(id, root: $0).root.path
        }
        #expect(
            paths == [
                "/simulated/a/i/root.qcow2", "/simulated/a/i/root-2.qcow2",
                "/simulated/a/i/rescue.qcow2",
            ])
    }

    // MARK: Copies

    private func export(isCopied: Bool) async throws(DriverError) -> [UInt8] {
        let bytes = Mutex<(size: Int64, all: [UInt8])>((0, []))
        try await storage.export(.root(build: 0), of: id, isCopied: isCopied) {
            size, next async throws(DriverError) in
            do {
                while let chunk = try await next() {
                    bytes.withLock { $0 = (size, $0.all + chunk) }
                }
            } catch {
                throw .failed(DriverFault(operation: "", object: "", found: "\(error)"))
            }
        }
        let (size, all) = bytes.withLock { $0 }
        #expect(size == all.count)
        return all
    }

    @Test func copiesAreAsTheDiskWasThen() async throws {
        try await stage.run()
        #expect(await driverFailure { _ = try await export(isCopied: false) } == "refused")
        #expect(await driverFailure { _ = try await export(isCopied: true) } == "notFound")
        stage.host.write("then", toDiskOf: id)
        try await hypervisor.copyRoot(id, to: storage.copyPath(id))
        #expect(try await storage.list().first?.hasCopy == true)
        stage.host.write("now", toDiskOf: id)
        let copy = try await export(isCopied: true)
        #expect(try await storage.list().first?.hasCopy == false)
        try await hypervisor.destroy(id)
        #expect(await driverFailure { try await hypervisor.copyRoot(id, to: "/x") } == "notFound")
        let disk = try await export(isCopied: false)
        #expect(copy.count == disk.count)
        for (bytes, content) in [(copy, "then"), (disk, "now")] {
            #expect(Array(bytes.prefix(8)) == [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3])
            let other = GuestHost("b")
            var image = GuestHost.image
            image.sizeBytes = Int64(bytes.count)
            try await other.prepare(image: image, bytes: bytes)
            #expect(other.disks?[.root(build: 0)]?.content == content)
        }
    }

    @Test func aCopyCanBeRemoved() async throws {
        try await stage.run()
        try await hypervisor.copyRoot(id, to: storage.copyPath(id))
        for _ in 1...2 { try await storage.removeCopy(id) }
        #expect(try await storage.list().first?.hasCopy == false)
    }
}
