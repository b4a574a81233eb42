import ComputeModel
import Conductor
import Foundation
import Identity
import JSON
import RequestPipeline

/// Objects of the identity service as clients see them. `root` is the service's address without
/// its version.
struct IdentityViews {
    var root: String

    static let versionID = "v3.14"
    static let updated = "2020-04-07T00:00:00Z"

    var version: JSONValue {
        [
            "id": .string(Self.versionID), "status": "stable", "updated": .string(Self.updated),
            "links": [["rel": "self", "href": .string("\(root)/v3/")]],
            "media-types": [
                [
                    "base": "application/json",
                    "type": "application/vnd.openstack.identity-v3+json",
                ]
            ],
        ]
    }

    func project(_ project: Project) -> JSONValue {
        [
            "id": .string(project.id.text), "name": .string(project.name),
            "domain_id": .string(DomainReference.id), "description": .string(project.description),
            "enabled": .bool(project.enabled), "parent_id": .string(DomainReference.id),
            "is_domain": false, "tags": [], "options": [:],
            "links": link("projects", project.id.text),
        ]
    }

    func user(_ user: User) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(user.id.text)), .init("name", .string(user.name)),
            .init("domain_id", .string(DomainReference.id)),
            .init("enabled", .bool(user.enabled)), .init("password_expires_at", .null),
            .init("options", [:]), .init("links", link("users", user.id.text)),
        ]
        if let project = user.defaultProjectID {
            members.append(.init("default_project_id", .string(project.text)))
        }
        return .object(members)
    }

    func role(_ role: Role) -> JSONValue {
        [
            "id": .string(role.wireID), "name": .string(role.rawValue), "domain_id": .null,
            "description": .null, "options": [:], "links": link("roles", role.wireID),
        ]
    }

    var domain: JSONValue {
        [
            "id": .string(DomainReference.id), "name": .string(DomainReference.name),
            "description": "The only domain.", "enabled": true, "tags": [], "options": [:],
            "links": link("domains", DomainReference.id),
        ]
    }

    var region: JSONValue {
        [
            "id": .string(ServiceAddresses.region), "description": "", "parent_region_id": .null,
            "links": link("regions", ServiceAddresses.region),
        ]
    }

    func service(_ service: ServiceCatalog.Service) -> JSONValue {
        [
            "name": .string(service.name), "id": .string(service.id),
            "type": .string(service.type), "enabled": true,
            "links": link("services", service.id),
        ]
    }

    func endpoint(_ endpoint: ServiceCatalog.Endpoint) -> JSONValue {
        [
            "id": .string(endpoint.id), "interface": .string(endpoint.interface),
            "region_id": .string(ServiceAddresses.region),
            "service_id": .string(endpoint.service.id), "url": .string(endpoint.url),
            "enabled": true, "region": .string(ServiceAddresses.region),
            "links": link("endpoints", endpoint.id),
        ]
    }

    func assignment(_ assignment: RoleAssignment, withNames: Bool) -> JSONValue {
        let path =
            "\(root)/v3/projects/\(assignment.project.id)/users/\(assignment.user.id)"
            + "/roles/\(assignment.role.wireID)"
        return [
            "role": named(assignment.role.wireID, assignment.role.rawValue, withNames, nil),
            "user": named(
                assignment.user.id.text, assignment.user.name, withNames, DomainReference.json),
            "scope": [
                "project": named(
                    assignment.project.id.text, assignment.project.name, withNames,
                    DomainReference.json)
            ],
            "links": ["assignment": .string(path)],
        ]
    }

    /// The body of a token; `catalog` nil leaves it out.
    func token(_ grant: TokenGrant, catalog: JSONValue?) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("methods", .strings(grant.methods)),
            .init(
                "user",
                [
                    "domain": DomainReference.json, "id": .string(grant.user.id.text),
                    "name": .string(grant.user.name), "password_expires_at": .null,
                ]),
            .init("audit_ids", .strings(grant.auditIDs)),
            .init("expires_at", .string(Self.time(grant.expiresAt))),
            .init("issued_at", .string(Self.time(grant.issuedAt))),
        ]
        if let project = grant.project {
            members += [
                .init(
                    "project",
                    [
                        "domain": DomainReference.json, "id": .string(project.id.text),
                        "name": .string(project.name),
                    ]),
                .init("is_domain", false),
                .init(
                    "roles",
                    .array(
                        grant.roles.reversed().map {
                            ["id": .string($0.wireID), "name": .string($0.rawValue)]
                        })),
            ]
            if let catalog { members.append(.init("catalog", catalog)) }
        }
        return ["token": .object(members)]
    }

    /// A list with its links. `path` is the request's path with its query.
    func list(_ key: String, _ values: [JSONValue], base: String, path: String) -> JSONValue {
        .object([
            .init(key, .array(values)),
            .init(
                "links",
                ["next": .null, "self": .string(base + path), "previous": .null]),
        ])
    }

    /// `2026-01-02T03:04:05.000000Z`; fractions are cut off.
    static func time(_ date: Date) -> String {
        let whole = Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
        return whole.formatted(.iso8601).replacing("Z", with: ".000000Z")
    }

    private func link(_ collection: String, _ id: String) -> JSONValue {
        ["self": .string("\(root)/v3/\(collection)/\(id)")]
    }

    private func named(
        _ id: String, _ name: String, _ withNames: Bool, _ domain: JSONValue?
    ) -> JSONValue {
        var members: [JSONValue.Member] = [.init("id", .string(id))]
        if withNames { members.append(.init("name", .string(name))) }
        if withNames, let domain { members.append(.init("domain", domain)) }
        return .object(members)
    }
}

extension Role {
    /// Roles have ids of their own in the API, so that names are never mistaken for ids.
    var wireID: String {
        switch self {
        case .reader: "1d1c5f0a3b8e4c0c9f6a7b2d4e8f1a01"
        case .member: "2e2d6a1b4c9f4d1d8a7b8c3e5f9a2b02"
        case .admin: "3f3e7b2c5d0a4e2e9b8c9d4f6a0b3c03"
        }
    }

    init?(wireID: String) {
        guard let role = Role.allCases.first(where: { $0.wireID == wireID }) else { return nil }
        self = role
    }
}
