import ComputeModel
import JSON
import RequestPipeline

extension NetworkService {
    /// The version documents and the list of extensions.
    var discoveryRoutes: [Route] {
        [
            Route(.get, "", .anyone) { request in
                .ok([
                    "versions": [
                        [
                            "id": "v2.0", "status": "CURRENT",
                            "links": [
                                ["rel": "self", "href": .string(versionURL(request))]
                            ],
                        ]
                    ]
                ])
            },
            Route(.get, "/v2.0", .role(.reader)) { request in
                .ok(["resources": .array(resources(versionURL(request)))])
            },
            Route(.get, "/v2.0/extensions", .role(.reader)) { _ in
                .ok(["extensions": .array(NetworkExtension.all.map(\.view))])
            },
            Route(.get, "/v2.0/extensions/{alias}", .role(.reader)) { request in
                let alias = request.parameter("alias")
                guard let found = NetworkExtension.all.first(where: { $0.alias == alias }) else {
                    throw DomainError.notFound(.extensionAlias, alias)
                }
                return .ok(["extension": found.view])
            },
        ]
    }

    private func resources(_ base: String) -> [JSONValue] {
        ["network", "subnet", "port"].map { name in
            [
                "name": .string(name), "collection": .string(name + "s"),
                "links": [["rel": "self", "href": .string("\(base)\(name)s")]],
            ]
        }
    }

    /// Collections of Neutron that clients look into while they work with others. Millrace has
    /// none of these objects, and says so.
    var emptyRoutes: [Route] {
        let collections = [
            ("floatingips", "floatingips"), ("routers", "routers"), ("trunks", "trunks"),
            ("address-groups", "address_groups"), ("subnetpools", "subnetpools"),
            ("availability_zones", "availability_zones"), ("qos/policies", "policies"),
        ]
        return collections.map { path, key in
            Route(.get, "/v2.0/\(path)", .role(.reader)) { _ in
                .ok(.object([.init(key, [])]))
            }
        }
    }
}
