import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@Suite(.endsTheHung) struct SimulatedDriftTests {
    private let host = SimulatedHost(
        SimulatedHostSpec(
            name: "a", cpus: 4, memoryMiB: 1024,
            pfs: [
                SimulatedPFSpec(
                    vendorID: "15b3", productID: "101d", vfProductID: "101e",
                    physicalNetwork: "p1", vfs: 3, vdpa: 2),
                SimulatedPFSpec(
                    vendorID: "1af4", productID: "1041", vfProductID: "1041",
                    physicalNetwork: nil, vfs: 1, vdpa: 1),
            ]))
    private let vdpa = DeviceID("sim-a-pf0/vf1/vdpa1")
    private let pf = DeviceID("sim-a-pf0")

    private func device(_ id: DeviceID) -> Device? {
        host.snapshot.devices.first { $0.id == id }
    }

    @Test func retypingGoesBothWays() async throws {
        let drivers = host.drivers()
        var events = drivers.devices.changes().makeAsyncIterator()
        let plain = try #require(host.retype(device: vdpa))
        await events.next()
        #expect(plain.text == "sim-a-pf0/vf1")
        #expect(device(plain)?.kind == .vf)
        #expect(device(plain)?.vdpaName == nil)
        #expect(device(vdpa) == nil)
        await #expect(throws: DriverError.self) { try await drivers.devices.resolve(vdpa) }
        await #expect(throws: DriverError.self) { try await drivers.devices.resolve(plain) }
        #expect(host.retype(device: plain) == vdpa)
        _ = try await drivers.devices.resolve(vdpa)
        // A VF that never had one gets a number of its own.
        let third = host.retype(device: DeviceID("sim-a-pf0/vf2"))
        #expect(third?.text == "sim-a-pf0/vf2/vdpa3")
        #expect(host.retype(device: DeviceID("nosuch")) == nil)
        #expect(host.retype(device: pf) == pf)
        #expect(device(pf)?.kind == .pf)
    }

    @Test func aCardMovesWithAllThatIsOnIt() throws {
        let address = try #require(PCIAddress("0000:40:00.0"))
        let away = DeviceID("sim-a-pf0/vf0/vdpa0")
        host.vanish(away)
        host.move(device: pf, to: address)
        host.restore(away)
        let moved = host.snapshot.devices.filter { $0.parentID == pf }
        #expect(moved.map(\.address.description) == (1...3).map { "0000:40:00.\($0)" })
        #expect(moved.allSatisfy { $0.parentAddress == address })
        #expect(device(pf)?.address == address)
        let addresses = host.snapshot.devices.map(\.address)
        #expect(addresses == addresses.sorted())
    }

    @Test func cardsChangePlaces() throws {
        let before = host.snapshot.devices
        let other = DeviceID("sim-a-pf1")
        host.swapCards(pf, other)
        #expect(device(pf)?.address.description == "0000:11:00.0")
        #expect(device(other)?.address.description == "0000:10:00.0")
        #expect(device(vdpa)?.address.description == "0000:11:00.2")
        host.swapCards(pf, other)
        #expect(host.snapshot.devices == before)
        host.swapCards(pf, DeviceID("nosuch"))
        #expect(host.snapshot.devices == before)
    }
}
