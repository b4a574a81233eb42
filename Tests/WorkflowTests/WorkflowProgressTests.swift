import Testing

@testable import Workflow

@Suite struct WorkflowProgressTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: Int
        var cancelBefore: Int?
        let events: [WorkflowProgress.Event]
        let actions: [WorkflowProgress.Action]
        let status: WorkflowStatus

        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "all well", steps: 3,
            events: [.stepSucceeded, .stepSucceeded, .stepSucceeded],
            actions: [.run(1), .run(2), .none], status: .succeeded),
        Case(
            name: "the first fails", steps: 3, events: [.stepFailed, .undoSucceeded],
            actions: [.undo(0), .none], status: .failed),
        Case(
            name: "the last fails", steps: 3,
            events: [
                .stepSucceeded, .stepSucceeded, .stepFailed, .undoSucceeded, .undoSucceeded,
                .undoSucceeded,
            ],
            actions: [.run(1), .run(2), .undo(2), .undo(1), .undo(0), .none], status: .failed),
        Case(
            name: "an undo is stuck and retried", steps: 2,
            events: [
                .stepSucceeded, .stepFailed, .undoFailed, .retried, .undoSucceeded,
                .undoSucceeded,
            ],
            actions: [.run(1), .undo(1), .none, .undo(1), .undo(0), .none], status: .failed),
        Case(
            name: "cancelled during the first of two", steps: 2, cancelBefore: 0,
            events: [.stepSucceeded, .undoSucceeded], actions: [.undo(0), .none],
            status: .failed),
        Case(
            name: "cancelled during the last step", steps: 2, cancelBefore: 1,
            events: [.stepSucceeded, .stepSucceeded, .undoSucceeded, .undoSucceeded],
            actions: [.run(1), .undo(1), .undo(0), .none], status: .failed),
        Case(
            name: "cancelled while unwinding changes nothing", steps: 2, cancelBefore: 2,
            events: [.stepSucceeded, .stepFailed, .undoSucceeded, .undoSucceeded],
            actions: [.run(1), .undo(1), .undo(0), .none], status: .failed),
    ]

    @Test(arguments: cases) func walks(_ walk: Case) throws {
        var progress = WorkflowProgress(stepCount: walk.steps)
        #expect(progress.nextAction == .run(0))
        for (index, event) in walk.events.enumerated() {
            if walk.cancelBefore == index { progress.requestCancellation() }
            #expect(try progress.apply(event) == walk.actions[index], "event \(index)")
            #expect(progress.nextAction == walk.actions[index])
        }
        #expect(progress.status == walk.status)
    }

    /// The whole table: which event is possible in which status.
    @Test(arguments: WorkflowStatus.allCases, WorkflowProgress.Event.allCases)
    func refusesImpossibleEvents(_ status: WorkflowStatus, _ event: WorkflowProgress.Event) throws {
        let possible: [WorkflowStatus: Set<WorkflowProgress.Event>] = [
            .running: [.stepSucceeded, .stepFailed],
            .unwinding: [.undoSucceeded, .undoFailed],
            .stuck: [.retried],
        ]
        var progress = try Self.progress(in: status)
        if possible[status]?.contains(event) == true {
            #expect(throws: Never.self) { try progress.apply(event) }
        } else {
            let before = progress
            #expect(throws: WorkflowProgress.InvalidEvent(event: event, status: status)) {
                try progress.apply(event)
            }
            #expect(progress == before)
        }
    }

    @Test(arguments: [WorkflowStatus.unwinding, .succeeded, .failed, .stuck])
    func onlyARunningWorkflowIsCancelled(_ status: WorkflowStatus) throws {
        var progress = try Self.progress(in: status)
        progress.requestCancellation()
        #expect(!progress.isCancelRequested)
    }

    static func progress(in status: WorkflowStatus) throws -> WorkflowProgress {
        let path: [WorkflowStatus: [WorkflowProgress.Event]] = [
            .running: [], .succeeded: [.stepSucceeded], .unwinding: [.stepFailed],
            .failed: [.stepFailed, .undoSucceeded], .stuck: [.stepFailed, .undoFailed],
        ]
        var progress = WorkflowProgress(stepCount: 1)
        for event in try #require(path[status]) { _ = try progress.apply(event) }
        #expect(progress.status == status)
        return progress
    }
}

@Suite struct RetryPolicyTests {
    @Test(arguments: [(1, 100), (2, 200), (3, 400), (4, 500), (5, 500)])
    func pausesDoubleUpToTheLongest(attempt: Int, milliseconds: Int) {
        let policy = RetryPolicy(
            attempts: 6, firstPause: .milliseconds(100), longestPause: .milliseconds(500))
        #expect(policy.pause(after: attempt) == .milliseconds(milliseconds))
    }

    @Test func endsWithTheLastAttempt() {
        let policy = RetryPolicy(attempts: 2, firstPause: .seconds(1), longestPause: .seconds(1))
        #expect(policy.pause(after: 2) == nil)
        #expect(RetryPolicy.once.pause(after: 1) == nil)
    }
}
