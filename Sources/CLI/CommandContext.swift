import Foundation

/// What a command has of the world around it. Tests make their own; the real one is read once,
/// here.
struct CommandContext: Sendable {
    /// Environment variables.
    var variables: [String: String]
    /// Where relative paths start.
    var workingDirectory: URL
    /// Where the machine's own configuration is.
    var systemDirectory: URL
    /// Takes results.
    var writeResult: @Sendable (String) -> Void
    /// Takes everything else that is said.
    var writeTalk: @Sendable (String) -> Void

    /// The process's own.
    static func live() -> CommandContext {
        CommandContext(
            variables: ProcessInfo.processInfo.environment,
            workingDirectory: URL(fileURLWithPath: FileManager.default.currentDirectoryPath),
            systemDirectory: URL(fileURLWithPath: "/etc/openstack"),
            writeResult: { write($0, to: .standardOutput) },
            writeTalk: { write($0, to: .standardError) })
    }

    /// A reader that went away (`| head`) is no failure of ours.
    private static func write(_ text: String, to handle: FileHandle) {
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            return
        }
    }
}
