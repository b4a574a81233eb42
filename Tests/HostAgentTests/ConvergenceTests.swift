import ComputeModel
import HostDrivers
import Testing

@testable import HostAgent

/// Every goal from every situation, killed after any number of steps: the rest leads to the same
/// end, and nothing is done to a guest that it can't bear.
@Suite struct ConvergenceTests {
    static let powers: [GuestPower?] = [nil, .running, .paused, .shutdown, .crashed, .suspended]
    static let nics: [[Int]] = [[], [1], [1, 2], [2, 3]]
    static let wires: [[Int]] = [[], [1, 2], [1, 2, 3]]

    struct Wish: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let assignment: Assignment

        init(_ name: String, _ goal: AssignmentGoal, _ change: (inout Assignment) -> Void) {
            var assignment = Fixture.assignment(goal, generation: 2)
            change(&assignment)
            testDescription = "\(goal) \(name)"
            self.assignment = assignment
        }
    }

    static let wishes: [Wish] =
        [AssignmentGoal.running, .paused, .suspended, .stopped, .absent].flatMap { goal in
            [
                Wish("", goal) { _ in },
                Wish("defined anew, hard", goal) { $0.definedSince = 2 },
                Wish("defined anew, soft, another root", goal) {
                    $0.definedSince = 2
                    $0.restart = .soft
                    $0.guest.rootBuild = 1
                    $0.guest.keptRootBuilds = [0]
                },
                Wish("rescued", goal) {
                    $0.definedSince = 2
                    $0.guest.rescue = Fixture.image
                },
                Wish("exported", goal) { $0.export = DiskExport(imageID: ImageID("copy")) },
            ]
        }
        + [AssignmentGoal.running, .paused].flatMap { goal in
            [
                Wish("leaving", goal) { $0.departure = Fixture.departure },
                Wish("arriving", goal) { $0.arrival = Fixture.arrival },
            ]
        }

    private var situations: [GuestWorld] {
        Self.powers.flatMap { power in
            // No memory can be saved while there are NICs.
            (power == nil || power == .suspended ? [[]] : Self.nics).flatMap { nics in
                Self.wires.map { wires in
                    var world = GuestWorld()
                    world.power = power
                    world.nics = nics.map(Fixture.port)
                    world.plugged = Set(wires.map(Fixture.port))
                    world.remembered = RecordedGuest(
                        generation: 1, goal: .running, phase: .settled, wasBuilt: true)
                    return world
                }
            }
        }
    }

    @Test(arguments: wishes)
    func fromEverySituation(_ wish: Wish) {
        var stories: [String] = []
        for start in situations {
            let first = start.steps(wish.assignment)
            for count in 0...first.count {
                var world = start
                for step in first.prefix(count) { world.apply(step, wish.assignment) }
                let giveUp = converge(&world, wish.assignment)
                let isRight =
                    giveUp
                    ? mayGiveUp(wish.assignment, start) : isAsWished(world, wish.assignment)
                if !isRight || !world.violations.isEmpty {
                    stories.append("\(count) of \(first) from \(start) to \(world)")
                }
            }
        }
        #expect(stories.prefix(3) == [], "\(stories.count) stories")
    }

    /// True when the assignment was given up.
    private func converge(_ world: inout GuestWorld, _ assignment: Assignment) -> Bool {
        for _ in 0..<6 {
            let steps = world.steps(assignment)
            if case .giveUp? = steps.first { return true }
            for step in steps { world.apply(step, assignment) }
            // Announcing and starting are remembered: nothing shows that they were done.
            if steps.contains(.announce(Fixture.port(1))) {
                world.remembered?.generation = assignment.generation
                world.remembered?.phase = .settled
            }
            if steps.isEmpty { return false }
        }
        Issue.record("no end: \(world.steps(assignment)) in \(world)")
        return false
    }

    private func mayGiveUp(_ assignment: Assignment, _ start: GuestWorld) -> Bool {
        if assignment.departure != nil { return !start.isAlive || start.power == .paused }
        return assignment.goal == .paused && start.power == .paused
    }

    private func isAsWished(_ world: GuestWorld, _ assignment: Assignment) -> Bool {
        let ports = Set(assignment.guest.interfaces.map(\.portID))
        let isExported =
            assignment.export == nil
            || world.remembered?.exported == assignment.export?.imageID
        let isWired = world.plugged == ports
        if assignment.departure != nil { return world.power == nil && world.plugged.isEmpty }
        if assignment.arrival != nil, !world.isAlive { return true }
        switch assignment.goal {
        case .running: return world.power == .running && isWired && isExported && hasNICs(world)
        case .paused: return world.power == .paused && isWired && isExported && hasNICs(world)
        case .stopped: return world.power == .shutdown && isWired && isExported && hasNICs(world)
        case .suspended:
            return !world.isAlive && world.plugged.isEmpty && isExported
                && (world.power != .suspended || world.violations.isEmpty)
        case .absent:
            return world.power == nil && world.plugged.isEmpty && world.disks.isEmpty
                && world.remembered == nil
        }
    }

    private func hasNICs(_ world: GuestWorld) -> Bool {
        Set(world.nics) == [Fixture.port(1), Fixture.port(2)]
    }
}
