import Foundation
import Testing

@testable import ComputeModel

/// The table of states, pair by pair, as it must be: `=` the same, `x` allowed, `.` refused.
@Suite struct InstanceStateTests {
    private static let order: [InstanceState] = [
        .building, .active, .stopped, .paused, .suspended, .rescued, .resized, .shelved,
        .shelvedOffloaded, .error, .deleted,
    ]
    private static let rows: [(InstanceState, String)] = [
        (.building, "= x . . . . . . . x x"),
        (.active, ". = x x x x x x x x x"),
        (.stopped, ". x = . . x x x . x x"),
        (.paused, ". x x = . . . x . x x"),
        (.suspended, ". x x . = . . x . x x"),
        (.rescued, ". x x . . = . . . x x"),
        (.resized, ". x x . . . = . . x x"),
        (.shelved, ". x x x x . . = x x x"),
        (.shelvedOffloaded, ". x . . . . . . = x x"),
        (.error, ". x x . . x . . . = x"),
        (.deleted, ". . . . . . . . . . ="),
    ]

    @Test func theTableIsWhole() {
        #expect(Set(Self.order) == Set(InstanceState.allCases))
        #expect(Self.rows.map(\.0) == Self.order)
    }

    @Test(arguments: rows)
    func onlyWhatTheTableHasIsEntered(from state: InstanceState, row: String) throws {
        let cells = row.split(separator: " ")
        try #require(cells.count == Self.order.count)
        for (next, cell) in zip(Self.order, cells) {
            var instance = Self.instance(state)
            if cell == "." {
                #expect(
                    throws: InstanceStateError.notAllowed(instance.id, from: state, to: next)
                ) { try instance.enter(next) }
                #expect(instance.state == state, "what is refused changes nothing")
            } else {
                #expect(throws: Never.self, "\(state) to \(next)") { try instance.enter(next) }
                #expect(instance.state == next)
            }
        }
    }

    @Test func aRefusalNamesInstanceAndStates() {
        let text =
            "\(InstanceStateError.notAllowed(InstanceID("i-1"), from: .deleted, to: .active))"
        for word in ["i-1", "deleted", "active"] { #expect(text.contains(word)) }
    }

    private static func instance(_ state: InstanceState) -> Instance {
        var instance = Instance(
            id: InstanceID("i-1"), projectID: ProjectID("p"), userID: UserID("u"), name: "vm",
            hostname: "vm",
            flavor: Flavor(id: FlavorID("f"), name: "f", vcpus: 1, memoryMiB: 64, diskGiB: 1),
            imageID: ImageID("image"), reservationID: "r-1",
            createdAt: Date(timeIntervalSince1970: 0))
        instance.state = state
        return instance
    }
}
