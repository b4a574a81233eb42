import Foundation
import JSON
import RequestPipeline

/// Times as this API shows them: UTC, ISO 8601, with milliseconds.
enum APITime {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    static func text(_ date: Date) -> JSONValue { .string(date.formatted(style)) }

    static func optional(_ date: Date?) -> JSONValue { date.map(text) ?? .null }

    /// Whole milliseconds from `start` to `end`, none when either is missing.
    static func span(_ start: Date?, _ end: Date?) -> JSONValue {
        guard let start, let end else { return .null }
        return .int(Int((end.timeIntervalSince(start) * 1_000).rounded()))
    }
}
