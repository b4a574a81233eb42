import ComputeModel
import Foundation
import RequestPipeline

/// The two forms of time in the compute API.
enum APITime {
    /// `2026-01-02T03:04:05Z`.
    static func seconds(_ date: Date) -> String {
        date.formatted(.iso8601)
    }

    /// `2026-01-02T03:04:05.000000`: whole seconds, as Nova stores them.
    static func micros(_ date: Date) -> String {
        String(date.formatted(.iso8601).dropLast()) + ".000000"
    }

    /// The time under `name` in a query; nil when absent. Throws `invalid` for what is no time.
    static func query(
        _ request: APIRequest, _ name: String, _ noun: Noun
    ) throws(DomainError) -> Date? {
        guard let text = request.query(name) else { return nil }
        for form in [text, text + "Z"] {
            for hasFraction in [false, true] {
                let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
                if let date = try? Date(form, strategy: style) { return date }
            }
        }
        throw .invalid(
            noun, field: name,
            "Invalid filter: '\(name)' is '\(text.prefix(64))', which is no time such as"
                + " 2026-01-02T03:04:05Z.")
    }
}
