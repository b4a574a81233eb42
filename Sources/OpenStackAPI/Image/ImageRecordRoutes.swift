import ComputeModel
import Conductor
import Foundation
import HTTPTypes
import JSON
import RequestPipeline

extension ImageService {
    var recordRoutes: [Route] {
        [
            Route(.get, "/v2/images", .role(.reader)) { try list($0) },
            Route(.post, "/v2/images", .role(.member)) { try await create($0) },
            Route(.get, "/v2/images/{id}", .role(.reader)) { request in
                .ok(ImageView.json(try images.show(id(request), try request.caller)))
            },
            Route(.patch, "/v2/images/{id}", .role(.member)) { try await patch($0) },
            Route(.delete, "/v2/images/{id}", .role(.member)) { request in
                try await images.delete(id(request), try request.caller)
                return APIResponse(.noContent)
            },
            Route(.put, "/v2/images/{id}/tags/{tag}", .role(.member)) { request in
                let tag = request.parameter("tag")
                return try await retag(request) { $0.contains(tag) ? $0 : $0 + [tag] }
            },
            Route(.delete, "/v2/images/{id}/tags/{tag}", .role(.member)) { request in
                let tag = request.parameter("tag")
                return try await retag(request) { tags throws(DomainError) in
                    guard tags.contains(tag) else { throw .notFound(.request, tag) }
                    return tags.filter { $0 != tag }
                }
            },
            Route(.get, "/v2/images/{id}/members", .role(.reader)) { request in
                _ = try images.show(id(request), try request.caller)
                return .ok(["members": [], "schema": "/v2/schemas/members"])
            },
            Route(.post, "/v2/images/{id}/actions/deactivate", .role(.admin)) { request in
                try await images.setActive(false, id(request), try request.caller)
                return APIResponse(.noContent)
            },
            Route(.post, "/v2/images/{id}/actions/reactivate", .role(.admin)) { request in
                try await images.setActive(true, id(request), try request.caller)
                return APIResponse(.noContent)
            },
        ]
    }

    private func list(_ request: APIRequest) throws -> APIResponse {
        let asked = try ImageListRequest(
            request.queryItems, pageItemsMax: request.limits.pageItemsMax)
        let page = try images.list(asked.query, try request.caller)
        var members: [JSONValue.Member] = [
            .init("images", .array(page.images.map { ImageView.json($0) })),
            .init("first", .string(path(request.queryItems, without: ["marker"]))),
            .init("schema", "/v2/schemas/images"),
        ]
        if page.hasMore, let last = page.images.last {
            let kept = request.queryItems.filter { $0.name != "marker" }
            let next = kept + [("marker", last.id.text)]
            members.append(.init("next", .string(path(next, without: []))))
        }
        return .ok(.object(members))
    }

    /// The list's path as links show it: relative, without the service's root.
    private func path(
        _ items: [(name: String, value: String)], without left: Set<String>
    ) -> String {
        let kept = items.filter { !left.contains($0.name) }
        guard !kept.isEmpty else { return "/v2/images" }
        var components = URLComponents()
        components.queryItems = kept.map { URLQueryItem(name: $0.name, value: $0.value) }
        return "/v2/images?\(components.percentEncodedQuery ?? "")"
    }

    private func create(_ request: APIRequest) async throws -> APIResponse {
        let draft = try ImageDraft(try await request.json())
        let made = try await images.create(id: draft.id, edits: draft.edits, try request.caller)
        let location = "\(addresses.base(request))\(rootPath)/v2/images/\(made.id)"
        return APIResponse.json(.created, ImageView.json(made)).header("Location", location)
    }

    private func patch(_ request: APIRequest) async throws -> APIResponse {
        guard request.header("Content-Type")?.hasPrefix(ImagePatch.mediaType) == true else {
            return ImageFaults.page(
                .unsupportedMediaType, "A patch has the media type \(ImagePatch.mediaType)."
            )
            .header("Accept-Patch", ImagePatch.mediaType)
        }
        let patch = try ImagePatch(try await request.json())
        let changed = try await images.update(id(request), patch.edits, try request.caller)
        return .ok(ImageView.json(changed))
    }

    private func retag(
        _ request: APIRequest, _ change: ([String]) throws(DomainError) -> [String]
    ) async throws -> APIResponse {
        let image = try images.show(id(request), try request.caller)
        _ = try await images.update(
            image.id, [.tags(try change(image.tags))], try request.caller)
        return APIResponse(.noContent)
    }
}
