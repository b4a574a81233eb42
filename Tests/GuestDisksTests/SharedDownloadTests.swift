import Foundation
import GuestDisks
import TestSupport
import Testing

@Suite struct SharedDownloads {
    let folder: TemporaryFolder
    let cache: ImageCache

    init() throws {
        folder = try TemporaryFolder()
        cache = try ImageCache(
            directory: folder.path + "/images", limits: .init(reserveBytes: 0),
            freeSpace: { _ in 300_000 })
    }

    @Test func manyCallersShareOneDownload() async throws {
        let disk = sampleDisk()
        let image = baseImage(disk)
        let fetches = Counter()
        let paths = try await withThrowingTaskGroup(of: String.self) { [cache] group in
            for _ in 0..<32 {
                group.addTask {
                    try await cache.ensure(image) { deliver in
                        await fetches.increment()
                        try await delivering(disk, chunkBytes: 1000)(deliver)
                    }.path
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(paths.count == 1)
        #expect(await fetches.value == 1)
        #expect(try bytes(try #require(paths.first)) == disk)
    }

    @Test func failureReachesAllAndIsForgotten() async throws {
        let disk = sampleDisk()
        let image = baseImage(disk)
        let started = Gate()
        let mayFail = Gate()
        let first = Task { [cache] in
            try await cache.ensure(image) { _ in
                started.open()
                try await mayFail.pass()
                throw CocoaError(.fileReadUnknown)
            }
        }
        try await started.opened("the download")
        let second = Task { [cache] in try await cache.ensure(image, fetch: delivering(disk)) }
        mayFail.open()
        await #expect(throws: GuestDiskError.self) { try await first.value }
        // The second shared the failure or, coming later, fetched anew; both end.
        _ = await second.result
        #expect(try await bytes(cache.ensure(image, fetch: delivering(disk)).path) == disk)
    }

    @Test func cancelledDownloadIsStoppedAndCleaned() async throws {
        let disk = sampleDisk()
        let image = baseImage(disk)
        let started = Gate()
        let never = Gate()
        let caller = Task { [cache] in
            try await cache.ensure(image) { deliver in
                try await deliver(Array(disk.prefix(1000)))
                started.open()
                try await never.pass()
            }
        }
        try await started.opened("the download")
        #expect(try folder.names("images").count == 1)
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
        #expect(try folder.names("images").isEmpty)
        #expect(try await bytes(cache.ensure(image, fetch: delivering(disk)).path) == disk)
    }

    @Test func spaceOfRunningDownloadsIsTaken() async throws {
        let disk = sampleDisk()
        let started = Gate()
        let mayGoOn = Gate()
        let first = Task { [cache] in
            try await cache.ensure(baseImage(disk, id: "one")) { deliver in
                started.open()
                try await mayGoOn.pass()
                try await delivering(disk)(deliver)
            }
        }
        try await started.opened("the download")
        let expected = GuestDiskError.notEnoughSpace(
            directory: folder.path + "/images", neededBytes: 400_000, freeBytes: 300_000)
        await #expect(throws: expected) {
            try await cache.ensure(baseImage(disk, id: "two"), fetch: neverFetch)
        }
        mayGoOn.open()
        _ = try await first.value
        _ = try await cache.ensure(baseImage(disk, id: "two"), fetch: delivering(disk))
    }

    @Test func stalledDownloadTimesOut() async throws {
        let limit = Duration.milliseconds(20)
        let cache = try ImageCache(
            directory: folder.path + "/images",
            limits: .init(reserveBytes: 0, downloadTimeout: limit))
        let never = Gate()
        let expected = GuestDiskError.downloadTimedOut(imageID: "i", limit: limit)
        await #expect(throws: expected) {
            try await cache.ensure(baseImage([1], id: "i")) { _ in try await never.pass() }
        }
        #expect(try folder.names("images").isEmpty)
    }
}
