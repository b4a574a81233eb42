import Foundation
import GuestDisks
import TestSupport
import Testing

@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit")))
struct QemuImageToolTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Makes a disk with the tool given and gives the error.
    private func failure(_ tool: QemuImageTool) async throws -> GuestDiskError? {
        let disks = try InstanceDisks(directory: folder.path + "/instances", tool: tool)
        let path = try folder.write([UInt8](repeating: 0, count: 512), to: "base")
        let base = CachedImage(path: path, format: .raw, virtualSizeBytes: 512)
        var found: GuestDiskError?
        do {
            _ = try await disks.ensureDisk(
                .root(build: 0), instanceID: "i", base: base, sizeBytes: 512)
        } catch {
            found = try #require(error as? GuestDiskError)
        }
        #expect(try folder.names("instances/i").isEmpty)
        return found
    }

    @Test func stuckToolIsStopped() async throws {
        let limit = Duration.milliseconds(300)
        let script = try folder.script("exec /bin/sleep 600")
        let found = try await failure(QemuImageTool(executable: script, timeout: limit))
        guard case .toolTimedOut(let command, limit) = found else {
            Issue.record("found \(String(describing: found))")
            return
        }
        #expect(command.contains(" -F raw "))
    }

    @Test func failureShowsStatusAndOutput() async throws {
        let script = try folder.script("echo no luck >&2; echo half > \"$9\"; exit 3")
        let found = try await failure(QemuImageTool(executable: script))
        guard case .toolFailed(_, let status, let output) = found else {
            Issue.record("found \(String(describing: found))")
            return
        }
        #expect(status.contains("3"))
        #expect(output.contains("no luck"))
    }

    @Test func endlessOutputIsCutOff() async throws {
        let script = try folder.script("exec /usr/bin/yes")
        let found = try await failure(QemuImageTool(executable: script))
        guard case .toolFailed(_, let status, _) = found else {
            Issue.record("found \(String(describing: found))")
            return
        }
        #expect(status.contains("output"))
    }

    @Test func toolThatLiesIsFoundOut() async throws {
        let script = try folder.script("echo nonsense > \"$9\"")
        let found = try await failure(QemuImageTool(executable: script))
        guard case .diskUnreadable = found else {
            Issue.record("found \(String(describing: found))")
            return
        }
    }

    @Test func missingToolsAreNamed() async throws {
        let absent = folder.path + "/absent"
        guard case .toolFailed = try await failure(QemuImageTool(executable: absent)) else {
            Issue.record("qemu-img was not missed")
            return
        }
        let found = try await failure(QemuImageTool(limiter: absent))
        guard case .toolNotRunnable = found else {
            Issue.record("found \(String(describing: found))")
            return
        }
    }

    @Test(.enabled(if: qemuIsInstalled)) func memoryLimitHolds() async throws {
        let found = try await failure(QemuImageTool(addressSpaceBytes: 1 << 20))
        guard case .toolFailed = found else {
            Issue.record("found \(String(describing: found))")
            return
        }
    }
}
