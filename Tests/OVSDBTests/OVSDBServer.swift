import Foundation
import Glibc
import OVSDB

/// A real ovsdb-server with its own empty database and socket in a folder of its own.
struct OVSDBServer {
    enum Failure: Error, CustomStringConvertible {
        case missing(String)
        case command(String, status: Int32, log: String)
        case unreadable(String)

        var description: String {
            switch self {
            case .missing(let path):
                "\(path) is missing: install package openvswitch-switch to run these tests"
            case .command(let command, let status, let log):
                "\(command) ended with status \(status): \(log)"
            case .unreadable(let path): "can't use \(path)"
            }
        }
    }

    private static let schema = "/usr/share/openvswitch/vswitch.ovsschema"
    let folder: String

    var address: OVSDBAddress { .unix(path: folder + "/db.sock") }

    /// Runs the test with a server that has an initialised database, and cleans up.
    static func run(
        extraArguments: [String] = [], _ test: (OVSDBServer) async throws -> Void
    ) async throws {
        // In memory where possible: the database syncs its file with every commit.
        let memory = FileManager.default.isWritableFile(atPath: "/dev/shm")
        let parent = memory ? "/dev/shm" : FileManager.default.temporaryDirectory.path
        guard let made = mkdtemp(strdup(parent + "/ovsdb-test-XXXXXX")) else {
            throw Failure.unreadable(parent)
        }
        let server = OVSDBServer(folder: String(cString: made))
        free(made)
        do {
            try server.createDatabase()
            try server.start(extraArguments: extraArguments)
            try await server.insertRoot()
            try await test(server)
        } catch {
            try server.cleanUp()
            throw error
        }
        try server.cleanUp()
    }

    private func createDatabase() throws {
        guard FileManager.default.isReadableFile(atPath: Self.schema) else {
            throw Failure.missing(Self.schema)
        }
        try execute("ovsdb-tool", ["create", folder + "/conf.db", Self.schema])
    }

    /// Starts the server; with `--detach` the command ends when the socket is there.
    func start(extraArguments: [String] = []) throws {
        try execute(
            "ovsdb-server",
            [
                folder + "/conf.db", "--remote=punix:" + folder + "/db.sock",
                "--unixctl=" + folder + "/db.ctl", "--pidfile=" + folder + "/db.pid",
                "--log-file=" + folder + "/db.log", "--no-chdir", "--detach",
            ] + extraArguments)
    }

    private func insertRoot() async throws {
        let connection = try await OVSDBConnection.connect(to: address)
        _ = try await connection.transact(
            "Open_vSwitch", [.insert(table: "Open_vSwitch", row: [:])])
        await connection.close()
    }

    /// Starts the switch daemon with a datapath in memory that needs no kernel module. With
    /// `override` any interface name works; without, none exists.
    func startSwitchDaemon(override: Bool = true) throws {
        try execute(
            "ovs-vswitchd",
            [
                "unix:" + folder + "/db.sock", "--disable-system",
                override ? "--enable-dummy=override" : "--enable-dummy",
                "--unixctl=" + folder + "/vs.ctl", "--pidfile=" + folder + "/vs.pid",
                "--log-file=" + folder + "/vs.log", "--no-chdir", "--detach",
            ])
    }

    /// Ends the server as a crash would, and returns when it is gone.
    func kill() throws {
        try kill(pidFile: folder + "/db.pid", heldLock: folder + "/.conf.db.~lock~")
    }

    private func cleanUp() throws {
        for name in ["vs", "db"] {
            let pidFile = "\(folder)/\(name).pid"
            guard FileManager.default.fileExists(atPath: pidFile) else { continue }
            try kill(pidFile: pidFile, heldLock: pidFile)
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    /// The daemon holds a lock as long as it lives: getting it means that the daemon has ended.
    private func kill(pidFile: String, heldLock: String) throws {
        let text = try String(contentsOfFile: pidFile, encoding: .utf8)
        guard let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1 else {
            throw Failure.unreadable(pidFile)
        }
        let descriptor = open(heldLock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unreadable(heldLock) }
        defer { close(descriptor) }
        guard Glibc.kill(pid, SIGKILL) == 0 || errno == ESRCH else {
            throw Failure.unreadable("process \(pid)")
        }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(descriptor, F_SETLKW, &lock) == 0 else { throw Failure.unreadable(heldLock) }
        try FileManager.default.removeItem(atPath: pidFile)
    }

    private func execute(_ command: String, _ arguments: [String]) throws {
        let candidates = ["/usr/sbin/", "/usr/bin/"].map { $0 + command }
        guard let path = candidates.first(where: FileManager.default.isExecutableFile) else {
            throw Failure.missing(command)
        }
        let status = try spawn(path, arguments)
        guard status == 0 else {
            let log = ["db.log", "vs.log"].compactMap {
                FileManager.default.contents(atPath: "\(folder)/\($0)")
            }
            throw Failure.command(
                command, status: status,
                log: log.map { String(decoding: $0, as: UTF8.self) }.joined())
        }
    }

    /// Runs a program to its end. Foundation's `Process` isn't used because it takes a program
    /// for running as long as the daemon that it left behind.
    private func spawn(_ path: String, _ arguments: [String]) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in STDIN_FILENO...STDERR_FILENO {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        let variables = ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"].map { "\($0)=\(folder)" }
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var environment = (variables + ["PATH=/usr/bin"]).map { strdup($0) } + [nil]
        defer { for text in argv + environment { free(text) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, path, &actions, nil, &argv, &environment) == 0 else {
            throw Failure.unreadable(path)
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure.unreadable("process \(pid)") }
        }
        return status
    }
}
