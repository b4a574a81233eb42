import Foundation

/// One entry of an instance's event list: an operation and its steps.
public struct InstanceAction: Codable, Sendable, Equatable {
    /// The instance it was done to.
    public var instanceID: InstanceID
    /// The request that asked for it; unique per instance.
    public var requestID: APIRequestID
    /// Name as in OpenStack: create, delete, start, stop...
    public var action: String
    /// Who asked.
    public var userID: UserID
    /// Their project.
    public var projectID: ProjectID
    /// When it was accepted.
    public var startedAt: Date
    /// Last change.
    public var updatedAt: Date
    /// What went wrong, for the tenant; nil when nothing did.
    public var message: String?
    /// Its steps, oldest first.
    public var events: [InstanceActionEvent] = []

    /// An action without events yet.
    public init(
        instanceID: InstanceID, requestID: APIRequestID, action: String, userID: UserID,
        projectID: ProjectID, startedAt: Date
    ) {
        self.instanceID = instanceID
        self.requestID = requestID
        self.action = action
        self.userID = userID
        self.projectID = projectID
        self.startedAt = startedAt
        self.updatedAt = startedAt
    }
}

/// One step of an `InstanceAction`.
public struct InstanceActionEvent: Codable, Sendable, Equatable {
    /// Step name, such as `conductor_schedule_and_build_instances`.
    public var name: String
    /// When it began.
    public var startedAt: Date
    /// When it ended; nil while it runs.
    public var finishedAt: Date?
    /// "Success" or "Error"; nil while it runs.
    public var result: String?
    /// Categories and counts for the tenant.
    public var details: String?
    /// The chain of causes, for administrators.
    public var trace: String?
    /// The host it ran on, for administrators.
    public var hostName: String?

    /// An event that has begun.
    public init(name: String, startedAt: Date) {
        self.name = name
        self.startedAt = startedAt
    }
}
