import JSON
import RequestPipeline

extension ComputeService {
    /// Version documents need no token.
    var versions: [Route] {
        [
            Route(.get, "", .anyone) { request in
                .ok(["versions": [summary(request)]])
            },
            Route(.get, "/v2.1", .anyone) { .ok(["version": detail($0)]) },
        ]
    }

    private func summary(_ request: APIRequest) -> JSONValue {
        [
            "id": "v2.1", "status": "CURRENT", "version": .string(Microversion.maximum.text),
            "min_version": .string(Microversion.minimum.text),
            "updated": "2013-07-23T11:33:21Z",
            "links": [["rel": "self", "href": .string(base(request) + "/v2.1/")]],
        ]
    }

    private func detail(_ request: APIRequest) -> JSONValue {
        guard case .object(var members) = summary(request) else { return .null }
        members.append(
            .init(
                "media-types",
                [
                    [
                        "base": "application/json",
                        "type": "application/vnd.openstack.compute+json;version=2.1",
                    ]
                ]))
        return .object(members)
    }
}
