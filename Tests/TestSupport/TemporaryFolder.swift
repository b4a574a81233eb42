import Foundation
import Synchronization
import Testing

/// A folder of a test's own, removed with all it holds when nobody has it any more.
public final class TemporaryFolder: Sendable {
    public let url: URL

    /// A new folder. With `inMemory` it is where writing is not synced, if there is such a place.
    public init(_ name: String = "test", inMemory: Bool = false) throws {
        let files = FileManager.default
        let isInMemory = inMemory && files.isWritableFile(atPath: "/dev/shm")
        let parent = isInMemory ? URL(fileURLWithPath: "/dev/shm") : files.temporaryDirectory
        url = parent.appendingPathComponent("millrace-\(name)-\(UUID().uuidString)")
            .resolvingSymlinksInPath()
        try files.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(at: url) } catch {
            Issue.record("cannot remove \(url.path): \(error)")
        }
    }

    /// Runs `body` with a folder that is there until it has ended.
    public static func use<Value>(
        _ name: String = "test", inMemory: Bool = false,
        _ body: (TemporaryFolder) async throws -> Value
    ) async throws -> Value {
        let folder = try TemporaryFolder(name, inMemory: inMemory)
        defer { withExtendedLifetime(folder) {} }
        return try await body(folder)
    }

    public var path: String { url.path }

    /// The path of what is called so below the folder.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Names in the folder, or in one below it, in order.
    public func names(_ folder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
    }

    /// Writes a file below the folder and returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = try makeParent(of: name)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// The same with text.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    /// Makes a link below the folder to a place below it, written as an absolute one.
    public func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: makeParent(of: name), withDestinationPath: "\(path)/\(target)")
    }

    private func makeParent(of name: String) throws -> String {
        let file = file(name)
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        return file
    }
}
