import ComputeModel
import Conductor
import Foundation
import JSON
import RequestPipeline

extension ComputeService {
    var flavorRoutes: [Route] {
        [
            route(.get, "/flavors", .reader) { try listFlavors($0, detail: false) },
            route(.get, "/flavors/detail", .reader) { try listFlavors($0, detail: true) },
            route(.post, "/flavors", .admin, createFlavor),
            route(.get, "/flavors/{id}", .reader, showFlavor),
            route(.put, "/flavors/{id}", .admin, updateFlavor),
            route(.delete, "/flavors/{id}", .admin, deleteFlavor),
            route(.get, "/flavors/{id}/os-extra_specs", .reader, showExtraSpecs),
            route(.post, "/flavors/{id}/os-extra_specs", .admin, addExtraSpecs),
            route(.get, "/flavors/{id}/os-extra_specs/{key}", .reader, showExtraSpec),
            route(.put, "/flavors/{id}/os-extra_specs/{key}", .admin, setExtraSpec),
            route(.delete, "/flavors/{id}/os-extra_specs/{key}", .admin, deleteExtraSpec),
            route(.get, "/flavors/{id}/os-flavor-access", .admin, listFlavorAccess),
            route(.post, "/flavors/{id}/action", .admin, flavorAction),
        ]
    }

    private func listFlavors(_ request: ComputeRequest, detail: Bool) throws -> APIResponse {
        let isPublic = request.request.query("is_public").flatMap { text -> Bool? in
            text.lowercased() == "none" ? nil : APIBoolean.isTrue(text)
        }
        let caller = try request.caller()
        let asked = request.request.query("is_public") != nil
        let all = try conductor.flavors.list(
            caller, isPublic: asked || !caller.isAdmin ? isPublic : true)
        let page = try Page(all, request.request, .flavor) { $0.id.text }
        var members: [JSONValue.Member] = [
            .init("flavors", .array(page.items.map { view($0, request, detail: detail) }))
        ]
        let path = base(request.request) + "/v2.1/flavors" + (detail ? "/detail" : "")
        if let links = page.links(path, request.request) {
            members.append(.init("flavors_links", links))
        }
        return .ok(.object(members))
    }

    private func flavor(_ request: ComputeRequest) throws -> Flavor {
        try conductor.flavors.show(FlavorID(request.parameter("id")), request.caller())
    }

    private func showFlavor(_ request: ComputeRequest) throws -> APIResponse {
        .ok(["flavor": view(try flavor(request), request, detail: true)])
    }

    private func createFlavor(_ request: ComputeRequest) async throws -> APIResponse {
        var outer = try BodyReader(await request.request.json(), path: "", noun: .flavor)
        guard var body = outer.keys.contains("flavor") ? try outer.object("flavor") : nil else {
            throw outer.missing("flavor")
        }
        try outer.finish()
        guard let memory = try body.integer("ram", in: 1...Int(Int32.max)) else {
            throw body.missing("ram")
        }
        guard let vcpus = try body.integer("vcpus", in: 1...1_024) else {
            throw body.missing("vcpus")
        }
        guard let disk = try body.integer("disk") else { throw body.missing("disk") }
        let id = try body.string("id", length: 1...255)
        var flavor = Flavor(
            id: id == nil || id == "auto"
                ? FlavorID(uuid: conductor.context.makeUUID()) : FlavorID(id ?? ""),
            name: try body.requiredString("name", length: 1...255), vcpus: vcpus,
            memoryMiB: memory, diskGiB: disk,
            ephemeralGiB: try body.integer("OS-FLV-EXT-DATA:ephemeral") ?? 0,
            swapMiB: try body.integer("swap") ?? 0,
            isPublic: try body.bool("os-flavor-access:is_public") ?? true)
        if request.version >= .flavorDescription {
            flavor.description = try body.string("description", length: 0...65_535)
        }
        body.ignore("rxtx_factor")
        try body.finish()
        try await conductor.flavors.create(flavor)
        return .ok(["flavor": view(flavor, request, detail: true)])
    }

    private func updateFlavor(_ request: ComputeRequest) async throws -> APIResponse {
        _ = try flavor(request)
        var outer = try BodyReader(await request.request.json(), path: "", noun: .flavor)
        guard var body = try outer.object("flavor") else { throw outer.missing("flavor") }
        try outer.finish()
        let description = try body.string("description", length: 0...65_535)
        try body.finish()
        let changed = try await conductor.flavors.update(FlavorID(request.parameter("id"))) {
            $0.description = description
        }
        return .ok(["flavor": view(changed, request, detail: true)])
    }

    private func deleteFlavor(_ request: ComputeRequest) async throws -> APIResponse {
        _ = try flavor(request)
        try await conductor.flavors.delete(FlavorID(request.parameter("id")))
        return APIResponse(.accepted)
    }

    private func showExtraSpecs(_ request: ComputeRequest) throws -> APIResponse {
        .ok(["extra_specs": .map(try flavor(request).extraSpecs)])
    }

    private func addExtraSpecs(_ request: ComputeRequest) async throws -> APIResponse {
        _ = try flavor(request)
        var body = try BodyReader(await request.request.json(), path: "", noun: .flavor)
        guard let specs = try body.stringMap("extra_specs", countMax: 128) else {
            throw body.missing("extra_specs")
        }
        try body.finish()
        let changed = try await conductor.flavors.setExtraSpecs(
            FlavorID(request.parameter("id")), specs)
        return .ok(["extra_specs": .map(changed.extraSpecs)])
    }

    private func showExtraSpec(_ request: ComputeRequest) throws -> APIResponse {
        let flavor = try flavor(request)
        let key = request.parameter("key")
        guard let value = flavor.extraSpecs[key] else { throw Self.noExtraSpec(flavor, key) }
        return .ok(.object([.init(key, .string(value))]))
    }

    private func setExtraSpec(_ request: ComputeRequest) async throws -> APIResponse {
        let flavor = try flavor(request)
        let key = request.parameter("key")
        var body = try BodyReader(await request.request.json(), path: "", noun: .flavor)
        guard let value = try body.string(key) else { throw body.missing(key) }
        try body.finish()
        _ = try await conductor.flavors.setExtraSpecs(flavor.id, [key: value])
        return .ok(.object([.init(key, .string(value))]))
    }

    private static func noExtraSpec(_ flavor: Flavor, _ key: String) -> DomainError {
        .notFound(.flavor, "\(flavor.id) extra spec \(key)")
    }

    private func deleteExtraSpec(_ request: ComputeRequest) async throws -> APIResponse {
        let flavor = try flavor(request)
        let key = request.parameter("key")
        guard flavor.extraSpecs[key] != nil else { throw Self.noExtraSpec(flavor, key) }
        _ = try await conductor.flavors.update(flavor.id) { $0.extraSpecs[key] = nil }
        return APIResponse(.ok)
    }

    private func listFlavorAccess(_ request: ComputeRequest) throws -> APIResponse {
        let flavor = try flavor(request)
        guard !flavor.isPublic else {
            throw DomainError.notFound(.flavor, "access list of public flavor \(flavor.id)")
        }
        return .ok(["flavor_access": accessView(flavor)])
    }

    private func flavorAction(_ request: ComputeRequest) async throws -> APIResponse {
        let flavor = try flavor(request)
        var body = try BodyReader(await request.request.json(), path: "", noun: .flavor)
        var adds = false
        var details = try body.object("removeTenantAccess")
        if let added = try body.object("addTenantAccess") {
            details = added
            adds = true
        }
        try body.finish()
        guard var details else { throw body.missing("addTenantAccess") }
        let project = ProjectID(try details.requiredString("tenant", length: 1...255))
        try details.finish()
        let changed = try await conductor.flavors.update(flavor.id) { flavor in
            flavor.accessProjects.removeAll { $0 == project }
            if adds { flavor.accessProjects.append(project) }
        }
        return .ok(["flavor_access": accessView(changed)])
    }

    private func accessView(_ flavor: Flavor) -> JSONValue {
        .array(
            flavor.accessProjects.map {
                ["flavor_id": .string(flavor.id.text), "tenant_id": .string($0.text)]
            })
    }

    private func view(
        _ flavor: Flavor, _ request: ComputeRequest, detail: Bool
    ) -> JSONValue {
        let base = base(request.request)
        let links: JSONValue = [
            ["rel": "self", "href": .string("\(base)/v2.1/flavors/\(flavor.id)")],
            ["rel": "bookmark", "href": .string("\(base)/flavors/\(flavor.id)")],
        ]
        var members: [JSONValue.Member] = [
            .init("id", .string(flavor.id.text)), .init("name", .string(flavor.name)),
        ]
        if detail {
            let empty: JSONValue = request.version >= .swapNumber ? 0 : ""
            members += [
                .init("ram", .int(flavor.memoryMiB)), .init("disk", .int(flavor.diskGiB)),
                .init("swap", flavor.swapMiB == 0 ? empty : .int(flavor.swapMiB)),
                .init("OS-FLV-EXT-DATA:ephemeral", .int(flavor.ephemeralGiB)),
                .init("OS-FLV-DISABLED:disabled", false), .init("vcpus", .int(flavor.vcpus)),
                .init("os-flavor-access:is_public", .bool(flavor.isPublic)),
                .init("rxtx_factor", .number(flavor.rxtxFactor)),
            ]
        }
        members.append(.init("links", links))
        if request.version >= .flavorDescription {
            members.append(.init("description", .optional(flavor.description)))
        }
        if detail, request.version >= .flavorExtraSpecs {
            members.append(.init("extra_specs", .map(flavor.extraSpecs)))
        }
        return .object(members)
    }
}
