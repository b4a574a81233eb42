import ComputeModel
import Foundation
import Persistence
import Testing
import Workflow

@testable import Conductor

/// What steps do when something is missing that an earlier one must have left, and what becomes of
/// records of earlier releases.
@Suite struct WorkflowStateTests {
    /// The operator reads what is missing of which instance; the tenant reads nothing of it.
    @Test(arguments: WorkflowPart.allCases)
    func aMissingPartIsNamed(_ part: WorkflowPart) throws {
        let error = WorkflowStateError.missing(
            part, InstanceID("i-1"), workflow: "evacuate_instance w-1")
        let failure = RecordedFailure(error)
        #expect(failure.message == "The operation failed.")
        for word in ["i-1", "evacuate_instance w-1", part.rawValue] {
            #expect(failure.trace.contains(word), "\(failure.trace)")
        }
        #expect(WorkflowFailure(error).code == "state_missing")
        #expect(!error.isTransient)
    }

    /// A step that would have changed nothing, and waited for nothing, says so.
    @Test func noAssignmentIsNoSuccess() async throws {
        try await InstanceTestbed.run([.small("h1")]) { bed in
            let guests = try bed.conductor.instances.parts.guests
            let (id, host) = (InstanceID("i-1"), try bed.hostID())
            await #expect(
                throws: WorkflowStateError.missing(.assignment, id, workflow: "w-1/assign")
            ) {
                try await guests.rewrite(id, on: host, by: "w-1/assign") { _, _ in }
            }
            #expect(try await !guests.rewriteIfAssigned(id, on: host, by: "w-1/undo") { _, _ in })
            #expect(throws: WorkflowStateError.missing(.claim, id, workflow: "w-1/finish")) {
                var transaction = try bed.documents.makeTransaction()
                try guests.allocate(id, on: host, by: "w-1/finish", in: &transaction)
            }
        }
    }

    /// What the release before wrote when a build had failed and was being undone.
    @Test func storedCreationsAreRead() throws {
        let state = try stored(
            CreateInstance.State.self,
            #"{"failure":{"message":"No valid host","trace":"h1: down"},"#
                + #""instanceID":"i-1","requestID":"req-1","workflowID":"w-1"}"#)
        #expect(state.failure?.message == "No valid host")
        #expect(state.failure?.trace == "h1: down")
        #expect(state.workflowID == WorkflowID("w-1"))
    }

    /// Deletions did not store their id.
    @Test func storedDeletionsAreRead() throws {
        let old = try stored(
            DeleteInstance.State.self, #"{"instanceID":"i-1","requestID":"req-1"}"#)
        #expect(old.instanceID == InstanceID("i-1"))
        #expect(old.storedWorkflowID == nil)
        let new = try stored(
            DeleteInstance.State.self,
            #"{"instanceID":"i-1","requestID":"req-1","workflowID":"w-1"}"#)
        #expect(new.workflowID == WorkflowID("w-1"))
    }

    private func stored<State: Decodable>(_ type: State.Type, _ text: String) throws -> State {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
