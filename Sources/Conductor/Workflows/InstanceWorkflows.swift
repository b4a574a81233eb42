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

    init(_ parts: InstanceParts) {
        create = CreateInstance(parts)
        delete = DeleteInstance(parts)
        change = ChangeGuest(parts)
        attach = AttachInterface(parts)
        detach = DetachInterface(parts)
        shelve = ShelveInstance(parts)
        unshelve = UnshelveInstance(parts)
        move = MoveInstance(parts)
        confirm = ConfirmResize(parts)
        revert = RevertResize(parts)
        evacuate = EvacuateInstance(parts)
        liveMigrate = LiveMigrateInstance(parts)
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
