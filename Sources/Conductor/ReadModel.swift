import ComputeModel
import ControlPlaneState
import ImageStore
import Networking
import Persistence
import Workflow

/// One consistent view of what is stored, for those who show it: whatever is read of one model
/// was true at the same moment. Asks for no permission; who may see what is for the caller to
/// have checked.
public struct ReadModel: Sendable {
    private let snapshot: DocumentSnapshot

    init(_ snapshot: DocumentSnapshot) { self.snapshot = snapshot }

    /// An instance, also a deleted one that is still kept.
    public func instance(_ id: InstanceID) throws -> Instance? {
        try snapshot.get(Instance.self, id.text)?.value
    }

    /// The instances of a project that are not deleted.
    public func instances(of project: ProjectID) throws -> [Instance] {
        try snapshot.list(Instance.self).map(\.value)
            .filter { $0.projectID == project && $0.state != .deleted }
    }

    /// The ids of the instances of any project, deleted ones included, with this id or name. An id
    /// that no instance has (any more) stands for itself: what happened to it is kept longer.
    public func instanceIDs(namedOr text: String) throws -> Set<String> {
        if try snapshot.get(Instance.self, text) != nil { return [text] }
        let named = try snapshot.list(Instance.self).map(\.value).filter { $0.name == text }
        return Set(named.map(\.id.text)).union([text])
    }

    /// A port.
    public func port(_ id: PortID) throws -> NetworkPort? {
        try snapshot.get(NetworkPort.self, id.text)?.value
    }

    /// All ports, of all projects.
    public func ports() throws -> [NetworkPort] {
        try snapshot.list(NetworkPort.self).map(\.value)
    }

    /// A network.
    public func network(_ id: NetworkID) throws -> Network? {
        try snapshot.get(Network.self, id.text)?.value
    }

    /// The security groups of its project that an instance was made with, by name or id.
    public func securityGroups(of instance: Instance) throws -> [SecurityGroup] {
        try snapshot.list(SecurityGroup.self).map(\.value).filter {
            $0.projectID == instance.projectID
                && (instance.securityGroups.contains($0.name)
                    || instance.securityGroups.contains($0.id.text))
        }
    }

    /// An image.
    public func image(_ id: ImageID) throws -> Image? {
        try snapshot.get(Image.self, id.text)?.value
    }

    /// A server group.
    public func serverGroup(_ id: ServerGroupID) throws -> ServerGroup? {
        try snapshot.get(ServerGroup.self, id.text)?.value
    }

    /// How many server groups a project has.
    public func serverGroupCount(of project: ProjectID) throws -> Int {
        try snapshot.list(ServerGroup.self).count { $0.value.projectID == project }
    }

    /// The record of a move.
    public func migration(_ id: MigrationID) throws -> Migration? {
        try snapshot.get(Migration.self, id.text)?.value
    }

    /// What a host's agent said last of the host.
    public func report(of host: HostID) throws -> HostReport? {
        try snapshot.get(HostReport.self, host.text)?.value
    }

    /// The records of all workflows that are kept, in no order.
    public func operations() throws -> [WorkflowRecord] {
        try snapshot.list(WorkflowRecord.self).map(\.value)
    }

    /// The record of one workflow. `id` may be any text.
    public func operation(_ id: String) throws -> WorkflowRecord? {
        try snapshot.list(WorkflowRecord.self, prefix: id).first { $0.value.id == id }?.value
    }
}

extension Conductor {
    /// What is stored now.
    public func readModel() -> ReadModel { ReadModel(context.documents.snapshot()) }
}
