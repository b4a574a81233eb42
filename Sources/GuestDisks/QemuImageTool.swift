import Subprocess

/// Runs `qemu-img` with limits on time, memory and output.
public struct QemuImageTool: Sendable, Hashable {
    /// Absolute path of `qemu-img`.
    public var executable: String
    /// Absolute path of util-linux's `prlimit`, which sets memory and CPU limits.
    public var limiter: String
    /// Longest run; the process is killed then.
    public var timeout: Duration
    /// Most address space of the process, in bytes.
    public var addressSpaceBytes: UInt64
    /// Most CPU time of the process, in seconds.
    public var cpuSeconds: Int
    /// Longest run, and most CPU time, for copying a disk.
    public var copyTimeout: Duration = .seconds(4 * 3_600)

    /// Most output read, in bytes: messages are short.
    static let maximumOutputBytes = 16 * 1024

    /// - Parameters:
    ///   - executable: `/usr/bin/qemu-img` unless told.
    ///   - limiter: `/usr/bin/prlimit` unless told.
    ///   - timeout: 60 s unless told.
    ///   - addressSpaceBytes: 1 GiB unless told.
    ///   - cpuSeconds: 30 unless told.
    public init(
        executable: String = "/usr/bin/qemu-img", limiter: String = "/usr/bin/prlimit",
        timeout: Duration = .seconds(60), addressSpaceBytes: UInt64 = 1 << 30,
        cpuSeconds: Int = 30
    ) {
        self.executable = executable
        self.limiter = limiter
        self.timeout = timeout
        self.addressSpaceBytes = addressSpaceBytes
        self.cpuSeconds = cpuSeconds
    }

    /// Makes a qcow2 overlay. All formats are named: qemu-img never guesses.
    func createOverlay(path: String, base: CachedImage, sizeBytes: UInt64) async throws {
        try await run([
            "create", "-q", "-f", "qcow2", "-b", base.path, "-F", base.format.rawValue, path,
            String(sizeBytes),
        ])
    }

    /// Makes a qcow2 larger. Refused by qemu-img while a guest has it open.
    func resize(path: String, sizeBytes: UInt64) async throws {
        try await run(["resize", "-q", "-f", "qcow2", path, String(sizeBytes)])
    }

    /// Writes a qcow2 with its backing files into a new, complete qcow2. Refused by qemu-img while
    /// a guest has it open.
    func convert(path: String, to target: String) async throws {
        try await run(
            ["convert", "-q", "-f", "qcow2", "-O", "qcow2", path, target],
            timeout: copyTimeout, cpuSeconds: Int(copyTimeout / .seconds(1)))
    }

    private func run(
        _ arguments: [String], timeout limit: Duration? = nil, cpuSeconds: Int? = nil
    ) async throws {
        let timeout = limit ?? timeout
        let command = ([executable] + arguments).joined(separator: " ")
        let limited =
            [
                "--as=\(addressSpaceBytes)", "--cpu=\(cpuSeconds ?? self.cpuSeconds)",
                "--core=0", executable,
            ] + arguments
        let limiter = limiter
        let record: (isSuccess: Bool, status: String, output: String)
        do {
            record = try await withTimeLimit(
                timeout, else: .toolTimedOut(command: command, limit: timeout)
            ) {
                let result = try await Subprocess.run(
                    .path(.init(limiter)), arguments: Arguments(limited),
                    environment: .custom(["LC_ALL": "C", "PATH": "/usr/bin:/bin"]),
                    output: .string(limit: Self.maximumOutputBytes),
                    error: .combinedWithOutput)
                return (
                    result.terminationStatus.isSuccess, "\(result.terminationStatus)",
                    result.standardOutput
                )
            }
        } catch let error as SubprocessError {
            if Task.isCancelled { throw CancellationError() }
            if error.code == .outputLimitExceeded {
                throw GuestDiskError.toolFailed(
                    command: command,
                    status: "more than \(Self.maximumOutputBytes) bytes of output", output: "")
            }
            throw GuestDiskError.toolNotRunnable(command: command, reason: "\(error)")
        }
        guard record.isSuccess else {
            throw GuestDiskError.toolFailed(
                command: command, status: record.status, output: record.output)
        }
    }
}
