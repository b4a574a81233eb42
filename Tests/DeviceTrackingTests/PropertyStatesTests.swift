import ComputeModel
import DeviceTracking
import Foundation
import TestSupport
import Testing

/// Random lives of hosts: see ``PropertyOperation`` for what may happen, ``PropertyInvariants`` for
/// what must hold.
@Suite struct PropertyStatesTests {
    @Test func invariantsHoldWhateverHappens() {
        var harness = PropertyHarness { DeviceStates(devices: $0, ledger: $1) }
        let failure = harness.run(
            count: 2_000 * PropertySettings.factor, seed: PropertySettings.seed)
        if let failure { Issue.record("\(failure)") }
        #expect(harness.claimCount > harness.sequenceCount)
        print(
            "device states: \(harness.sequenceCount) sequences, \(harness.operationCount)"
                + " operations, \(harness.claimCount) claims from seed \(PropertySettings.seed)")
    }

    /// What is stored and read again gives the same states: nothing else goes into them.
    @Test func statesDependOnReportAndLedgerAlone() throws {
        var random = SeededRandom(seed: PropertySettings.seed)
        for _ in 0..<40 {
            var world = PropertyWorld()
            for operation in PropertyOperation.sequence(&random) {
                world.apply(operation)
                let states = DeviceStates(devices: world.report, ledger: world.ledger)
                guard case .take(let number) = operation,
                    let device = world.device(number, of: states)
                else { continue }
                _ = world.add([DeviceClaim(deviceID: device, alias: "any")], number: number)
            }
            let report = try JSONEncoder().encode(world.report)
            let ledger = try JSONEncoder().encode(world.ledger)
            let states = DeviceStates(
                devices: try JSONDecoder().decode([Device].self, from: report),
                ledger: try JSONDecoder().decode(HostLedger.self, from: ledger))
            let direct = DeviceStates(devices: world.report, ledger: world.ledger)
            #expect(states.isSame(as: direct))
        }
    }

    /// A fault as one might make it, and the steps that show it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: Int
        let derive: PropertyDerivation
    }

    static let faults = [
        Fault(testDescription: "forgets the owners of what is not reported", steps: 3) {
            devices, ledger in
            var known = ledger
            let reported = Set(devices.map(\.id))
            for index in known.claims.indices {
                known.claims[index].devices.removeAll { !reported.contains($0.deviceID) }
            }
            return DeviceStates(devices: devices, ledger: known)
        },
        Fault(testDescription: "gives away what is being released", steps: 3) { devices, ledger in
            var known = ledger
            known.claims.removeAll { $0.phase == .releasing }
            return DeviceStates(devices: devices, ledger: known)
        },
        Fault(testDescription: "knows functions by address alone", steps: 5) { devices, ledger in
            var plain = devices
            for index in plain.indices { plain[index].vfIndex = nil }
            return DeviceStates(devices: plain, ledger: ledger)
        },
        Fault(testDescription: "knows no parents", steps: 2) { devices, ledger in
            var plain = devices
            for index in plain.indices {
                plain[index].parentID = nil
                plain[index].parentAddress = nil
            }
            return DeviceStates(devices: plain, ledger: ledger)
        },
        Fault(testDescription: "sees the first of a crowd only", steps: 2) { devices, ledger in
            var seen: Set<DeviceID> = []
            return DeviceStates(
                devices: devices.filter { seen.insert($0.id).inserted }, ledger: ledger)
        },
    ]

    /// The harness finds each fault soon and leaves no step in its answer that isn't needed.
    @Test(arguments: faults)
    func faultsAreFoundAndShrunk(fault: Fault) throws {
        var harness = PropertyHarness(fault.derive)
        let found = harness.run(count: 2_000, seed: PropertySettings.seed)
        let failure = try #require(found)
        #expect(failure.operations.count <= fault.steps, "\(failure)")
        let again = harness.violation(failure.operations, seed: failure.seed)
        #expect(again == failure.message)
        for index in failure.operations.indices {
            var fewer = failure.operations
            fewer.remove(at: index)
            let passing = harness.violation(fewer, seed: failure.seed)
            #expect(passing == nil)
        }
        #expect("\(failure)".hasPrefix("seed \(failure.seed): "))
    }
}
