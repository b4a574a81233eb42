import ComputeModel
import Conductor
import Networking
import RequestPipeline

/// A subnet and whether its network leads outside.
struct SubnetItem: Sendable {
    let subnet: Subnet
    let isExternal: Bool
}

extension ResourceTable<SubnetItem> {
    static var subnets: ResourceTable {
        ResourceTable(
            noun: .subnet, singular: "subnet", plural: "subnets", path: "subnets",
            id: { $0.subnet.id.text }, tags: { $0.subnet.tags },
            attributes: addressing + options
                + ResourceAttribute.standard(
                    tags: { $0.subnet.tags }, created: { $0.subnet.createdAt },
                    updated: { $0.subnet.updatedAt }, revision: { $0.subnet.revisionNumber })
                + [.init("tenant_id") { .string($0.subnet.projectID.text) }])
    }

    private static var addressing: [ResourceAttribute<SubnetItem>] {
        [
            .init("id") { .string($0.subnet.id.text) },
            .init("name") { .string($0.subnet.name) },
            .init("project_id") { .string($0.subnet.projectID.text) },
            .init("network_id") { .string($0.subnet.networkID.text) },
            .init("ip_version") { .int($0.subnet.ipVersion) },
            .init("subnetpool_id") { _ in .null },
            .init("enable_dhcp") { .bool($0.subnet.enableDHCP) },
            .init("ipv6_ra_mode") { .optional($0.subnet.ipv6RAMode) },
            .init("ipv6_address_mode") { .optional($0.subnet.ipv6AddressMode) },
            .init("gateway_ip") { .optional($0.subnet.gatewayIP) },
            .init("cidr") { .string($0.subnet.cidr) },
            .init("allocation_pools", filter: false) { item in
                .array(
                    item.subnet.allocationPools.map { pool in
                        ["start": .string(pool.start), "end": .string(pool.end)]
                    })
            },
        ]
    }

    private static var options: [ResourceAttribute<SubnetItem>] {
        [
            .init("host_routes", filter: false) { item in
                .array(
                    item.subnet.hostRoutes.map { route in
                        [
                            "destination": .string(route.destination),
                            "nexthop": .string(route.nexthop),
                        ]
                    })
            },
            .init("dns_nameservers", filter: false) { .strings($0.subnet.dnsNameservers) },
            .init("description") { .string($0.subnet.description) },
            .init("router:external") { .bool($0.isExternal) },
            .init("service_types", filter: false) { _ in [] },
        ]
    }
}

extension NetworkService {
    var subnetRoutes: [Route] {
        let table = ResourceTable<SubnetItem>.subnets
        return [
            Route(.get, "/v2.0/subnets", .role(.reader)) { request in
                let caller = try request.caller
                let external = Set(try networks.list(caller).filter(\.external).map(\.id))
                let items = try subnets.list(caller).map {
                    SubnetItem(subnet: $0, isExternal: external.contains($0.networkID))
                }
                return try page(table, items, request)
            },
            Route(.post, "/v2.0/subnets", .role(.member)) { request in
                let caller = try request.caller
                return try await create(request, table) { reader in
                    try item(try await subnets.create(SubnetBody.request(reader), caller))
                } undo: { item in
                    try await subnets.delete(item.subnet.id, caller)
                }
            },
            Route(.get, "/v2.0/subnets/{id}", .role(.reader)) { request in
                try one(table, item(subnets.show(id(request), request.caller)), request)
            },
            Route(.put, "/v2.0/subnets/{id}", .role(.member)) { request in
                let change = try SubnetBody.change(try await body(request, table))
                let changed = try await subnets.update(id(request), request.caller, change)
                return try one(table, item(changed), request)
            },
            Route(.delete, "/v2.0/subnets/{id}", .role(.member)) { request in
                try await subnets.delete(id(request), request.caller)
                return APIResponse(.noContent)
            },
        ]
            + tagRoutes("subnets") { request in
                try subnets.show(id(request), request.caller).tags
            } change: { request, change in
                try await subnets.tag(id(request), request.caller, change)
            }
    }

    private func id(_ request: APIRequest) -> SubnetID { SubnetID(request.parameter("id")) }

    private func item(_ subnet: Subnet) throws -> SubnetItem {
        SubnetItem(
            subnet: subnet, isExternal: try networks.network(subnet.networkID).external)
    }
}

/// Request bodies of subnets.
enum SubnetBody {
    /// Reads the body of a request to create a subnet.
    static func request(_ reader: BodyReader) throws(DomainError) -> SubnetRequest {
        var reader = reader
        var request = SubnetRequest(
            networkID: NetworkID(try reader.requiredString("network_id")),
            cidr: try reader.requiredString("cidr", length: 1...64))
        request.projectID = try AttributeReading.project(&reader)
        request.name = try reader.string("name", length: 0...255) ?? ""
        request.description = try reader.string("description", length: 0...255) ?? ""
        guard let version = try reader.integer("ip_version", in: 4...6), version != 5 else {
            throw reader.invalid("ip_version", "it must be 4 or 6.")
        }
        request.ipVersion = version
        request.gateway = try gateway(&reader) ?? .automatic
        request.enableDHCP = try reader.bool("enable_dhcp") ?? true
        request.allocationPools = try pools(&reader)
        request.dnsNameservers = try reader.strings("dns_nameservers") ?? []
        request.hostRoutes = try routes(&reader) ?? []
        request.ipv6AddressMode = try reader.string("ipv6_address_mode")
        request.ipv6RAMode = try reader.string("ipv6_ra_mode")
        request.tags = try reader.strings("tags", countMax: NetworkLimits.tagsMax) ?? []
        try AttributeReading.refuseFilled(
            &reader, "subnetpool_id", "prefixlen", "service_types", "segment_id",
            "use_default_subnetpool")
        try reader.finish()
        return request
    }

    /// Reads the body of a request to change a subnet.
    static func change(_ reader: BodyReader) throws(DomainError) -> SubnetChange {
        var reader = reader
        var change = SubnetChange()
        change.name = try reader.string("name", length: 0...255)
        change.description = try reader.string("description", length: 0...255)
        change.gateway = try gateway(&reader)
        change.enableDHCP = try reader.bool("enable_dhcp")
        change.allocationPools = try pools(&reader)
        change.dnsNameservers = try reader.strings("dns_nameservers")
        change.hostRoutes = try routes(&reader)
        try AttributeReading.refuseFilled(&reader, "service_types", "segment_id")
        try reader.finish()
        return change
    }

    /// `null` means none, absent means "as it is" (or usual).
    private static func gateway(
        _ reader: inout BodyReader
    ) throws(DomainError) -> GatewayChoice? {
        guard reader.has("gateway_ip") else { return nil }
        guard let text = try reader.string("gateway_ip"), !text.isEmpty else {
            return GatewayChoice.none
        }
        return .address(text)
    }

    private static func pools(
        _ reader: inout BodyReader
    ) throws(DomainError) -> [AddressRange]? {
        try AttributeReading.objects(&reader, "allocation_pools", .subnet) {
            entry throws(DomainError) in
            AddressRange(
                start: try entry.requiredString("start"), end: try entry.requiredString("end"))
        }
    }

    private static func routes(
        _ reader: inout BodyReader
    ) throws(DomainError) -> [HostRoute]? {
        try AttributeReading.objects(&reader, "host_routes", .subnet) {
            entry throws(DomainError) in
            HostRoute(
                destination: try entry.requiredString("destination"),
                nexthop: try entry.requiredString("nexthop"))
        }
    }
}
