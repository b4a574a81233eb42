import ComputeModel
import Conductor
import Foundation
import HTTPTypes
import JSON
import RequestPipeline

extension ComputeService {
    var serverRoutes: [Route] {
        [
            route(.get, "/servers", .reader) { try list($0, detail: false) },
            route(.get, "/servers/detail", .reader) { try list($0, detail: true) },
            route(.post, "/servers", .member, createServers),
            route(.get, "/servers/{id}", .reader, showServer),
            route(.put, "/servers/{id}", .member, updateServer),
            route(.delete, "/servers/{id}", .member, deleteServer),
            route(.get, "/servers/{id}/ips", .reader, showAddresses),
            route(.get, "/servers/{id}/metadata", .reader, showMetadata),
            route(.post, "/servers/{id}/metadata", .member, { try await setMetadata($0, false) }),
            route(.put, "/servers/{id}/metadata", .member, { try await setMetadata($0, true) }),
            route(.delete, "/servers/{id}/metadata/{key}", .member, deleteMetadata),
            route(.get, "/servers/{id}/tags", .reader, showTags),
            route(.get, "/servers/{id}/os-security-groups", .reader, listServerGroupsOfServer),
            route(.get, "/servers/{id}/os-volume_attachments", .reader, listVolumes),
            route(.post, "/servers/{id}/action", .member, serverAction),
        ]
    }

    func views(_ request: ComputeRequest) throws -> ServerViews {
        ServerViews(
            version: request.version, caller: try request.caller(),
            base: base(request.request), stored: conductor.readModel(),
            isUp: { id in try conductor.hosts.isUp(id) })
    }

    func instance(
        _ request: ComputeRequest, deleted: Bool = false
    ) throws -> Instance {
        try conductor.instances.show(
            InstanceID(request.parameter("id")), request.caller(), deleted: deleted)
    }

    private func list(_ request: ComputeRequest, detail: Bool) throws -> APIResponse {
        let caller = try request.caller()
        let query = ServerQuery(
            request: request.request, caller: caller, version: request.version)
        guard !query.wantsDeleted || caller.isAdmin else {
            throw DomainError.forbidden("Only administrators may list deleted servers")
        }
        let views = try views(request)
        let all = try conductor.instances.list(
            caller, allProjects: query.wantsAllProjects, deleted: query.wantsDeleted)
        let needsPorts =
            request.request.query("ip") != nil || request.request.query("ip6") != nil
        let ports = needsPorts ? try views.stored.ports() : []
        let selected = try query.select(
            all, ports: Dictionary(ports.map { ($0.id, $0) }) { first, _ in first })
        let page = try Page(selected, request.request, .server) { $0.id.text }
        let items = try page.items.map {
            detail ? try views.full($0, isShow: false) : views.brief($0)
        }
        var members: [JSONValue.Member] = [.init("servers", .array(items))]
        let path = base(request.request) + "/v2.1/servers" + (detail ? "/detail" : "")
        if let links = page.links(path, request.request) {
            members.append(.init("servers_links", links))
        }
        return .ok(.object(members))
    }

    private func showServer(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request)
        return .ok(["server": try views(request).full(instance, isShow: true)])
    }

    private func createServers(_ request: ComputeRequest) async throws -> APIResponse {
        let body = try await request.request.json()
        let wish = try ServerCreation(body, request.version)
        let made = try await conductor.instances.create(wish.instances, request.caller())
        guard let first = made.first else {
            throw DomainError.internalFailure("no instance was made")
        }
        let location = base(request.request) + "/v2.1/servers/\(first.id)"
        if wish.returnReservationID {
            return .json(.accepted, ["reservation_id": .string(first.reservationID)])
        }
        let groups = first.securityGroups.isEmpty ? ["default"] : first.securityGroups
        let answer: JSONValue = [
            "server": [
                "id": .string(first.id.text), "links": try views(request).links(first),
                "OS-DCF:diskConfig": "MANUAL",
                "security_groups": .array(groups.map { ["name": .string($0)] }),
                "adminPass": .string(AdminPassword.make()),
            ]
        ]
        return .json(.accepted, answer).header("Location", location)
    }

    private func updateServer(_ request: ComputeRequest) async throws -> APIResponse {
        let instance = try instance(request)
        var body = try BodyReader(await request.request.json(), path: "", noun: .server)
        guard var server = try body.object("server") else { throw body.missing("server") }
        try body.finish()
        let name = try server.string("name", length: 1...255)
        let describes = request.version >= .serverDescription && server.has("description")
        let description = describes ? try server.string("description", length: 0...255) : nil
        let hostname = try ServerBody.hostname(&server, request.version)
        server.ignore("accessIPv4", "accessIPv6", "OS-DCF:diskConfig")
        try server.finish()
        let changed = try await conductor.instances.update(instance.id, request.caller()) {
            if let name { $0.name = name }
            if let hostname { $0.hostname = hostname }
            if describes { $0.description = description }
        }
        return .ok(["server": try views(request).full(changed, isShow: true)])
    }

    private func deleteServer(_ request: ComputeRequest) async throws -> APIResponse {
        try await conductor.instances.delete(
            InstanceID(request.parameter("id")), request.caller())
        return APIResponse(.noContent)
    }

    private func showAddresses(_ request: ComputeRequest) throws -> APIResponse {
        let view = try views(request).full(try instance(request), isShow: true)
        return .ok(["addresses": view["addresses"] ?? [:]])
    }

    private func listServerGroupsOfServer(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request)
        let groups = try conductor.readModel().securityGroups(of: instance)
        return .ok([
            "security_groups": .array(
                groups.map { group in
                    [
                        "id": .string(group.id.text), "name": .string(group.name),
                        "description": .string(group.description),
                        "tenant_id": .string(group.projectID.text), "rules": [],
                    ]
                })
        ])
    }

    private func showTags(_ request: ComputeRequest) throws -> APIResponse {
        .ok(["tags": .strings(try instance(request).tags)])
    }

    private func listVolumes(_ request: ComputeRequest) throws -> APIResponse {
        _ = try instance(request)
        return .ok(["volumeAttachments": []])
    }
}

// MARK: - Metadata

extension ComputeService {
    private func showMetadata(_ request: ComputeRequest) throws -> APIResponse {
        .ok(["metadata": .map(try instance(request).metadata)])
    }

    private func setMetadata(
        _ request: ComputeRequest, _ replaces: Bool
    ) async throws -> APIResponse {
        let instance = try instance(request)
        var body = try BodyReader(await request.request.json(), path: "", noun: .server)
        guard let metadata = try body.stringMap("metadata", countMax: 128) else {
            throw body.missing("metadata")
        }
        try body.finish()
        let changed = try await conductor.instances.update(instance.id, request.caller()) {
            $0.metadata = replaces ? metadata : $0.metadata.merging(metadata) { $1 }
        }
        return .ok(["metadata": .map(changed.metadata)])
    }

    private func deleteMetadata(_ request: ComputeRequest) async throws -> APIResponse {
        let instance = try instance(request)
        let key = request.parameter("key")
        guard instance.metadata[key] != nil else {
            throw DomainError.notFound(.server, "\(instance.id) metadata key \(key)")
        }
        _ = try await conductor.instances.update(instance.id, request.caller()) {
            $0.metadata[key] = nil
        }
        return APIResponse(.noContent)
    }
}
