import ComputeModel
import Foundation
import JSON
import RequestPipeline

/// One attribute of a resource: how it is shown, and whether lists can be filtered by it.
struct ResourceAttribute<Item>: Sendable {
    let name: String
    /// Whether it may be used in a query.
    let isFilter: Bool
    /// Who sees it.
    let isAdminOnly: Bool
    /// Its value; nil leaves it out for this object.
    let value: @Sendable (Item) -> JSONValue?

    /// Shown to everybody; a filter unless said otherwise.
    init(
        _ name: String, filter isFilter: Bool = true, adminOnly isAdminOnly: Bool = false,
        _ value: @escaping @Sendable (Item) -> JSONValue?
    ) {
        self.name = name
        self.isFilter = isFilter
        self.isAdminOnly = isAdminOnly
        self.value = value
    }
}

/// A resource of the network API: its names and, in the order they are shown, its attributes. Both
/// views and queries are made from it.
struct ResourceTable<Item>: Sendable {
    let noun: Noun
    let singular: String
    let plural: String
    /// Below the version, such as `security-groups`.
    let path: String
    let id: @Sendable (Item) -> String
    let tags: @Sendable (Item) -> [String]
    let attributes: [ResourceAttribute<Item>]

    /// The object as `caller` may see it; empty `fields` mean all.
    func view(_ item: Item, _ caller: Caller, fields: [String]) -> JSONValue {
        .object(
            attributes.compactMap { attribute in
                guard !attribute.isAdminOnly || caller.isAdmin,
                    fields.isEmpty || fields.contains(attribute.name),
                    let value = attribute.value(item)
                else { return nil }
                return JSONValue.Member(attribute.name, value)
            })
    }

    /// The attribute that `caller` may use in a query.
    func attribute(_ name: String, _ caller: Caller) -> ResourceAttribute<Item>? {
        attributes.first { $0.name == name && (!$0.isAdminOnly || caller.isAdmin) }
    }
}

extension ResourceAttribute {
    /// The attributes that every stored resource ends with.
    static func standard(
        tags: @escaping @Sendable (Item) -> [String],
        created: @escaping @Sendable (Item) -> Date, updated: @escaping @Sendable (Item) -> Date,
        revision: @escaping @Sendable (Item) -> Int
    ) -> [ResourceAttribute] {
        [
            .init("tags", filter: false) { .strings(tags($0)) },
            .init("created_at") { .string(NetworkTime.text(created($0))) },
            .init("updated_at") { .string(NetworkTime.text(updated($0))) },
            .init("revision_number") { .int(revision($0)) },
        ]
    }

    /// The owner, under both of its names.
    static func owner(
        _ project: @escaping @Sendable (Item) -> ProjectID
    ) -> [ResourceAttribute] {
        [
            .init("tenant_id") { .string(project($0).text) },
            .init("project_id") { .string(project($0).text) },
        ]
    }
}

/// The forms of time in the network API.
enum NetworkTime {
    /// `2026-01-02T03:04:05Z`.
    static func text(_ date: Date) -> String { date.formatted(.iso8601) }

    /// `2026-01-02 03:04:05`, as agents have it.
    static func agentText(_ date: Date) -> String {
        String(text(date).dropLast()).replacing("T", with: " ")
    }
}
