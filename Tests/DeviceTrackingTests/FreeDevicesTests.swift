import ComputeModel
import DeviceTracking
import TestSupport
import Testing

@Suite struct FreeDevicesTests {
    /// Whatever hosts have lived through: what a claim leaves free is what is derived anew.
    @Test func aClaimLeavesWhatTheStatesSay() {
        var taken = 0
        var derived = 0
        for number in 0..<UInt64(1_000 * PropertySettings.factor) {
            var random = SeededRandom(seed: PropertySettings.seed &+ number)
            var world = PropertyWorld()
            // Every third host knows parents by their address only, or by nothing.
            let parents = number % 3
            for operation in PropertyOperation.sequence(&random) {
                world.apply(operation)
                let report = Self.report(world, parents)
                let before = FreeDevices(report, ledger: world.ledger)
                guard let claims = Self.claims(operation, world, report) else { continue }
                _ = world.add(claims, number: taken + derived)
                let expected = FreeDevices(report, ledger: world.ledger)
                var free = before
                guard let places = free.take(claims, of: report) else {
                    derived += 1
                    #expect(free == before)
                    continue
                }
                taken += 1
                #expect(free == expected, "seed \(PropertySettings.seed &+ number)")
                #expect(places.count == before.count - free.count)
                let ids = Set(places.map { report[$0].id })
                #expect(
                    ids.union(free.devices(of: report).map(\.id))
                        == Set(before.devices(of: report).map(\.id)))
            }
        }
        #expect(taken > 1_000)
        #expect(derived > 100)
    }

    @Test func whatIsFreeIsWhatTheStatesSay() {
        var random = SeededRandom(seed: PropertySettings.seed)
        for _ in 0..<100 {
            var world = PropertyWorld()
            for operation in PropertyOperation.sequence(&random) {
                world.apply(operation)
                let free = FreeDevices(world.report, ledger: world.ledger)
                let states = DeviceStates(devices: world.report, ledger: world.ledger)
                #expect(
                    Set(free.devices(of: world.report).map(\.id))
                        == Set(states.available.map(\.id)))
                #expect(free.count == states.available.count)
            }
        }
    }

    @Test func aClaimOfWhatIsNotFreeChangesNothing() {
        let devices = [Card.pf(), Card.vdpa(1), Card.vdpa(2)]
        var free = FreeDevices(devices, ledger: .owning(["vdpa1"]))
        let before = free
        for id in ["vdpa1", "pf", "stranger"] {
            let claims = [DeviceClaim(deviceID: DeviceID(id), alias: "any")]
            #expect(free.take(claims, of: devices) == nil)
        }
        #expect(free == before)
        let claims = [DeviceClaim(deviceID: DeviceID("vdpa2"), alias: "any")]
        #expect(free.take(claims, of: devices) == [2])
        #expect(free.count == 0)
    }

    private static func report(_ world: PropertyWorld, _ parents: UInt64) -> [Device] {
        world.report.map { device in
            var device = device
            if parents > 0 { device.parentID = nil }
            if parents > 1 { device.parentAddress = nil }
            return device
        }
    }

    private static func claims(
        _ operation: PropertyOperation, _ world: PropertyWorld, _ report: [Device]
    ) -> [DeviceClaim]? {
        let states = DeviceStates(devices: report, ledger: world.ledger)
        switch operation {
        case .take(let number):
            return world.device(number, of: states).map {
                [DeviceClaim(deviceID: $0, alias: "any")]
            }
        case .boot(_, let requests):
            return try? DeviceChoice.choose(requests, from: states.available).get()
        default: return nil
        }
    }
}
