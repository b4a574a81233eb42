import ComputeModel
import Conductor
import Foundation
import JSON
import RequestPipeline

extension ComputeService {
    var aggregateRoutes: [Route] {
        [
            route(.get, "/os-aggregates", .admin) { request in
                let views = try conductor.aggregates.list().map {
                    AggregateView.full($0, request.version)
                }
                return .ok(["aggregates": .array(views)])
            },
            route(.post, "/os-aggregates", .admin, createAggregate),
            route(.get, "/os-aggregates/{id}", .admin) { request in
                answer(try conductor.aggregates.show(try id(request)), request)
            },
            route(.put, "/os-aggregates/{id}", .admin, updateAggregate),
            route(.delete, "/os-aggregates/{id}", .admin) { request in
                try await conductor.aggregates.delete(try id(request))
                return APIResponse(.ok)
            },
            route(.post, "/os-aggregates/{id}/action", .admin, aggregateAction),
            route(.post, "/os-aggregates/{id}/images", .admin, cacheImages),
        ]
    }

    private func id(_ request: ComputeRequest) throws(DomainError) -> Int {
        guard let id = Int(request.parameter("id")) else {
            throw .invalid(
                .aggregate, field: "id", "Invalid input received: id must be an integer")
        }
        return id
    }

    private func answer(_ aggregate: HostAggregate, _ request: ComputeRequest) -> APIResponse {
        .ok(["aggregate": AggregateView.full(aggregate, request.version)])
    }

    private func createAggregate(_ request: ComputeRequest) async throws -> APIResponse {
        var body = try await aggregate(request)
        let name = try AggregateBody.name(&body)
        let zone = try body.string(Aggregates.zoneKey, length: 1...255)
        try body.finish()
        guard let name else { throw body.missing("name") }
        let made = try await conductor.aggregates.create(name: name, zone: zone)
        return .ok(["aggregate": AggregateView.new(made, request.version)])
    }

    private func updateAggregate(_ request: ComputeRequest) async throws -> APIResponse {
        var body = try await aggregate(request)
        let name = try AggregateBody.name(&body)
        let zone = try body.string(Aggregates.zoneKey, length: 1...255)
        let keys = body.keys
        try body.finish()
        guard !keys.isEmpty else {
            throw body.invalid("aggregate", "give 'name' or 'availability_zone'.")
        }
        guard zone != nil || !keys.contains(Aggregates.zoneKey) else {
            throw body.invalid(
                Aggregates.zoneKey, "an aggregate's zone can be changed and not removed.")
        }
        return answer(
            try await conductor.aggregates.update(try id(request), name: name, zone: zone),
            request)
    }

    private func aggregate(_ request: ComputeRequest) async throws -> BodyReader {
        var outer = try BodyReader(
            await request.request.json(), path: "", noun: .aggregate)
        guard let body = try outer.object("aggregate") else { throw outer.missing("aggregate") }
        try outer.finish()
        return body
    }

    private func aggregateAction(_ request: ComputeRequest) async throws -> APIResponse {
        let id = try id(request)
        var body = try BodyReader(await request.request.json(), path: "", noun: .aggregate)
        guard body.keys.count == 1 else {
            throw DomainError.invalid(
                .aggregate, field: nil,
                "The body of an action is an object with one key, the action's name.")
        }
        let aggregates = conductor.aggregates
        if let host = try AggregateBody.host(&body, "add_host") {
            return answer(try await aggregates.add(host: host, to: id), request)
        }
        if let host = try AggregateBody.host(&body, "remove_host") {
            return answer(try await aggregates.remove(host: host, from: id), request)
        }
        guard var action = try body.object("set_metadata") else {
            throw DomainError.invalid(
                .aggregate, field: nil,
                "There is no such action: \(body.keys.joined().prefix(64))")
        }
        let metadata = try AggregateBody.metadata(&action)
        return answer(try await aggregates.setMetadata(id, metadata), request)
    }

    /// Hosts fetch an image when the first server needs it, so there is nothing to do beforehand:
    /// the request is checked, and that is all.
    private func cacheImages(_ request: ComputeRequest) async throws -> APIResponse {
        guard request.version >= .aggregateImages else {
            throw DomainError.notFound(.request, request.request.path)
        }
        _ = try conductor.aggregates.show(try id(request))
        var body = try BodyReader(await request.request.json(), path: "", noun: .aggregate)
        guard let images = try body.array("cache"), !images.isEmpty else {
            throw body.missing("cache")
        }
        try body.finish()
        for image in images {
            var entry = try BodyReader(image, path: "cache", noun: .aggregate)
            let id = try entry.requiredString("id", length: 1...64)
            try entry.finish()
            guard UUID(uuidString: id) != nil,
                try conductor.readModel().image(ImageID(id.lowercased())) != nil
            else {
                throw DomainError.invalid(
                    .image, field: "cache", "Can not find requested image \(id)")
            }
        }
        return APIResponse(.accepted)
    }
}

/// Reads bodies about aggregates.
private enum AggregateBody {
    static func name(_ body: inout BodyReader) throws(DomainError) -> String? {
        guard let name = try body.string("name", length: 1...255) else { return nil }
        guard name.first?.isWhitespace == false, name.last?.isWhitespace == false else {
            throw body.invalid("name", "it has blanks at its beginning or end.")
        }
        return name
    }

    static func host(
        _ body: inout BodyReader, _ action: String
    ) throws(DomainError) -> String? {
        guard var action = try body.object(action) else { return nil }
        let host = try action.requiredString("host", length: 1...255)
        try action.finish()
        return host
    }

    /// Keys to set, and with nil those to remove.
    static func metadata(
        _ action: inout BodyReader
    ) throws(DomainError) -> [String: String?] {
        guard var metadata = try action.object("metadata") else {
            throw action.missing("metadata")
        }
        try action.finish()
        guard metadata.keys.count <= Aggregates.metadataMax else {
            throw action.invalid("metadata", "at most \(Aggregates.metadataMax) keys are possible.")
        }
        var changes: [String: String?] = [:]
        for key in metadata.keys {
            guard (1...255).contains(key.count) else {
                throw action.invalid("metadata", "a key has 1 to 255 characters.")
            }
            changes[key] = .some(try metadata.string(key, length: 0...255))
        }
        return changes
    }
}

/// Aggregates as the compute API shows them.
private enum AggregateView {
    /// With hosts and metadata.
    static func full(_ aggregate: HostAggregate, _ version: Microversion) -> JSONValue {
        var metadata = aggregate.metadata
        if let zone = aggregate.zone { metadata[Aggregates.zoneKey] = zone }
        return view(
            aggregate, version,
            [.init("hosts", .strings(aggregate.hosts)), .init("metadata", .map(metadata))])
    }

    /// As it is shown when it was made.
    static func new(_ aggregate: HostAggregate, _ version: Microversion) -> JSONValue {
        view(aggregate, version, [])
    }

    private static func view(
        _ aggregate: HostAggregate, _ version: Microversion, _ more: [JSONValue.Member]
    ) -> JSONValue {
        var members: [JSONValue.Member] = [.init("id", .int(aggregate.id))]
        if version >= .aggregateUUID { members.append(.init("uuid", .string(aggregate.uuid))) }
        members.append(.init("name", .string(aggregate.name)))
        members += more
        members += [
            .init("created_at", .string(APITime.micros(aggregate.createdAt))),
            .init("updated_at", .optional(aggregate.updatedAt.map(APITime.micros))),
            .init("deleted_at", .null), .init("deleted", false),
            .init(Aggregates.zoneKey, .optional(aggregate.zone)),
        ]
        return .object(members)
    }
}
