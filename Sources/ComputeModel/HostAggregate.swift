import Foundation

/// A set of hosts with metadata, made by operators: an availability zone, or a class of hosts that
/// flavors may ask for.
public struct HostAggregate: Codable, Sendable, Equatable {
    /// Counted from 1, as the API shows it; never used again.
    public var id: Int
    /// Its UUID.
    public var uuid: String
    /// Unique name, 1 to 255 characters.
    public var name: String
    /// The zone that its hosts are in; nil when it is none.
    public var zone: String?
    /// Names of its hosts, in the order they were added.
    public var hosts: [String]
    /// Key/value pairs that flavors' extra specs are compared with; without the zone.
    public var metadata: [String: String]
    /// When it was made.
    public var createdAt: Date
    /// Last change; nil when there was none.
    public var updatedAt: Date?

    /// An aggregate without hosts and metadata.
    public init(id: Int, uuid: String, name: String, zone: String?, createdAt: Date) {
        self.id = id
        self.uuid = uuid
        self.name = name
        self.zone = zone
        self.createdAt = createdAt
        hosts = []
        metadata = [:]
    }
}
