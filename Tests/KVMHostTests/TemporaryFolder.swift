import Foundation
import Testing

/// A folder of a test's own, removed afterwards.
struct TemporaryFolder {
    let path: String

    static func use<Value>(_ body: (TemporaryFolder) async throws -> Value) async throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/kvmhost-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        defer {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                Issue.record(error)
            }
        }
        return try await body(TemporaryFolder(path: path))
    }

    func write(_ name: String, _ text: String) throws {
        let full = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (full as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: full))
    }

    /// `target` is relative to the folder; the link is written as an absolute one.
    func link(_ name: String, to target: String) throws {
        let full = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (full as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: full, withDestinationPath: "\(path)/\(target)")
    }
}
