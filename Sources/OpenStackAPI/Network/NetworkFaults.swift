import ComputeModel
import HTTPTypes
import RequestPipeline

/// The network service's way to say no: `{"NeutronError": {"type", "message", "detail"}}`. The
/// types are Neutron's, as clients know them.
struct NetworkFaults: FaultStyle {
    /// Told to clients with a 401; nil when no address is configured.
    var authenticateURL: String?

    func fault(_ error: DomainError, _ context: APIContext) -> APIResponse {
        if case .unauthenticated(let message) = error { return unauthorized(message) }
        let (status, type) = Self.classify(error)
        return .json(
            status,
            [
                "NeutronError": [
                    "type": .string(type), "message": .string(Self.message(error)),
                    "detail": "",
                ]
            ])
    }

    /// What Keystone's middleware answers in front of Neutron.
    private func unauthorized(_ message: String) -> APIResponse {
        let response = APIResponse.json(
            .unauthorized,
            ["error": ["code": 401, "title": "Unauthorized", "message": .string(message)]])
        guard let authenticateURL else { return response }
        return response.header("WWW-Authenticate", "Keystone uri=\"\(authenticateURL)\"")
    }

    static func classify(_ error: DomainError) -> (HTTPResponse.Status, String) {
        switch error {
        case .notFound(let noun, _): (.notFound, notFoundType(noun))
        case .invalid(let noun, let field, _): (.badRequest, invalidType(noun, field))
        case .conflict(.subnet, .subnetOverlap, _): (.badRequest, "InvalidInput")
        case .conflict(let noun, let conflict, _): (.conflict, conflictType(noun, conflict))
        case .forbidden: (.forbidden, "PolicyNotAuthorized")
        case .unauthenticated: (.unauthorized, "HTTPUnauthorized")
        case .overQuota: (.conflict, "OverQuota")
        case .tooLarge: (.contentTooLarge, "HTTPRequestEntityTooLarge")
        case .notImplemented: (.notImplemented, "HTTPNotImplemented")
        case .unavailable: (.serviceUnavailable, "ServiceUnavailable")
        case .internalFailure: (.internalServerError, "HTTPInternalServerError")
        }
    }

    private static func notFoundType(_ noun: Noun) -> String {
        switch noun {
        case .network: "NetworkNotFound"
        case .subnet: "SubnetNotFound"
        case .port: "PortNotFound"
        case .securityGroup: "SecurityGroupNotFound"
        case .securityGroupRule: "SecurityGroupRuleNotFound"
        case .agent: "AgentNotFound"
        default: "HTTPNotFound"
        }
    }

    private static func invalidType(_ noun: Noun, _ field: String?) -> String {
        switch (noun, field) {
        case (.port, "network_address"): "InvalidIpForNetwork"
        case (.port, "subnet_address"): "InvalidIpForSubnet"
        case (.network, let field?) where field.hasPrefix("provider:"): "InvalidInput"
        case (.subnet, "cidr"), (.subnet, "gateway_ip"), (.subnet, "allocation_pools"):
            "InvalidInput"
        default: "HTTPBadRequest"
        }
    }

    private static func conflictType(_ noun: Noun, _ conflict: Conflict) -> String {
        switch conflict {
        case .addressInUse:
            noun == .subnet ? "GatewayConflictWithAllocationPools" : "IpAddressAlreadyAllocated"
        case .macInUse: "MacAddressInUse"
        case .networkInUse: "NetworkInUse"
        case .subnetInUse: "SubnetInUse"
        case .portInUse: "PortInUse"
        case .portBound: "PortBound"
        case .addressesExhausted: "IpAddressGenerationFailure"
        case .securityGroupInUse: "SecurityGroupInUse"
        case .ruleExists: "SecurityGroupRuleExists"
        case .nameTaken: "SecurityGroupDefaultAlreadyExists"
        case .segmentInUse: "VlanIdInUse"
        case .subnetOverlap: "InvalidInput"
        case .state, .locked, .ambiguous, .imageState, .changed: "HTTPConflict"
        }
    }

    private static func message(_ error: DomainError) -> String {
        switch error {
        case .notFound(.securityGroup, let id): "Security group \(id) does not exist"
        case .notFound(.securityGroupRule, let id): "Security group rule \(id) does not exist"
        case .overQuota(let resource, let used, _, let limit):
            "Quota exceeded for resources: ['\(resource)']. \(used) of \(limit) are used."
        default: error.description
        }
    }
}
