import Foundation
import HTTPTypes
import JSON
import RequestPipeline
import Testing

/// Asks Millrace what a real Neutron was asked, and compares the answers.
@Suite struct NetworkRecordingTests {
    @Test func answersAsTheRealService() async throws {
        try await NetworkAPITestbed().talk { api in
            var bound = Bindings()
            for recording in NetworkRecording.conversation {
                let request = try recording.request.map { try bound.filled($0) }
                let method = try #require(HTTPRequest.Method(recording.method))
                let answer = try await api.send(
                    method, bound.filled(text: recording.path), request, as: "admin")
                #expect(answer.status == recording.status, "\(recording)")
                let expected = try JSONValue(parsing: Array(recording.response.utf8))
                let differences = bound.differences(expected, answer.json, at: "")
                #expect(differences.isEmpty, "\(recording)")
            }
        }
    }
}

/// What the names in the recordings stand for, learnt as the conversation goes on.
private struct Bindings {
    private var ids: [String: String] = [:]
    /// Attributes that Millrace shows and the recorded service did not have loaded.
    private let extras: Set<String> = [
        "numa_affinity_policy", "device_requirements", "dns_name", "description",
    ]

    func filled(text: String) -> String {
        ids.reduce(text) { $0.replacing("$" + $1.key, with: $1.value) }
    }

    func filled(_ json: String) throws -> JSONValue {
        try JSONValue(parsing: Array(filled(text: json).utf8))
    }

    /// Where `found` is not as recorded.
    mutating func differences(
        _ expected: JSONValue, _ found: JSONValue?, at path: String
    ) -> [String] {
        switch (expected, found) {
        case (.object(let members), .object?):
            var differences: [String] = []
            for member in members {
                differences += self.differences(
                    member.value, found?[member.key], at: "\(path).\(member.key)")
            }
            let unknown = Set(found?.keys ?? []).subtracting(members.map(\.key) + leftOut)
            return differences + unknown.sorted().map { "\(path).\($0) is too much" }
        case (.array(let entries), .array(let others)?):
            guard entries.count == others.count else {
                return ["\(path) has \(others.count) entries, recorded are \(entries.count)"]
            }
            return zip(entries, others).enumerated().flatMap { index, pair in
                differences(pair.0, pair.1, at: "\(path)[\(index)]")
            }
        case (.string(let text), let found?): return difference(text, found, at: path)
        default:
            return expected == found
                ? [] : ["\(path) is \(found.map { "\($0)" } ?? "absent"), not \(expected)"]
        }
    }

    /// Attributes that a recording may lack: the extras, and what it leaves out on purpose.
    private var leftOut: Set<String> { extras.union(["revision_number", "is_default"]) }

    private mutating func difference(
        _ expected: String, _ found: JSONValue, at path: String
    ) -> [String] {
        if expected == "<any>" { return [] }
        guard let text = found.text else { return ["\(path) is \(found), not '\(expected)'"] }
        if expected == "<time>" {
            let isTime = text.count == 20 && text.hasSuffix("Z") && text.contains("T")
            return isTime ? [] : ["\(path) is '\(text)', not a time"]
        }
        let name = String(expected.dropFirst())
        if expected.hasPrefix("$"), !name.contains(" "), ids[name] == nil { ids[name] = text }
        let filled = filled(text: expected)
        return filled == text ? [] : ["\(path) is '\(text)', not '\(filled)'"]
    }
}
