/// The nouns that errors speak of, in the words of OpenStack's APIs.
public enum Noun: String, Sendable, Codable, CaseIterable {
    case server, flavor, image, network, subnet, port, host, device, project, user, role, domain
    case securityGroup = "security group"
    case securityGroupRule = "security group rule"
    case keypair, service, hypervisor, agent, action, request, token, quota, workflow, fleet,
        configuration
    case availabilityZone = "availability zone"
    case interface, floatingIP = "floating ip", router, trunk, volume, snapshot
    case serverGroup = "server group", aggregate, migration, extensionAlias = "extension"
}

/// Why two things can't both be true; the API derives its error types from it.
public enum Conflict: String, Sendable {
    /// The address is allocated to another port of the subnet.
    case addressInUse
    /// Another port of the network has this MAC.
    case macInUse
    /// The network still has ports.
    case networkInUse
    /// The subnet still has ports with addresses from it.
    case subnetInUse
    /// The port belongs to another device already.
    case portInUse
    /// The port is bound to a host, so this attribute can't change.
    case portBound
    /// No free address is left in the allocation pools.
    case addressesExhausted
    /// The security group is used by ports or is the project's default.
    case securityGroupInUse
    /// The same rule exists.
    case ruleExists
    /// The name or id is taken.
    case nameTaken
    /// The CIDR overlaps another subnet of the network.
    case subnetOverlap
    /// The segment (VLAN id) is used by another network of the physical network.
    case segmentInUse
    /// The state the object is in does not allow the operation.
    case state
    /// The object is locked by its owner or an administrator.
    case locked
    /// Several candidates, and the request names none.
    case ambiguous
    /// The image's data is already there, or its state does not allow the operation.
    case imageState
    /// The object changed while the request was under way; repeating it is safe.
    case changed
}

/// What the application layer refuses, in terms that every API can translate. The HTTP status is
/// chosen last, in `OpenStackAPI`. Messages are written for the caller: they name the object, what
/// was found and what to do, and never contain paths, addresses of hosts or causes from below.
public enum DomainError: Error, Sendable {
    /// The object does not exist, or the caller may not know that it does.
    case notFound(Noun, String)
    /// The request is understood and wrong. `field` is the request's own name for the value.
    case invalid(Noun, field: String?, String)
    /// The request contradicts what exists.
    case conflict(Noun, Conflict, String)
    /// The caller is known and may not do this.
    case forbidden(String)
    /// Nobody knows who the caller is.
    case unauthenticated(String)
    /// A quota is used up.
    case overQuota(resource: String, used: Int, requested: Int, limit: Int)
    /// A body or value is larger than the configured limit.
    case tooLarge(String)
    /// The operation exists in the API and is not built here.
    case notImplemented(String)
    /// Something that this request needs does not answer now; repeating it later may work.
    case unavailable(String)
    /// A defect or an environment failure; the log has the cause under the request id.
    case internalFailure(String)
}

extension DomainError: CustomStringConvertible {
    /// One sentence for the caller.
    public var description: String {
        switch self {
        case .notFound(let noun, let name):
            "\(noun.rawValue.capitalizedFirst) \(name) could not be found."
        case .invalid(_, _, let message), .conflict(_, _, let message),
            .forbidden(let message), .unauthenticated(let message), .tooLarge(let message),
            .notImplemented(let message), .unavailable(let message),
            .internalFailure(let message):
            message
        case .overQuota(let resource, let used, let requested, let limit):
            "Quota exceeded for \(resource): requested \(requested), but already used \(used) of"
                + " \(limit) \(resource)."
        }
    }
}

extension String {
    /// The text with its first letter in upper case, the rest untouched.
    var capitalizedFirst: String {
        prefix(1).uppercased() + dropFirst()
    }
}
