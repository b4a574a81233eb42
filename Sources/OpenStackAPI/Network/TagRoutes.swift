import ComputeModel
import RequestPipeline

extension NetworkService {
    /// The sub-resource `tags` of a collection: the whole list, or one tag at a time.
    func tagRoutes(
        _ collection: String,
        read: @escaping @Sendable (APIRequest) throws -> [String],
        change:
            @escaping @Sendable (APIRequest, (inout [String]) throws -> Void) async throws
            -> Void
    ) -> [Route] {
        let path = "/v2.0/\(collection)/{id}/tags"
        return [
            Route(.get, path, .role(.reader)) { request in
                .ok(["tags": .strings(try read(request))])
            },
            Route(.put, path, .role(.member)) { request in
                var reader = try BodyReader(
                    try await request.json(), path: "body", noun: .request)
                guard let wanted = try reader.strings("tags") else {
                    throw reader.missing("tags")
                }
                try reader.finish()
                try await change(request) { $0 = wanted }
                return .ok(["tags": .strings(try read(request))])
            },
            Route(.delete, path, .role(.member)) { request in
                try await change(request) { $0 = [] }
                return APIResponse(.noContent)
            },
        ] + singleTagRoutes(path + "/{tag}", read: read, change: change)
    }

    private func singleTagRoutes(
        _ path: String,
        read: @escaping @Sendable (APIRequest) throws -> [String],
        change:
            @escaping @Sendable (APIRequest, (inout [String]) throws -> Void) async throws
            -> Void
    ) -> [Route] {
        let absent: @Sendable (String) -> DomainError = { tag in
            .notFound(.request, "Tag \(tag)")
        }
        return [
            Route(.get, path, .role(.reader)) { request in
                let tag = request.parameter("tag")
                guard try read(request).contains(tag) else { throw absent(tag) }
                return APIResponse(.noContent)
            },
            Route(.put, path, .role(.member)) { request in
                let tag = request.parameter("tag")
                try await change(request) { $0.append(tag) }
                return APIResponse(.created)
            },
            Route(.delete, path, .role(.member)) { request in
                let tag = request.parameter("tag")
                try await change(request) { tags in
                    guard tags.contains(tag) else { throw absent(tag) }
                    tags.removeAll { $0 == tag }
                }
                return APIResponse(.noContent)
            },
        ]
    }
}
