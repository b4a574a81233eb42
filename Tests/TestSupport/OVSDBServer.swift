import Foundation
import Glibc

/// A real `ovsdb-server` with a database of its own, and the switch daemon if a test wants it; all
/// files are in a folder of their own.
public struct OVSDBServer: Sendable {
    /// What kept a daemon from starting or ending.
    public enum Failure: Error, CustomStringConvertible {
        case missing(String)
        case unusable(String, errno: Int32)

        public var description: String {
            switch self {
            case .missing(let path):
                "\(path) is missing: install package openvswitch-switch to run these tests"
            case .unusable(let what, let errno): "can't use \(what): errno \(errno)"
            }
        }
    }

    private static let schema = "/usr/share/openvswitch/vswitch.ovsschema"
    private let folder: TemporaryFolder

    /// Where the database listens.
    public var socketPath: String { folder.path + "/db.sock" }

    /// Runs the test with a server that has an initialised database, and cleans up.
    public static func run(
        extraArguments: [String] = [], _ test: (OVSDBServer) async throws -> Void
    ) async throws {
        // In memory where possible: the database syncs its file with every commit.
        try await TemporaryFolder.use("ovs", inMemory: true) { folder in
            let server = OVSDBServer(folder: folder)
            do {
                try server.createDatabase()
                try server.start(extraArguments: extraArguments)
                try server.control(["--no-wait", "init"])
                try await test(server)
            } catch {
                try server.stop()
                throw error
            }
            try server.stop()
        }
    }

    private func createDatabase() throws {
        guard FileManager.default.isReadableFile(atPath: Self.schema) else {
            throw Failure.missing(Self.schema)
        }
        try execute("ovsdb-tool", ["create", folder.path + "/conf.db", Self.schema])
    }

    /// Starts the server; with `--detach` the command ends when the socket is there.
    public func start(extraArguments: [String] = []) throws {
        try execute(
            "ovsdb-server",
            ["\(folder.path)/conf.db", "--remote=punix:\(socketPath)"]
                + files("db") + extraArguments)
    }

    /// Starts the switch daemon with a datapath in memory that needs no kernel module. With
    /// `override` any interface name works; without, none exists.
    public func startSwitchDaemon(override: Bool = true) throws {
        try execute(
            "ovs-vswitchd",
            [
                "unix:\(socketPath)", "--disable-system",
                override ? "--enable-dummy=override" : "--enable-dummy",
            ] + files("vs"))
    }

    private func files(_ name: String) -> [String] {
        [
            "--unixctl=\(folder.path)/\(name).ctl", "--pidfile=\(folder.path)/\(name).pid",
            "--log-file=\(folder.path)/\(name).log", "--verbose=console:off", "--no-chdir",
            "--detach",
        ]
    }

    /// What an operator asks with `ovs-vsctl`.
    @discardableResult
    public func control(_ arguments: [String]) throws -> String {
        try execute("ovs-vsctl", ["--db=unix:\(socketPath)"] + arguments)
    }

    /// What an operator asks the switch daemon with `ovs-appctl`.
    @discardableResult
    public func ask(_ arguments: [String]) throws -> String {
        try execute("ovs-appctl", ["-t", "\(folder.path)/vs.ctl"] + arguments)
    }

    /// Ends the server as a crash would, and returns when it is gone.
    public func kill() throws {
        try kill("\(folder.path)/db.pid", heldLock: "\(folder.path)/.conf.db.~lock~")
    }

    private func stop() throws {
        for name in ["vs", "db"] {
            let pidFile = "\(folder.path)/\(name).pid"
            guard FileManager.default.fileExists(atPath: pidFile) else { continue }
            try kill(pidFile, heldLock: pidFile)
        }
    }

    /// The daemon holds a lock as long as it lives: getting it means that the daemon has ended.
    private func kill(_ pidFile: String, heldLock: String) throws {
        let text = try String(contentsOfFile: pidFile, encoding: .utf8)
        guard let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1 else {
            throw Failure.unusable(pidFile, errno: 0)
        }
        let descriptor = open(heldLock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unusable(heldLock, errno: errno) }
        defer { close(descriptor) }
        guard Glibc.kill(pid, SIGKILL) == 0 || errno == ESRCH else {
            throw Failure.unusable("process \(pid)", errno: errno)
        }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(descriptor, F_SETLKW, &lock) == 0 else {
            throw Failure.unusable(heldLock, errno: errno)
        }
        try FileManager.default.removeItem(atPath: pidFile)
    }

    @discardableResult
    private func execute(_ command: String, _ arguments: [String]) throws -> String {
        let candidates = ["/usr/sbin/", "/usr/bin/"].map { $0 + command }
        guard let path = candidates.first(where: FileManager.default.isExecutableFile) else {
            throw Failure.missing(command)
        }
        let variables = ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"].map { ($0, folder.path) }
        return try Command.run(
            path, arguments, in: folder, environment: Dictionary(uniqueKeysWithValues: variables))
    }
}
