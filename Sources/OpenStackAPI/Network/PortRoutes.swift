import ComputeModel
import Conductor
import JSON
import Networking
import RequestPipeline

extension NetworkService {
    var portRoutes: [Route] {
        let table = ResourceTable<NetworkPort>.ports
        return [
            Route(.get, "/v2.0/ports", .role(.reader)) { request in
                try page(table, ports.list(request.caller), request)
            },
            Route(.post, "/v2.0/ports", .role(.member)) { request in
                let (values, isBulk) = try await bodies(request, table)
                var requests: [PortRequest] = []
                for value in values {
                    requests.append(
                        try PortBody.request(BodyReader(value, path: "port", noun: .port)))
                }
                let made = try await ports.create(requests, request.caller)
                return isBulk
                    ? try many(table, made, request, .created)
                    : try one(table, made[0], request, .created)
            },
            Route(.get, "/v2.0/ports/{id}", .role(.reader)) { request in
                try one(table, ports.show(id(request), request.caller), request)
            },
            Route(.put, "/v2.0/ports/{id}", .role(.member)) { request in
                let caller = try request.caller
                let change = try PortBody.change(try await body(request, table))
                return try one(
                    table, try await ports.update(id(request), caller, change), request)
            },
            Route(.delete, "/v2.0/ports/{id}", .role(.member)) { request in
                try await ports.delete(id(request), request.caller)
                return APIResponse(.noContent)
            },
        ]
            + tagRoutes("ports") { request in
                try ports.show(id(request), request.caller).tags
            } change: { request, change in
                try await ports.tag(id(request), request.caller, change)
            }
    }

    private func id(_ request: APIRequest) -> PortID { PortID(request.parameter("id")) }
}

/// Request bodies of ports.
enum PortBody {
    /// Reads the body of a request to create a port.
    static func request(_ reader: BodyReader) throws(DomainError) -> PortRequest {
        var reader = reader
        var request = PortRequest(networkID: NetworkID(try reader.requiredString("network_id")))
        request.projectID = try AttributeReading.project(&reader)
        request.name = try reader.string("name", length: 0...255) ?? ""
        request.description = try reader.string("description", length: 0...255) ?? ""
        request.macAddress = try mac(&reader)
        request.fixedIPs = try addresses(&reader)
        request.securityGroups = try groups(&reader)
        request.portSecurityEnabled = try reader.bool("port_security_enabled")
        request.allowedAddressPairs = try pairs(&reader) ?? []
        request.adminStateUp = try reader.bool("admin_state_up") ?? true
        request.vnicType = try vnicType(&reader, "binding:vnic_type") ?? .normal
        request.deviceID = try reader.string("device_id", length: 0...255) ?? ""
        request.deviceOwner = try reader.string("device_owner", length: 0...255) ?? ""
        request.userProfile = try profile(&reader) ?? [:]
        request.numaAffinityPolicy = try numaPolicy(&reader)
        request.deviceRequirements = try PortRequirements.read(&reader)
        request.dnsName = try reader.string("dns_name", length: 0...255) ?? ""
        request.tags = try reader.strings("tags", countMax: NetworkLimits.tagsMax) ?? []
        try finish(&reader)
        return request
    }

    /// Reads the body of a request to change a port.
    static func change(_ reader: BodyReader) throws(DomainError) -> PortChange {
        var reader = reader
        var change = PortChange()
        change.name = try reader.string("name", length: 0...255)
        change.description = try reader.string("description", length: 0...255)
        change.macAddress = try mac(&reader)
        change.fixedIPs = try addresses(&reader)
        change.securityGroups = try groups(&reader)
        change.portSecurityEnabled = try reader.bool("port_security_enabled")
        change.allowedAddressPairs = try pairs(&reader)
        change.adminStateUp = try reader.bool("admin_state_up")
        change.vnicType = try vnicType(&reader, "binding:vnic_type")
        change.deviceID = try reader.string("device_id", length: 0...255)
        change.deviceOwner = try reader.string("device_owner", length: 0...255)
        change.userProfile = try profile(&reader)
        if reader.has("numa_affinity_policy") {
            change.numaAffinityPolicy = .some(try numaPolicy(&reader))
        }
        if reader.has(PortRequirements.key) {
            change.deviceRequirements = .some(try PortRequirements.read(&reader))
        }
        change.dnsName = try reader.string("dns_name", length: 0...255)
        try finish(&reader)
        return change
    }

    private static func finish(_ reader: inout BodyReader) throws(DomainError) {
        if let host = try reader.string("binding:host_id"), !host.isEmpty {
            throw reader.invalid(
                "binding:host_id",
                "ports are bound by Millrace when their server is placed; create a server with"
                    + " this port instead.")
        }
        try AttributeReading.refuseFilled(
            &reader, "qos_policy_id", "extra_dhcp_opts", "device_profile", "dns_domain", "hints")
        try reader.finish()
    }

    private static func mac(_ reader: inout BodyReader) throws(DomainError) -> MACAddress? {
        guard let text = try reader.string("mac_address"), !text.isEmpty else { return nil }
        guard let mac = MACAddress(text), mac.isUnicast else {
            throw reader.invalid("mac_address", "'\(text)' is not a valid MAC address.")
        }
        return mac
    }

    /// An id (of one group) or ids; `null` counts as absent.
    private static func groups(
        _ reader: inout BodyReader
    ) throws(DomainError) -> [SecurityGroupID]? {
        try reader.strings("security_groups")?.map { SecurityGroupID($0) }
    }

    private static func addresses(
        _ reader: inout BodyReader
    ) throws(DomainError) -> [FixedIPRequest]? {
        try AttributeReading.objects(&reader, "fixed_ips", .port) {
            entry throws(DomainError) in
            FixedIPRequest(
                subnetID: try entry.string("subnet_id").map { SubnetID($0) },
                address: try entry.string("ip_address"))
        }
    }

    private static func pairs(
        _ reader: inout BodyReader
    ) throws(DomainError) -> [AllowedAddressPair]? {
        try AttributeReading.objects(&reader, "allowed_address_pairs", .port) {
            entry throws(DomainError) in
            AllowedAddressPair(
                ipAddress: try entry.requiredString("ip_address"),
                macAddress: try mac(&entry)?.description)
        }
    }

    /// The kind of NIC under `key`; nil when absent.
    static func vnicType(
        _ reader: inout BodyReader, _ key: String
    ) throws(DomainError) -> VNICType? {
        guard let text = try reader.string(key) else { return nil }
        guard let type = VNICType(rawValue: text) else {
            let valid = VNICType.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw .invalid(
                .port, field: key,
                "Invalid input for \(key). Reason: '\(text)' is not in [\(valid)].")
        }
        return type
    }

    private static func numaPolicy(_ reader: inout BodyReader) throws(DomainError) -> String? {
        guard let text = try reader.string("numa_affinity_policy") else { return nil }
        guard NUMAAffinityPolicy(rawValue: text) != nil else {
            let valid = NUMAAffinityPolicy.allCases.map(\.rawValue).joined(separator: ", ")
            throw reader.invalid("numa_affinity_policy", "'\(text)' is not in [\(valid)].")
        }
        return text
    }

    /// The profile as JSON text by key, without the keys that bindings set.
    private static func profile(
        _ reader: inout BodyReader
    ) throws(DomainError) -> [String: String]? {
        guard reader.has("binding:profile") else { return nil }
        guard let value = reader.value("binding:profile") else { return [:] }
        guard case .object(let members) = value else {
            throw reader.invalid(
                "binding:profile", "expected an object, found \(value.typeName).")
        }
        let bytes = JSONWriter.encode(value).count
        guard bytes <= NetworkLimits.profileBytesMax else {
            throw reader.invalid(
                "binding:profile",
                "it has \(bytes) bytes of JSON, at most \(NetworkLimits.profileBytesMax) are"
                    + " allowed.")
        }
        var profile: [String: String] = [:]
        for member in members where !PortProfile.bindingKeys.contains(member.key) {
            profile[member.key] = String(decoding: JSONWriter.encode(member.value), as: UTF8.self)
        }
        return profile
    }
}
