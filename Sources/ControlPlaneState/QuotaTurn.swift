import ComputeModel
import Persistence

/// Makes requests that use up the same quota come one after another when it is nearly used up:
/// each writes this document, so of two that counted at the same time one has to count again.
package struct QuotaTurn: Codable, Sendable, Equatable, StoredValue {
    /// How much of a quota must be left for requests not to wait for each other: more than what
    /// those under way can use up.
    package static let margin = 256

    /// `quota-turns/<resource>/<project>`.
    package static var collection: String { "quota-turns" }
    /// What is limited.
    var resource: String
    /// Whose it is.
    var projectID: ProjectID
    /// How many turns there were.
    var number: Int
    /// Resource and project.
    package var documentKey: String { Self.key(resource, projectID) }

    /// Its document's key.
    package static func key(_ resource: String, _ project: ProjectID) -> String {
        "\(resource)/\(DocumentKey.escaped(project.text))"
    }
}

extension DocumentTransaction {
    /// Takes a turn at using up a quota; `left` is what is left of it before.
    package mutating func takeTurn(
        _ resource: String, of project: ProjectID, left: Int, seenIn snapshot: DocumentSnapshot
    ) throws(StoreError) {
        guard left <= QuotaTurn.margin else { return }
        let key = QuotaTurn.key(resource, project)
        guard let last = try snapshot.get(QuotaTurn.self, key) else {
            try insert(QuotaTurn(resource: resource, projectID: project, number: 1))
            return
        }
        var turn = last.value
        turn.number += 1
        try update(last, to: turn)
    }
}
