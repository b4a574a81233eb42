import ComputeModel
import JSON
import RequestPipeline

/// What a list request asks for: filters, fields, order and page.
struct CollectionQuery<Item> {
    /// Attributes to show; empty: all.
    let fields: [String]
    private let items: QueryItems
    private let table: ResourceTable<Item>
    private let caller: Caller
    private let filters: [(ResourceAttribute<Item>, [String])]
    private let order: [(attribute: ResourceAttribute<Item>, isDescending: Bool)]
    private let limit: Int
    private let isLimited: Bool
    private let isReversed: Bool

    /// Some items in order, and where the neighbours are.
    struct Page {
        var items: [Item]
        var links: [(rel: String, query: String)]
    }

    /// Reads a request's query. Throws `invalid` for what can't be filtered or sorted by.
    init(_ request: APIRequest, _ table: ResourceTable<Item>, _ caller: Caller) throws {
        try self.init(
            QueryItems(request), table, caller, pageItemsMax: request.limits.pageItemsMax)
    }

    init(
        _ items: QueryItems, _ table: ResourceTable<Item>, _ caller: Caller, pageItemsMax: Int
    ) throws(DomainError) {
        self.items = items
        self.table = table
        self.caller = caller
        fields = items.values("fields")
        filters = try Self.filters(items, table, caller)
        order = try Self.order(items, table, caller)
        isReversed = ["true", "1"].contains(items.value("page_reverse")?.lowercased())
        if let text = items.value("limit") {
            guard let number = Int(text), number >= 0 else {
                throw .invalid(
                    table.noun, field: "limit",
                    "Limit must be an integer 0 or greater and not '\(text)'")
            }
            isLimited = number > 0
            limit = number > 0 ? min(number, pageItemsMax) : pageItemsMax
        } else {
            isLimited = false
            limit = pageItemsMax
        }
    }

    /// The page of `all` that was asked for.
    func page(of all: [Item]) throws(DomainError) -> Page {
        let found = sorted(all.filter(matches))
        let part = try slice(found)
        guard isLimited || found.count > limit, let first = part.first, let last = part.last else {
            return Page(items: Array(part), links: [])
        }
        var links: [(String, String)] = []
        // As Neutron has it: a full page may have neighbours on both sides.
        if part.count >= limit || isReversed {
            links.append(
                (
                    "next",
                    items.text(
                        without: ["marker", "page_reverse"],
                        adding: [("marker", table.id(last))])
                ))
        }
        if part.count >= limit || !isReversed {
            links.append(
                (
                    "previous",
                    items.text(
                        without: ["marker", "page_reverse"],
                        adding: [("marker", table.id(first)), ("page_reverse", "True")])
                ))
        }
        return Page(items: Array(part), links: links)
    }

    private func slice(_ found: [Item]) throws(DomainError) -> ArraySlice<Item> {
        guard let marker = items.value("marker"), !marker.isEmpty else {
            return isReversed ? found.suffix(limit) : found.prefix(limit)
        }
        guard let index = found.firstIndex(where: { table.id($0) == marker }) else {
            throw .notFound(table.noun, marker)
        }
        return isReversed
            ? found[..<index].suffix(limit) : found[(index + 1)...].prefix(limit)
    }
}

// MARK: - Order

extension CollectionQuery {
    private static func order(
        _ items: QueryItems, _ table: ResourceTable<Item>, _ caller: Caller
    ) throws(DomainError) -> [(ResourceAttribute<Item>, Bool)] {
        let keys = items.values("sort_key")
        let directions = items.values("sort_dir")
        guard keys.count == directions.count || directions.isEmpty else {
            throw .invalid(
                table.noun, field: "sort_key",
                "The number of sort_keys and sort_dirs must be same")
        }
        var order: [(ResourceAttribute<Item>, Bool)] = []
        for (index, key) in keys.enumerated() {
            let direction = directions.isEmpty ? "asc" : directions[index]
            guard ["asc", "desc"].contains(direction) else {
                throw .invalid(
                    table.noun, field: "sort_dir",
                    "Sort direction '\(direction)' is invalid; use asc or desc.")
            }
            guard let attribute = table.attribute(key, caller), attribute.isFilter else {
                throw .invalid(
                    table.noun, field: "sort_key",
                    "'\(key)' is invalid attribute for sort_key")
            }
            order.append((attribute, direction == "desc"))
        }
        return order
    }

    /// By the keys asked for, then by id.
    private func sorted(_ found: [Item]) -> [Item] {
        let keyed = found.map { item in
            (item, order.map { $0.attribute.value(item) ?? .null }, table.id(item))
        }
        return keyed.sorted { left, right in
            for (index, key) in order.enumerated() {
                let (a, b) = (left.1[index], right.1[index])
                if Self.isLess(a, b) { return !key.isDescending }
                if Self.isLess(b, a) { return key.isDescending }
            }
            return left.2 < right.2
        }.map(\.0)
    }

    private static func isLess(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if case .integer(let a) = left, case .integer(let b) = right { return a < b }
        return FilterText.of(left) < FilterText.of(right)
    }
}

// MARK: - Filters

extension CollectionQuery {
    private static var reserved: Set<String> {
        [
            "fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir", "tags",
            "tags-any", "not-tags", "not-tags-any",
        ]
    }

    private static func filters(
        _ items: QueryItems, _ table: ResourceTable<Item>, _ caller: Caller
    ) throws(DomainError) -> [(ResourceAttribute<Item>, [String])] {
        var filters: [(ResourceAttribute<Item>, [String])] = []
        var invalid: [String] = []
        for name in Set(items.items.map(\.name)).subtracting(reserved).sorted() {
            if let attribute = table.attribute(name, caller), attribute.isFilter {
                filters.append((attribute, items.values(name)))
            } else {
                invalid.append("'\(name)'")
            }
        }
        guard invalid.isEmpty else {
            throw .invalid(
                table.noun, field: "filter",
                "[\(invalid.joined(separator: ", "))] is invalid attribute for filtering")
        }
        return filters
    }

    private func matches(_ item: Item) -> Bool {
        filters.allSatisfy { attribute, wanted in
            let value = attribute.value(item) ?? .null
            return wanted.contains { FilterText.matches(value, $0) }
        } && matchesTags(item)
    }

    /// The four tag queries: all of these, any of these, and their opposites.
    private func matchesTags(_ item: Item) -> Bool {
        func wanted(_ name: String) -> Set<String>? {
            let all = items.values(name)
            return all.isEmpty
                ? nil : Set(all.flatMap { $0.split(separator: ",").map(String.init) })
        }
        lazy var tags = Set(table.tags(item))
        if let all = wanted("tags"), !all.isSubset(of: tags) { return false }
        if let any = wanted("tags-any"), any.isDisjoint(with: tags) { return false }
        if let all = wanted("not-tags"), all.isSubset(of: tags) { return false }
        if let any = wanted("not-tags-any"), !any.isDisjoint(with: tags) { return false }
        return true
    }
}

/// How attribute values and query texts are compared. Pure.
enum FilterText {
    /// A scalar as it is written in a query.
    static func of(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: ""
        }
    }

    /// Whether `value` is what a query names. A list matches by one of its entries; an entry with
    /// members (an address of a port) by `member=text`, or `ip_address_substr=text`.
    static func matches(_ value: JSONValue, _ wanted: String) -> Bool {
        switch value {
        case .bool(let flag):
            switch wanted.lowercased() {
            case "true", "1": return flag
            case "false", "0": return !flag
            default: return false
            }
        case .array(let entries):
            return entries.contains { matches($0, wanted) }
        case .object:
            let parts = wanted.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return false }
            if parts[0] == "ip_address_substr" {
                return of(value["ip_address"] ?? .null).contains(parts[1])
            }
            return value[parts[0]].map { of($0) == parts[1] } ?? false
        default: return of(value) == wanted
        }
    }
}
