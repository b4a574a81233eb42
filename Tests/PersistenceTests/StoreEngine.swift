import Logging
import Persistence
import TestSupport

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The engines the conformance suite runs on.
enum StoreEngine: CaseIterable, Sendable {
    case memory, sqlite

    /// Runs `body` on an empty store, and closes it.
    func withStore(
        limits: StoreLimits = StoreLimits(), _ body: (any StateStore) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let store: any StateStore =
            switch self {
            case .memory: MemoryStateStore(limits: limits)
            case .sqlite:
                try SQLiteStateStore(
                    path: folder.file("state.db"), limits: limits, logger: quiet)
            }
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        withExtendedLifetime(folder) {}
    }
}

func key(_ raw: String) throws -> DocumentKey { try DocumentKey(raw) }

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension StateStore {
    @discardableResult
    func put(_ raw: String, _ text: String) async throws -> Int64 {
        try await transact(conditions: [], writes: [.put(try key(raw), bytes(text))])
    }
}
