import Foundation

/// An id that carries the type of what it names, so that a port's id can't be passed for a
/// network's. Stored and sent as its bare text.
public struct TypedID<Subject>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The id as callers see it: a lower-case UUID for most nouns; flavors may have any text.
    public let text: String

    /// Takes an id as it is. The API checks its form before it gets here.
    public init(_ text: String) {
        self.text = text
    }

    /// A new id in the form most nouns use (lower-case UUID with dashes).
    public init(uuid: UUID) {
        self.text = uuid.uuidString.lowercased()
    }

    /// The id's text, so that messages read well.
    public var description: String { text }

    /// Order by text: stable, and without meaning.
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

extension TypedID: Codable {
    /// Reads the bare text.
    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    /// Writes the bare text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Names a compute instance (OpenStack's "server").
public typealias InstanceID = TypedID<Instance>
/// Names a flavor; free text, as operators choose it.
public typealias FlavorID = TypedID<Flavor>
/// Names a disk image.
public typealias ImageID = TypedID<Image>
/// Names a virtual network.
public typealias NetworkID = TypedID<Network>
/// Names a subnet of a network.
public typealias SubnetID = TypedID<Subnet>
/// Names a network port.
public typealias PortID = TypedID<NetworkPort>
/// Names a security group.
public typealias SecurityGroupID = TypedID<SecurityGroup>
/// Names a rule of a security group.
public typealias SecurityGroupRuleID = TypedID<SecurityGroupRule>
/// Names a compute host; made once when the host joins and kept when it is renamed.
public typealias HostID = TypedID<ComputeHost>
/// Names a device by what it is, not by where it is plugged (see `Device.id`).
public typealias DeviceID = TypedID<Device>
/// Names a project (tenant): 32 hex digits, as OpenStack's identity service makes them.
public typealias ProjectID = TypedID<Project>
/// Names a user: 32 hex digits.
public typealias UserID = TypedID<User>

/// Names a migration record.
public typealias MigrationID = TypedID<Migration>

/// What a workflow id names; the workflow module itself knows no compute word.
public enum WorkflowSubject {}
/// Names a workflow record.
public typealias WorkflowID = TypedID<WorkflowSubject>

/// What a request id names.
public enum RequestSubject {}
/// Names one API request, `req-<uuid>`; shown to callers and kept with what the request started.
public typealias APIRequestID = TypedID<RequestSubject>
