import JSON
import RequestPipeline

/// The services this server offers, as the catalogue shows them. Ids are fixed: there is one of
/// each, and nobody can add any.
struct ServiceCatalog: Sendable {
    struct Service: Sendable {
        /// 31 hex digits; one more makes the service's id, and others those of its endpoints.
        var stem: String
        var type: String
        var name: String
        /// Path after the base address.
        var path: String

        var id: String { stem + "0" }
    }

    struct Endpoint: Sendable {
        var id: String
        var interface: String
        var url: String
        var service: Service
    }

    static let services = [
        Service(
            stem: "3d1a4e6c0b7f4f0e9a52c8d6e1f0a10", type: "compute", name: "nova",
            path: "/compute/v2.1"),
        Service(
            stem: "5b8e2f7a9c3d4a1b8e64d0f2a7c3b20", type: "network", name: "neutron",
            path: "/network"),
        Service(
            stem: "7e0c9d4b2a6f4c8d9b31e5a8f4d7c30", type: "image", name: "glance",
            path: "/image"),
        Service(
            stem: "9a4f1c8e6d2b4e7f8c05b3d9e6a1d40", type: "identity", name: "keystone",
            path: "/identity/v3"),
    ]
    static let interfaces = ["public", "internal", "admin"]

    /// Scheme, host and port of all services.
    var base: String

    var endpoints: [Endpoint] { Self.services.flatMap { endpoints(of: $0) } }

    /// As in a token.
    var json: JSONValue {
        .array(
            Self.services.map { service in
                [
                    "endpoints": .array(endpoints(of: service).map { Self.entry($0) }),
                    "id": .string(service.id), "type": .string(service.type),
                    "name": .string(service.name),
                ]
            })
    }

    private func endpoints(of service: Service) -> [Endpoint] {
        Self.interfaces.enumerated().map { index, interface in
            Endpoint(
                id: service.stem + String(index + 1), interface: interface,
                url: base + service.path, service: service)
        }
    }

    private static func entry(_ endpoint: Endpoint) -> JSONValue {
        [
            "id": .string(endpoint.id), "interface": .string(endpoint.interface),
            "region_id": .string(ServiceAddresses.region), "url": .string(endpoint.url),
            "region": .string(ServiceAddresses.region),
        ]
    }
}
