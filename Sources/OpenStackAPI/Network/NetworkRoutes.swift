import ComputeModel
import Conductor
import Networking
import RequestPipeline

/// A network with the ids of its subnets.
struct NetworkItem: Sendable {
    let network: Network
    let subnetIDs: [SubnetID]
}

extension ResourceTable<NetworkItem> {
    static var networks: ResourceTable {
        ResourceTable(
            noun: .network, singular: "network", plural: "networks", path: "networks",
            id: { $0.network.id.text }, tags: { $0.network.tags },
            attributes: plain + provider)
    }

    private static var plain: [ResourceAttribute<NetworkItem>] {
        [
            .init("id") { .string($0.network.id.text) },
            .init("name") { .string($0.network.name) },
        ] + ResourceAttribute.owner { $0.network.projectID } + [
            .init("admin_state_up") { .bool($0.network.adminStateUp) },
            .init("mtu") { .int($0.network.mtuBytes) },
            // Nothing has to be built for a network, so it is active once it is stored.
            .init("status") { _ in "ACTIVE" },
            .init("subnets") { .strings($0.subnetIDs.map(\.text)) },
            .init("shared") { .bool($0.network.shared) },
            .init("availability_zone_hints", filter: false) { _ in [] },
            .init("availability_zones", filter: false) { _ in [] },
            .init("ipv4_address_scope", filter: false) { _ in .null },
            .init("ipv6_address_scope", filter: false) { _ in .null },
            .init("router:external") { .bool($0.network.external) },
            .init("description") { .string($0.network.description) },
            .init("port_security_enabled") { .bool($0.network.portSecurityEnabled) },
            .init("qos_policy_id", filter: false) { _ in .null },
            .init("is_default", filter: false) { $0.network.external ? false : nil },
        ]
            + ResourceAttribute.standard(
                tags: { $0.network.tags }, created: { $0.network.createdAt },
                updated: { $0.network.updatedAt }, revision: { $0.network.revisionNumber })
    }

    private static var provider: [ResourceAttribute<NetworkItem>] {
        [
            .init("provider:network_type", adminOnly: true) {
                .string($0.network.networkType.rawValue)
            },
            .init("provider:physical_network", adminOnly: true) {
                .optional($0.network.physicalNetwork)
            },
            .init("provider:segmentation_id", adminOnly: true) {
                .optional($0.network.segmentationID)
            },
        ]
    }
}

extension NetworkService {
    var networkRoutes: [Route] {
        let table = ResourceTable<NetworkItem>.networks
        return [
            Route(.get, "/v2.0/networks", .role(.reader)) { request in
                try page(table, try items(networks.list(request.caller)), request)
            },
            Route(.post, "/v2.0/networks", .role(.member)) { request in
                let caller = try request.caller
                return try await create(request, table) { reader in
                    let made = try await networks.create(
                        NetworkBody.request(reader), caller)
                    return NetworkItem(network: made, subnetIDs: [])
                } undo: { item in
                    try await networks.delete(item.network.id, caller)
                }
            },
            Route(.get, "/v2.0/networks/{id}", .role(.reader)) { request in
                let network = try networks.show(id(request), request.caller)
                return try one(table, try item(network), request)
            },
            Route(.put, "/v2.0/networks/{id}", .role(.member)) { request in
                let change = try NetworkBody.change(try await body(request, table))
                let changed = try await networks.update(id(request), request.caller, change)
                return try one(table, try item(changed), request)
            },
            Route(.delete, "/v2.0/networks/{id}", .role(.member)) { request in
                try await networks.delete(id(request), request.caller)
                return APIResponse(.noContent)
            },
        ]
            + tagRoutes("networks") { request in
                try networks.show(id(request), request.caller).tags
            } change: { request, change in
                try await networks.tag(id(request), request.caller, change)
            }
    }

    private func id(_ request: APIRequest) -> NetworkID { NetworkID(request.parameter("id")) }

    private func item(_ network: Network) throws -> NetworkItem {
        NetworkItem(network: network, subnetIDs: try subnets.of(network.id).map(\.id).sorted())
    }

    private func items(_ networks: [Network]) throws -> [NetworkItem] {
        let byNetwork = try subnets.idsByNetwork()
        return networks.map {
            NetworkItem(network: $0, subnetIDs: byNetwork[$0.id, default: []])
        }
    }
}

/// Request bodies of networks.
enum NetworkBody {
    /// Reads the body of a request to create a network.
    static func request(_ reader: BodyReader) throws(DomainError) -> NetworkRequest {
        var reader = reader
        var request = NetworkRequest()
        request.projectID = try AttributeReading.project(&reader)
        request.name = try reader.string("name", length: 0...255) ?? ""
        request.description = try reader.string("description", length: 0...255) ?? ""
        request.adminStateUp = try reader.bool("admin_state_up") ?? true
        request.shared = try reader.bool("shared") ?? false
        request.external = try reader.bool("router:external") ?? false
        request.mtuBytes = try mtu(&reader)
        request.portSecurityEnabled = try reader.bool("port_security_enabled") ?? true
        request.tags = try reader.strings("tags", countMax: NetworkLimits.tagsMax) ?? []
        if let text = try reader.string("provider:network_type") {
            guard let type = NetworkType(rawValue: text) else {
                throw .invalid(
                    .network, field: "provider:network_type",
                    "Invalid input for operation: network_type value '\(text)' not supported.")
            }
            request.networkType = type
        }
        request.physicalNetwork = try reader.string("provider:physical_network")
        request.segmentationID = try reader.integer("provider:segmentation_id")
        try finish(&reader)
        return request
    }

    /// Reads the body of a request to change a network.
    static func change(_ reader: BodyReader) throws(DomainError) -> NetworkChange {
        var reader = reader
        var change = NetworkChange()
        change.name = try reader.string("name", length: 0...255)
        change.description = try reader.string("description", length: 0...255)
        change.adminStateUp = try reader.bool("admin_state_up")
        change.shared = try reader.bool("shared")
        change.external = try reader.bool("router:external")
        change.mtuBytes = try mtu(&reader)
        change.portSecurityEnabled = try reader.bool("port_security_enabled")
        try finish(&reader)
        return change
    }

    /// 0 means the usual, as in Neutron.
    private static func mtu(_ reader: inout BodyReader) throws(DomainError) -> Int? {
        guard let mtu = try reader.integer("mtu"), mtu > 0 else { return nil }
        return mtu
    }

    private static func finish(_ reader: inout BodyReader) throws(DomainError) {
        if try reader.bool("is_default") ?? false {
            throw reader.invalid("is_default", "there are no routers that would use it.")
        }
        try AttributeReading.refuseFilled(
            &reader, "qos_policy_id", "availability_zone_hints", "dns_domain", "segments")
        try reader.finish()
    }
}
