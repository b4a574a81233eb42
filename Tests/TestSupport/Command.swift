import Foundation
import Glibc

/// Runs a program to its end. Foundation's `Process` isn't used because it takes a program for
/// running as long as a daemon that it left behind.
public enum Command {
    /// A program could not be run, or its status was not 0.
    public struct Failure: Error, CustomStringConvertible {
        public let command: String
        /// An errno if it did not run.
        public let status: Int32
        public let output: String

        public var description: String { "\(command): status \(status): \(output)" }
    }

    /// Its output, standard error included, goes to a file in `folder` and is returned.
    @discardableResult
    public static func run(
        _ path: String, _ arguments: [String], in folder: TemporaryFolder,
        environment: [String: String] = [:]
    ) throws -> String {
        let command = ([path] + arguments).joined(separator: " ")
        let output = "\(folder.path)/output-\(UUID().uuidString)"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        let variables = environment.map { "\($0)=\($1)" } + ["PATH=/usr/bin:/usr/sbin", "LC_ALL=C"]
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var environ = variables.map { strdup($0) } + [nil]
        defer { for text in argv + environ { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, nil, &argv, &environ)
        guard code == 0 else { throw Failure(command: command, status: code, output: "") }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else {
                throw Failure(command: command, status: errno, output: "")
            }
        }
        let text = String(
            decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
        guard status == 0 else { throw Failure(command: command, status: status, output: text) }
        return text
    }
}
