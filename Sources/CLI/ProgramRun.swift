import ArgumentParser
import Foundation

/// Runs a program's root command with the exit codes that the commands' help tells: what the
/// parser refuses ends with 2 instead of its own number.
public enum ProgramRun {
    /// Exit code for a command line that can't be understood.
    private static let usageCode: Int32 = 2

    /// Parses `arguments` (without the program's name; nil: those of the process), runs the
    /// command that they name, and returns the exit code. Help and errors are printed on the way.
    public static func exitCode<Root: AsyncParsableCommand>(
        of root: Root.Type, arguments: [String]? = nil
    ) async -> Int32 {
        do {
            var command = try Root.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            let code = Root.exitCode(for: error)
            let message = Root.fullMessage(for: error)
            if !message.isEmpty {
                (code == .success ? FileHandle.standardOutput : .standardError)
                    .write(Data((message + "\n").utf8))
            }
            return code == .validationFailure ? usageCode : code.rawValue
        }
    }
}
