import ComputeModel
import DeviceTracking
import JSON

/// How a comparison of two specifications is shown.
struct MatchReport: Sendable {
    let comparison: SpecComparison
    /// Owning instances by device, as far as known.
    var owners: [DeviceID: String] = [:]
    /// What the reader has to know of the list itself.
    var remarks: [String] = []

    func rendering(_ format: OutputFormat) -> Rendering {
        switch format {
        case .json: Rendering(PrettyJSON.text(json), talk: talk)
        case .table: Rendering(Self.table.table(comparison.rows.map(row)).text, talk: talk)
        }
    }

    private static let table = ListRendering(columns: [
        .init("ADDRESS", "address"), .init("KIND", "kind"),
        .init("VENDOR:PRODUCT") { row in
            "\(row.text("vendor_id") ?? "?"):\(row.text("product_id") ?? "?")"
        },
        .init("ENTRY", "entry", isNumber: true), .init("NETWORK", "physical_network"),
        .init("CHANGE", "change"), .init("OWNER", "instance_id"),
    ])

    private func row(_ row: SpecComparison.Row) -> JSONValue {
        [
            "id": .string(row.device.id.text), "address": .string("\(row.device.address)"),
            "kind": .string(row.device.kind.rawValue),
            "vendor_id": .string(row.device.vendorID),
            "product_id": .string(row.device.productID), "entry": .optional(row.entry),
            "physical_network": .optional(row.device.physicalNetwork),
            "tags": row.device.tags.map(Self.tags) ?? .null,
            "change": .string(row.change.rawValue),
            "instance_id": .optional(owners[row.device.id]),
        ]
    }

    private static func tags(_ tags: DeviceTags) -> JSONValue {
        func flag(_ value: Bool?) -> JSONValue { value.map { .bool($0) } ?? .null }
        return [
            "trusted": flag(tags.trusted), "remote_managed": .bool(tags.remoteManaged),
            "managed": flag(tags.managed), "live_migratable": flag(tags.liveMigratable),
            "resource_class": .optional(tags.resourceClass), "traits": .strings(tags.traits),
        ]
    }

    private var json: JSONValue {
        [
            "devices": .array(comparison.rows.map(row)),
            "problems": .array(
                comparison.problems.map { problem in
                    [
                        "entry": .int(problem.entry), "error": .bool(problem.isError),
                        "message": .string("\(problem)"),
                    ]
                }),
        ]
    }

    /// Warnings, then the sum. Names of netdevs come from a file: see ``TableText``.
    private var talk: String {
        let warnings = comparison.problems.map { problem in
            (problem.isError ? "error: " : "warning: ") + TableText.shown("\(problem)")
        }
        let owned = comparison.rows.filter {
            $0.change == .noLongerOffered && owners[$0.device.id] != nil
        }
        let losses =
            owned.isEmpty
            ? []
            : [
                "warning: \(owned.count) of the devices no longer offered have an owner, which"
                    + " keeps them until it is deleted."
            ]
        let counts = SpecComparison.Change.allCases.map { change in
            "\(comparison.rows.filter { $0.change == change }.count) \(change.rawValue)"
        }
        let sum = "\(comparison.rows.count) devices: " + counts.joined(separator: ", ") + "."
        return (warnings + losses + remarks + [sum]).joined(separator: "\n")
    }
}
