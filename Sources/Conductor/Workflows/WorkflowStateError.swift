import ComputeModel
import Workflow

/// A step found that something is not there that it works on, and that the request or an earlier
/// step left. Waiting does not bring it back: the workflow is undone, or gets stuck where there is
/// no way back. Going on without it would end in an instance that is said to be what it is not.
enum WorkflowStateError: Error, Equatable {
    /// `workflow` is its kind and id, or the mark of its step.
    case missing(WorkflowPart, InstanceID, workflow: String)
}

/// What can be missing of an instance, in the words of the operator's log.
enum WorkflowPart: String, Sendable, CaseIterable {
    case host = "the host that it was placed on"
    case destination = "the host that was chosen for its move"
    case resize = "what was noted of its resize"
    case assignment = "its assignment on the host"
    case claim = "its claim on the host"
}

extension WorkflowStateError: CustomStringConvertible {
    var description: String {
        switch self {
        case .missing(let part, let instance, let workflow):
            "Workflow \(workflow) of instance \(instance) can't go on: \(part.rawValue) is"
                + " missing. 'millrace audit' tells what else disagrees."
        }
    }
}

extension WorkflowStateError: StepFailure {
    var code: String { "state_missing" }
    var message: String { description }
    /// What is not there now isn't there at the next attempt.
    var isTransient: Bool { false }
}

extension InstanceWorkflow {
    /// `part`, which must be there when the step runs.
    func require<Part>(
        _ part: Part?, _ what: WorkflowPart, _ state: State
    ) throws(WorkflowStateError) -> Part {
        guard let part else {
            throw .missing(
                what, state.instanceID, workflow: "\(Self.kind) \(state.workflowID)")
        }
        return part
    }

    /// The host that an earlier step has placed the instance on.
    func placedHost(_ state: State) throws -> HostID {
        try require(instances.find(state.instanceID).hostID, .host, state)
    }
}
