import Foundation
import Synchronization
import Testing

@testable import CLI

/// A folder of a test's own, gone when the test is over.
struct TemporaryFolder {
    let url: URL

    static func with(_ body: (TemporaryFolder) async throws -> Void) async throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("cli-\(UUID().uuidString)").resolvingSymlinksInPath()
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: url) } }
        try await body(TemporaryFolder(url: url))
    }

    /// Writes `text` to `path` below the folder and returns the file.
    @discardableResult
    func write(_ text: String, to path: String) throws -> URL {
        let file = url.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: false, encoding: .utf8)
        return file
    }
}

/// Keeps what a command says.
final class Sayings: Sendable {
    private let kept = Mutex((result: "", talk: ""))
    var result: String { kept.withLock { $0.result } }
    var talk: String { kept.withLock { $0.talk } }

    /// A world that consists of a folder and these variables.
    func context(_ folder: URL, _ variables: [String: String] = [:]) -> CommandContext {
        CommandContext(
            variables: variables, workingDirectory: folder,
            systemDirectory: folder.appendingPathComponent("etc"),
            writeResult: { text in self.kept.withLock { $0.result += text } },
            writeTalk: { text in self.kept.withLock { $0.talk += text } })
    }
}
