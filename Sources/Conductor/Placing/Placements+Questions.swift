import ComputeModel
import Foundation
import Persistence
import Placement
import Scheduler

/// A question of an operator: where would such an instance go now?
public struct PlacementQuestion: Sendable {
    /// The flavor, by name or id.
    public var flavor: String
    /// The image, by name or id; nil: no demands of an image, and the flavor's disk counts.
    public var image: String?
    /// Its ports, by name or id.
    public var ports: [String]
    /// Zone asked for.
    public var zone: String?
    /// Host asked for, by name.
    public var hostName: String?
    /// The server group, by id.
    public var serverGroupID: ServerGroupID?

    /// A question about a flavor alone.
    public init(flavor: String) {
        self.flavor = flavor
        ports = []
    }
}

extension Placements {
    /// What is written down of the placement that a workflow asked for; nil when it asked for none
    /// or it was swept.
    public func record(of workflow: WorkflowID) throws -> PlacementRecord? {
        try context.documents.get(PlacementRecord.self, workflow.text)?.value
    }

    /// Answers without claiming anything. Ports that are in use are treated as if they weren't.
    ///
    /// Throws `invalid` for a name that nothing or more than one thing has, naming it, and what
    /// creating such an instance would refuse in flavor, image and ports.
    public func explain(_ question: PlacementQuestion) throws -> PlacementRecord {
        let snapshot = context.documents.snapshot()
        let flavor = try Self.one(
            snapshot.list(Flavor.self).map(\.value), .flavor, question.flavor, id: \.id.text,
            name: \.name)
        let image = try question.image.map {
            try Self.one(
                snapshot.list(Image.self).map(\.value), .image, $0, id: \.id.text,
                name: { $0.name ?? "" })
        }
        let all = question.ports.isEmpty ? [] : try snapshot.list(NetworkPort.self).map(\.value)
        let ports = try question.ports.map {
            try Self.one(all, .port, $0, id: \.id.text, name: \.name)
        }
        let project = ports.first?.projectID ?? ProjectID("")
        var instance = Instance(
            id: InstanceID(uuid: context.makeUUID()), projectID: project, userID: UserID(""),
            name: "dry-run", hostname: "dry-run", flavor: flavor,
            imageID: image?.id ?? ImageID(""), reservationID: "", createdAt: context.now())
        instance.requestedZone = question.zone
        instance.requestedHost = question.hostName
        instance.serverGroupID = question.serverGroupID
        if let group = question.serverGroupID,
            try snapshot.get(ServerGroup.self, group.text) == nil
        {
            throw DomainError.invalid(
                .serverGroup, field: "server_group", "No server group has the id '\(group)'.")
        }
        var request = try request(for: instance, ports: ports, image: image, snapshot)
        request.group = try group(of: instance, snapshot)
        return try placer.explain(
            PlacementJob(
                request: request, instanceID: instance.id, projectID: project,
                workflowID: WorkflowID(instance.id.text)))
    }

    /// The only one with that id, else the only one with that name.
    private static func one<Value>(
        _ values: [Value], _ noun: Noun, _ text: String, id: (Value) -> String,
        name: (Value) -> String
    ) throws -> Value {
        if let found = values.first(where: { id($0) == text }) { return found }
        let named = values.filter { name($0) == text }
        guard let found = named.first, named.count == 1 else {
            throw DomainError.invalid(
                noun, field: noun.rawValue,
                named.isEmpty
                    ? "No \(noun.rawValue) has the id or name '\(text)'."
                    : "\(named.count) of the \(noun.rawValue)s are called '\(text)': give an id: "
                        + named.map(id).joined(separator: ", "))
        }
        return found
    }
}
