import ComputeModel
import Conductor
import Foundation
import JSON
import RequestPipeline

/// Lists of servers: filters, order and pages.
struct ServerQuery {
    let request: APIRequest
    let caller: Caller
    let version: Microversion

    var wantsAllProjects: Bool {
        guard let value = request.query("all_tenants") else { return false }
        return value.isEmpty || APIBoolean.isTrue(value)
    }

    var wantsDeleted: Bool {
        request.query("deleted").map(APIBoolean.isTrue) ?? statuses.contains("DELETED")
    }

    private var statuses: [String] { request.queryAll("status").map { $0.uppercased() } }

    /// The instances that pass all filters, in the order asked for.
    func select(_ instances: [Instance], ports: [PortID: NetworkPort]) throws -> [Instance] {
        let filters = try self.filters(ports)
        let passed = instances.filter { instance in filters.allSatisfy { $0(instance) } }
        return try sorted(passed)
    }

    private func filters(_ ports: [PortID: NetworkPort]) throws -> [(Instance) -> Bool] {
        var filters: [(Instance) -> Bool] = []
        if let pattern = request.query("name") {
            filters.append(try Self.nameFilter(pattern))
        }
        let statuses = statuses
        if !statuses.isEmpty {
            filters.append { statuses.contains(ServerStatus.of($0)) }
        }
        if let image = request.query("image") { filters.append { $0.imageID.text == image } }
        if let flavor = request.query("flavor") {
            filters.append { $0.shownFlavor.id.text == flavor }
        }
        if let uuid = request.query("uuid") { filters.append { $0.id.text == uuid } }
        if caller.isAdmin {
            if let host = request.query("host") ?? request.query("node") {
                filters.append { $0.hostName == host }
            }
            if let project = request.query("project_id") ?? request.query("tenant_id") {
                filters.append { $0.projectID.text == project }
            }
        }
        if let reservation = request.query("reservation_id") {
            filters.append { $0.reservationID == reservation }
        }
        filters += stateFilters
        if let since = try APITime.query(request, "changes-since", .server) {
            filters.append { $0.updatedAt >= since }
        }
        if version >= .changesBefore,
            let before = try APITime.query(request, "changes-before", .server)
        {
            filters.append { $0.updatedAt <= before }
        }
        if let pattern = request.query("ip") ?? request.query("ip6") {
            filters.append { instance in
                instance.interfaces.contains { interface in
                    ports[interface.portID]?.fixedIPs.contains {
                        $0.address.hasPrefix(pattern)
                    } ?? false
                }
            }
        }
        for tag in request.query("tags")?.split(separator: ",") ?? [] {
            filters.append { $0.tags.contains(String(tag)) }
        }
        if let locked = request.query("locked"), version >= .lockedReason {
            let wanted = APIBoolean.isTrue(locked)
            filters.append { $0.locked == wanted }
        }
        return filters
    }

    /// Names are matched by regular expression, as in Nova. A pattern that is too
    /// long or wrong is an error, not an empty list.
    private static func nameFilter(_ pattern: String) throws -> (Instance) -> Bool {
        guard pattern.utf8.count <= 255, let regex = try? Regex(pattern) else {
            throw DomainError.invalid(
                .server, field: "name",
                "Invalid filter: '\(pattern.prefix(64))' is not a regular"
                    + " expression of at most 255 bytes.")
        }
        let isPlain = pattern.allSatisfy {
            $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == " "
        }
        if isPlain { return { $0.name.contains(pattern) } }
        // Safe: a compiled expression is only read, and the closure is called by one task.
        nonisolated(unsafe) let compiled = regex
        return { $0.name.firstMatch(of: compiled) != nil }
    }

    /// By attributes; owners may use these only from 2.83 on, before they have no effect.
    private var stateFilters: [(Instance) -> Bool] {
        guard caller.isAdmin || version >= .filtersForOwners else { return [] }
        let attributes: [(String, (Instance) -> String)] = [
            ("vm_state", { $0.state.rawValue }), ("task_state", { $0.task?.rawValue ?? "" }),
            ("power_state", { String($0.shownPower) }),
            ("availability_zone", { $0.zone ?? "" }), ("key_name", { $0.keyName ?? "" }),
            ("user_id", { $0.userID.text }),
        ]
        return attributes.compactMap { name, value in
            let wanted = request.queryAll(name)
            guard !wanted.isEmpty else { return nil }
            return { wanted.contains(value($0)) }
        }
    }

    private func sorted(_ instances: [Instance]) throws -> [Instance] {
        let keys = request.queryAll("sort_key")
        guard !keys.isEmpty else { return instances }
        let directions = request.queryAll("sort_dir")
        let order: [(SortKey, Bool)] = try keys.enumerated().map { index, key in
            guard let sortKey = SortKey(rawValue: key) else {
                throw DomainError.invalid(
                    .server, field: "sort_key",
                    "Invalid sort key '\(key)'. Known: "
                        + SortKey.allCases.map(\.rawValue).joined(separator: ", ") + ".")
            }
            let direction = directions.indices.contains(index) ? directions[index] : "desc"
            return (sortKey, direction == "asc")
        }
        return instances.sorted { left, right in
            for (key, ascending) in order {
                let a = key.text(left)
                let b = key.text(right)
                if a != b { return (a < b) == ascending }
            }
            return left.id < right.id
        }
    }

    enum SortKey: String, CaseIterable {
        case name, uuid, host
        case displayName = "display_name"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case state = "vm_state"

        func text(_ instance: Instance) -> String {
            switch self {
            case .name, .displayName: instance.name
            case .uuid: instance.id.text
            case .host: instance.hostName ?? ""
            case .createdAt: String(format: "%020.6f", instance.createdAt.timeIntervalSince1970)
            case .updatedAt: String(format: "%020.6f", instance.updatedAt.timeIntervalSince1970)
            case .state: instance.state.rawValue
            }
        }
    }
}

/// Truth values in queries.
enum APIBoolean {
    static func isTrue(_ text: String) -> Bool {
        ["1", "true", "t", "yes", "y", "on"].contains(text.lowercased())
    }
}

/// One page of a list, cut by `limit` and `marker`.
struct Page<Item> {
    let items: [Item]
    /// Where the next page begins; nil at the end.
    let nextMarker: String?
    let limit: Int

    /// Cuts `all`. Throws `invalid` for a bad limit or an unknown marker.
    init(_ all: [Item], _ request: APIRequest, _ noun: Noun, id: (Item) -> String) throws {
        var limit = request.limits.pageItemsMax
        if let text = request.query("limit") {
            guard let number = Int(text), number >= 0 else {
                throw DomainError.invalid(
                    noun, field: "limit",
                    "Invalid input for query parameters limit. Value: \(text.prefix(32)).")
            }
            limit = min(limit, number)
        }
        var start = 0
        if let marker = request.query("marker") {
            guard let index = all.firstIndex(where: { id($0) == marker }) else {
                throw DomainError.invalid(
                    noun, field: "marker", "marker [\(marker)] not found")
            }
            start = index + 1
        }
        let end = min(all.count, start + limit)
        items = Array(all[min(start, end)..<end])
        nextMarker = end < all.count && !items.isEmpty ? items.last.map(id) : nil
        self.limit = limit
    }

    /// `[{"rel": "next", ...}]`, or nil at the end.
    func links(_ base: String, _ request: APIRequest) -> JSONValue? {
        guard let nextMarker else { return nil }
        var items = request.queryItems.filter { $0.name != "marker" && $0.name != "limit" }
        items.append((name: "limit", value: String(limit)))
        items.append((name: "marker", value: nextMarker))
        var components = URLComponents()
        components.queryItems = items.map { URLQueryItem(name: $0.name, value: $0.value) }
        let query = components.percentEncodedQuery ?? ""
        return [["rel": "next", "href": .string("\(base)?\(query)")]]
    }
}
