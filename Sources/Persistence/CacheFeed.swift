import Logging

/// Carries the changes of a store into the cache, for as long as the store is open.
struct CacheFeed: Sendable {
    /// Pause before the next attempt when the store fails: doubled each time, up to the last.
    static let firstPause = Duration.milliseconds(50)
    static let longestPause = Duration.seconds(5)

    let store: any StateStore
    let cache: DocumentCache
    let clock: any Clock<Duration>
    let logger: Logger

    func run() async {
        var pause = Self.firstPause
        while !Task.isCancelled {
            let before = cache.applied.value
            do {
                try await follow()
                return cache.close()
            } catch .compacted {
                await resynchronise()
            } catch {
                logger.error(
                    "following the store failed", metadata: ["error": "\(error)"])
            }
            if cache.applied.value > before { pause = Self.firstPause }
            do {
                try await clock.sleep(for: pause)
            } catch {
                return cache.close()
            }
            pause = min(pause * 2, Self.longestPause)
        }
        cache.close()
    }

    private func follow() async throws(StoreError) {
        for try await event in store.watch(prefix: "", after: cache.applied.value) {
            cache.apply(event)
        }
    }

    private func resynchronise() async {
        do {
            logger.warning("the store's history was compacted: reading everything again")
            cache.replace(with: try await store.list(prefix: ""))
        } catch {
            logger.error("reading the store again failed", metadata: ["error": "\(error)"])
        }
    }
}
