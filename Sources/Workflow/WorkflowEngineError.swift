/// What an engine refuses or can't do. Failures of workflows are in their records instead.
public enum WorkflowEngineError: Error, Sendable, Equatable {
    case duplicateDefinition(kind: String, version: Int)
    /// No steps, or two of the same name.
    case invalidDefinition(kind: String, reason: String)
    case unknownDefinition(kind: String, version: Int)
    /// The record's steps aren't those of the definition of the same version.
    case definitionChanged(id: String, kind: String, version: Int)
    case stateNotEncodable(kind: String, detail: String)
    case unknownWorkflow(id: String)
    /// The workflow can't be cancelled or retried in this status.
    case notPossible(id: String, status: WorkflowStatus)
    /// The workflow isn't driven here (any more): this engine stops or lost it. The record says
    /// where it stands.
    case notDriven(id: String)
    case shutDown
    case log(WorkflowLogError)
}

extension WorkflowEngineError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .duplicateDefinition(let kind, let version):
            "workflow \(kind) version \(version) is registered twice"
        case .invalidDefinition(let kind, let reason):
            "workflow \(kind) can't be registered: \(reason)"
        case .unknownDefinition(let kind, let version):
            "workflow \(kind) version \(version) is unknown here;"
                + " finish it with the release that began it"
        case .definitionChanged(let id, let kind, let version):
            "the steps of workflow \(id) are not those of \(kind) version \(version);"
                + " a changed list of steps needs a new version"
        case .stateNotEncodable(let kind, let detail):
            "the state of a workflow \(kind) can't be encoded: \(detail)"
        case .unknownWorkflow(let id): "there is no workflow \(id)"
        case .notPossible(let id, let status):
            "not possible: workflow \(id) is \(status.rawValue)"
        case .notDriven(let id): "workflow \(id) is not driven by this engine"
        case .shutDown: "the workflow engine has been shut down"
        case .log(let error): error.description
        }
    }
}
