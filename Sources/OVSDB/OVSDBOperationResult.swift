import FoundationEssentials
import JSON

/// What one operation of a committed transaction gave (RFC 7047, section 5.2).
public enum OVSDBOperationResult: Hashable, Sendable {
    /// The identifier of the row that an `insert` created.
    case inserted(UUID)
    /// The rows that a `select` found.
    case rows([OVSDBRow])
    /// How many rows an `update`, `mutate` or `delete` matched.
    case count(Int64)
    /// `wait`, `abort` and `comment` return nothing.
    case none

    /// The rows of a `select`; empty for the other operations.
    public var rows: [OVSDBRow] {
        if case .rows(let rows) = self { return rows }
        return []
    }

    init(json: JSONValue) throws(OVSDBError) {
        guard case .object = json else {
            throw .malformedMessage(detail: "the result of an operation is no object")
        }
        if let reference = json["uuid"] {
            guard let uuid = try OVSDBValue(json: reference).uuid else {
                throw .malformedMessage(detail: "an insert returned no uuid")
            }
            self = .inserted(uuid)
        } else if let list = json["rows"]?.elements {
            var rows: [OVSDBRow] = []
            for row in list { rows.append(try OVSDBValue.row(json: row)) }
            self = .rows(rows)
        } else if case .integer(let count) = json["count"] {
            self = .count(count)
        } else {
            self = .none
        }
    }

    /// Reads the answer to `transact`: one result for each operation up to the first that failed,
    /// and one more when the commit itself failed.
    static func results(
        json: JSONValue, operations: [OVSDBOperation]
    ) throws(OVSDBError) -> [OVSDBOperationResult] {
        guard let list = json.elements else {
            throw .malformedMessage(detail: "transact returned no list")
        }
        for (index, entry) in list.enumerated() {
            guard let tag = entry["error"]?.text else { continue }
            let details = entry["details"]?.text ?? ""
            throw .operationFailed(
                index: index,
                operation: index < operations.count ? operations[index].name : "commit",
                error: OVSDBOperationError(kind: .init(tag: tag), details: details))
        }
        guard list.count == operations.count else {
            throw .malformedMessage(
                detail: "\(list.count) results for \(operations.count) operations")
        }
        var results: [OVSDBOperationResult] = []
        for entry in list { results.append(try OVSDBOperationResult(json: entry)) }
        return results
    }
}
