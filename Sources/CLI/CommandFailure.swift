/// Why a command did not do what it was asked for; each case has its exit code.
public enum CommandFailure: Error, Sendable, Equatable {
    /// The server said no, or its answer can't be used. Exit code 1.
    case refused(String)
    /// The command line, or the file with the credentials, is wrong. Exit code 2.
    case usage(String)
    /// No answer came from the server. Exit code 3.
    case unreachable(String)

    /// What the process ends with.
    public var exitCode: Int32 {
        switch self {
        case .refused: 1
        case .usage: 2
        case .unreachable: 3
        }
    }
}

extension CommandFailure: CustomStringConvertible {
    /// One line: what, where, what to do.
    public var description: String {
        switch self {
        case .refused(let text), .usage(let text), .unreachable(let text):
            text.split(whereSeparator: \.isNewline)
                .map { $0.trimmingPrefix { $0 == " " } }.joined(separator: " ")
        }
    }
}

/// The exit codes as every command's help tells them.
enum ExitCodes {
    static let text = """
        Exit codes: 0 done; 1 refused or failed; 2 wrong usage or credentials file; 3 the server \
        can't be reached.
        """
}
