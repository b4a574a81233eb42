import ComputeModel
import Testing

@testable import Conductor

/// Every state that workflows bring instances to may follow the one that they begin in, and what
/// they may have to take back leads back: no undo is stopped by the table of states.
@Suite struct WorkflowTransitionTests {
    /// What a workflow does to the state.
    struct Way: CustomTestStringConvertible {
        let testDescription: String
        let from: Set<InstanceState>
        let to: (InstanceState) -> [InstanceState]
        /// Whether it can be taken back behind its last change of the state.
        var isUndone = true
    }

    private static let changes: [(GuestChange, InstanceCommand?)] = [
        (.start, .start), (.stop, .stop), (.reboot(.soft), .reboot(.soft)),
        (.reboot(.hard), .reboot(.hard)), (.pause, .pause), (.unpause, .unpause),
        (.suspend, .suspend), (.resume, .resume), (.rescue(ImageID("i")), .rescue(image: nil)),
        (.unrescue, .unrescue),
    ]

    private static func states(_ command: InstanceCommand) -> Set<InstanceState> {
        InstanceRules.states(for: command)
    }

    static var ways: [Way] {
        let guests = changes.map { change, command in
            Way(
                testDescription: "\(change)", from: command.map(states) ?? [],
                to: { [change.state(after: $0)] })
        }
        let live: Set<InstanceState> = [.active, .stopped]
        return guests + [
            Way(
                testDescription: "rebuild", from: [.active, .stopped, .error],
                to: { $0 == .stopped ? [.stopped] : [.active] }),
            Way(testDescription: "unshelve in place", from: [.shelved], to: { _ in [.active] }),
            Way(
                testDescription: "unshelve", from: [.shelvedOffloaded], to: { _ in [.active] }),
            Way(testDescription: "shelve", from: states(.shelve), to: { _ in [.shelved] }),
            Way(
                testDescription: "offload", from: [.shelved], to: { _ in [.shelvedOffloaded] },
                isUndone: false),
            Way(
                testDescription: "move", from: states(.migrate(hostName: nil)),
                to: { _ in [.resized] }),
            Way(
                testDescription: "confirm, revert", from: [.resized],
                to: { _ in Array(live) }, isUndone: false),
            Way(
                testDescription: "live migration", from: states(.liveMigrate(hostName: nil)),
                to: { _ in [.active] }),
            Way(
                testDescription: "evacuation",
                from: states(.evacuate(hostName: nil, endsStopped: false)),
                to: { _ in Array(live) }, isUndone: false),
            Way(
                testDescription: "create", from: [.building], to: { _ in [.active] },
                isUndone: false),
            Way(
                testDescription: "reset", from: Set(InstanceState.allCases).subtracting([.deleted]),
                to: { _ in [.active, .error] }, isUndone: false),
            Way(
                testDescription: "delete",
                from: Set(InstanceState.allCases).subtracting([.deleted]),
                to: { _ in [.deleted] }, isUndone: false),
        ]
    }

    @Test func everyWayIsOpen() {
        for way in Self.ways {
            #expect(!way.from.isEmpty, "\(way.testDescription)")
            for before in way.from {
                for after in way.to(before) {
                    Self.expect(before, after, way)
                    guard after != .deleted else { continue }
                    // A guest that is broken, or a deletion that is given up.
                    Self.expect(before, .error, way)
                    Self.expect(after, .error, way)
                    guard way.isUndone else { continue }
                    Self.expect(after, before, way)
                    // Saved and paused memory is lost with the guest's power.
                    guard before == .paused || before == .suspended else { continue }
                    Self.expect(before, .stopped, way)
                    Self.expect(after, .stopped, way)
                }
            }
        }
    }

    private static func expect(_ from: InstanceState, _ to: InstanceState, _ way: Way) {
        #expect(
            from == to || from.successors.contains(to),
            "\(way.testDescription): \(from) to \(to)")
    }
}
