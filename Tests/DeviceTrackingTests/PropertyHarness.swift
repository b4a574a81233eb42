import ComputeModel
import DeviceTracking
import TestSupport

/// A sequence that breaks an invariant, cut down to the steps that are needed for it.
struct PropertyFailure: CustomStringConvertible {
    let seed: UInt64
    let operations: [PropertyOperation]
    let message: String

    var description: String {
        let steps = operations.enumerated().map { "  \($0.offset): \($0.element)" }
        return (["seed \(seed): \(message), by"] + steps).joined(separator: "\n")
    }
}

/// Runs sequences of operations on a ``PropertyWorld`` and looks at the invariants after each.
struct PropertyHarness {
    let derive: PropertyDerivation
    private(set) var sequenceCount = 0
    private(set) var operationCount = 0
    /// Claims that were made, to see that the sequences are not idle.
    private(set) var claimCount = 0

    init(_ derive: @escaping PropertyDerivation) { self.derive = derive }

    /// The first failure among `count` sequences, shrunk.
    mutating func run(count: Int, seed: UInt64) -> PropertyFailure? {
        for number in 0..<UInt64(count) {
            // Each sequence has a seed of its own, by which it can be run alone.
            let own = seed &+ number
            var random = SeededRandom(seed: own)
            let operations = PropertyOperation.sequence(&random)
            sequenceCount += 1
            guard violation(operations, seed: own) != nil else { continue }
            let least = shrink(operations, seed: own)
            return PropertyFailure(
                seed: own, operations: least,
                message: violation(least, seed: own) ?? "passed at the second try")
        }
        return nil
    }

    /// The first broken invariant.
    mutating func violation(_ operations: [PropertyOperation], seed: UInt64) -> String? {
        var random = SeededRandom(seed: seed)
        var world = PropertyWorld()
        var states = derive(world.report, world.ledger)
        for operation in operations {
            operationCount += 1
            var before: HostLedger?
            switch operation {
            case .take(let number):
                guard let device = world.device(number, of: states) else { continue }
                before = world.add([DeviceClaim(deviceID: device, alias: "any")], number: number)
            case .boot(let number, let requests):
                let choice = DeviceChoice.choose(requests, from: states.available)
                guard case .success(let claims) = choice else { continue }
                let fault = PropertyClaims.violation(
                    claims, for: requests, from: states.available)
                if let fault { return fault }
                before = world.add(claims, number: number)
            default: world.apply(operation)
            }
            if let before {
                claimCount += 1
                // Without the claim everything is again as it was.
                if !derive(world.report, before).isSame(as: states) { return "claims linger" }
            }
            states = derive(world.report, world.ledger)
            let invariants = PropertyInvariants(world: world, states: states)
            if let fault = invariants.violation(&random, derive) { return fault }
        }
        return nil
    }

    /// Takes steps out, half of them at first, as long as what is left still fails; then pairs of
    /// steps, one of which may only undo the other.
    private mutating func shrink(
        _ operations: [PropertyOperation], seed: UInt64
    ) -> [PropertyOperation] {
        var least = operations
        var size = max(1, least.count / 2)
        while true {
            let before = least.count
            var start = 0
            while start < least.count {
                let end = min(start + size, least.count)
                if !cut(&least, [start..<end], seed: seed) { start += size }
            }
            if size == 1, least.count == before, !cutPair(&least, seed: seed) { return least }
            size = max(1, size / 2)
        }
    }

    private mutating func cutPair(_ operations: inout [PropertyOperation], seed: UInt64) -> Bool {
        for second in operations.indices {
            for first in 0..<second
            where cut(&operations, [second..<second + 1, first..<first + 1], seed: seed) {
                return true
            }
        }
        return false
    }

    /// Takes the steps in `ranges` out, the last first, if what is left still fails.
    private mutating func cut(
        _ operations: inout [PropertyOperation], _ ranges: [Range<Int>], seed: UInt64
    ) -> Bool {
        var shorter = operations
        for range in ranges { shorter.removeSubrange(range) }
        guard violation(shorter, seed: seed) != nil else { return false }
        operations = shorter
        return true
    }
}
