import ComputeModel
import Foundation
import RequestPipeline

/// The scheduler hints beside the server in the body of `POST /servers`. `group`, `same_host` and
/// `different_host` have an effect and are checked; other hints are kept as they are if they are
/// text, as Nova keeps those that none of its filters reads.
struct SchedulerHints {
    private static let hintsMax = 32
    private static let valuesMax = 100
    private static let lengthMax = 255
    private static let ids = ["group", "same_host", "different_host"]

    /// The server group.
    private(set) var group: ServerGroupID?
    /// All that are text, by name.
    private(set) var all: [String: [String]] = [:]

    /// Takes the hints under either of their names.
    init(_ body: inout BodyReader) throws(DomainError) {
        for key in ["os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"] {
            guard var hints = try body.object(key) else { continue }
            guard hints.keys.count <= Self.hintsMax else {
                throw body.invalid(key, "at most \(Self.hintsMax) hints are possible.")
            }
            for name in hints.keys { all[name] = try Self.values(&hints, name) }
        }
        guard let groups = all["group"] else { return }
        guard groups.count == 1 else {
            throw body.invalid("group", "a server is a member of one group.")
        }
        group = ServerGroupID(groups[0])
    }

    private static func values(
        _ hints: inout BodyReader, _ name: String
    ) throws(DomainError) -> [String]? {
        let isID = ids.contains(name)
        let values: [String]
        switch hints.value(name) {
        case nil: return nil
        case .string(let text)?: values = [text]
        case .array?:
            guard isID else { return nil }
            values = try hints.strings(name, countMax: valuesMax) ?? []
        case let other?:
            guard isID else { return nil }
            throw hints.invalid(name, "expected an id or ids, found \(other.typeName).")
        }
        guard isID else { return values.allSatisfy { $0.count <= lengthMax } ? values : nil }
        for value in values where UUID(uuidString: value) == nil {
            throw hints.invalid(name, "'\(value.prefix(64))' is not a UUID.")
        }
        return values.isEmpty ? nil : values.map { $0.lowercased() }
    }
}
