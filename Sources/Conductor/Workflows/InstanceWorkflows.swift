import Workflow

/// Every workflow of instances.
struct InstanceWorkflows: Sendable {
    let create: CreateInstance
    let delete: DeleteInstance
    let change: ChangeGuest
    let attach: AttachInterface
    let detach: DetachInterface
    let shelve: ShelveInstance
    let unshelve: UnshelveInstance
    let move: MoveInstance
    let confirm: ConfirmResize
    let revert: RevertResize
    let evacuate: EvacuateInstance
    let liveMigrate: LiveMigrateInstance

    init(_ tools: InstanceTools) {
        create = CreateInstance(tools: tools)
        delete = DeleteInstance(tools: tools)
        change = ChangeGuest(tools: tools)
        attach = AttachInterface(tools: tools)
        detach = DetachInterface(tools: tools)
        shelve = ShelveInstance(tools: tools)
        unshelve = UnshelveInstance(tools: tools)
        move = MoveInstance(tools: tools)
        confirm = ConfirmResize(tools: tools)
        revert = RevertResize(tools: tools)
        evacuate = EvacuateInstance(tools: tools)
        liveMigrate = LiveMigrateInstance(tools: tools)
    }

    /// Makes them known to the engine, which resumes those that a crash cut off.
    func register(in engine: WorkflowEngine) async throws {
        try await engine.register(create)
        try await engine.register(delete)
        try await engine.register(change)
        try await engine.register(attach)
        try await engine.register(detach)
        try await engine.register(shelve)
        try await engine.register(unshelve)
        try await engine.register(move)
        try await engine.register(confirm)
        try await engine.register(revert)
        try await engine.register(evacuate)
        try await engine.register(liveMigrate)
    }
}
