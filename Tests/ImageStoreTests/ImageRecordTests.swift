import ComputeModel
import Foundation
import Persistence
import Testing

@testable import ImageStore

@Suite struct ImageRecordTests {
    struct Sight: Sendable {
        var visibility: ImageVisibility
        var listed: Bool
        var shown: Bool
    }

    @Test(arguments: [
        Sight(visibility: .public, listed: true, shown: true),
        Sight(visibility: .community, listed: false, shown: true),
        Sight(visibility: .shared, listed: false, shown: false),
        Sight(visibility: .private, listed: false, shown: false),
    ])
    func strangersSee(_ sight: Sight) async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        _ = try await bed.images.update(image.id, [.visibility(sight.visibility)], bed.admin)
        let listed = try bed.images.list(ImageQuery(limit: 10), bed.stranger).images
        #expect(listed.isEmpty == !sight.listed)
        #expect(try bed.images.list(ImageQuery(limit: 10), bed.owner).images.count == 1)
        for change in [true, false] {
            do {
                if change {
                    _ = try await bed.images.update(image.id, [.name("x")], bed.stranger)
                } else {
                    try await bed.images.delete(image.id, bed.stranger)
                }
                Issue.record("a stranger changed the image")
            } catch DomainError.forbidden {
                #expect(sight.shown)
            } catch DomainError.notFound {
                #expect(!sight.shown)
            }
        }
        if sight.shown {
            #expect(try bed.images.show(image.id, bed.stranger).id == image.id)
        } else {
            #expect(throws: DomainError.self) { try bed.images.show(image.id, bed.stranger) }
        }
        try bed.close()
    }

    @Test func publicIsForAdministrators() async throws {
        let bed = try await ImageTestbed()
        await #expect(throws: DomainError.self) {
            try await bed.queued("raw", [.visibility(.public)])
        }
        let image = try await bed.queued()
        await #expect(throws: DomainError.self) {
            try await bed.images.update(image.id, [.visibility(.public)], bed.owner)
        }
        _ = try await bed.images.update(image.id, [.visibility(.public)], bed.admin)
        _ = try await bed.images.update(image.id, [.name("mine")], bed.owner)
        try bed.close()
    }

    @Test func protectedImagesStay() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued("raw", [.protected(true)])
        await #expect(throws: DomainError.self) { try await bed.images.delete(image.id, bed.owner) }
        _ = try await bed.images.update(image.id, [.protected(false)], bed.owner)
        try await bed.images.delete(image.id, bed.owner)
        await #expect(throws: DomainError.self) { try await bed.images.delete(image.id, bed.owner) }
        try bed.close()
    }

    @Test func deletionRemovesTheBytesButNotFromReaders() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let bytes = [UInt8](repeating: 9, count: 600_000)
        try await bed.upload(image, bytes)
        let chunks = try await bed.images.files.open(image.id)
        try await bed.images.delete(image.id, bed.owner)
        #expect(try bed.fileNames == [])
        var found: [UInt8] = []
        for try await chunk in chunks { found += chunk }
        #expect(found == bytes)
        await #expect(throws: DomainError.self) { try await bed.images.files.open(image.id) }
        try bed.close()
    }

    @Test(arguments: ["../../etc/passwd", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "x", ""])
    func idsAreUUIDsAndNeverPaths(_ text: String) async throws {
        let bed = try await ImageTestbed()
        await #expect(throws: DomainError.self) {
            try await bed.images.create(id: ImageID(text), edits: [], bed.owner)
        }
        await #expect(throws: DomainError.self) { try await bed.images.files.open(ImageID(text)) }
        #expect(throws: DomainError.self) { try bed.images.show(ImageID(text), bed.admin) }
        try bed.close()
    }

    @Test func chosenIDsAreTakenOnce() async throws {
        let bed = try await ImageTestbed()
        let id = ImageID(uuid: UUID())
        _ = try await bed.images.create(id: id, edits: [], bed.owner)
        await #expect(throws: DomainError.self) {
            try await bed.images.create(id: id, edits: [], bed.stranger)
        }
        try bed.close()
    }

    @Test func patchesApplyAsAWholeOrNotAtAll() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        await #expect(throws: DomainError.self) {
            try await bed.images.update(
                image.id, [.name("new"), .removeProperty("none")], bed.owner)
        }
        #expect(try bed.images.show(image.id, bed.owner).name == nil)
        let changed = try await bed.images.update(
            image.id,
            [
                .name("new"), .setProperty("a", "1"), .replaceProperty("a", "2"),
                .setProperty("b", "3"), .removeProperty("b"), .tags(["y", "x", "y"]),
                .minDiskGiB(2), .minMemoryMiB(512), .hidden(true),
            ], bed.owner)
        #expect(changed.properties == ["a": "2"])
        #expect(changed.tags == ["x", "y"])
        #expect(changed.updatedAt == bed.clock.now)
        try bed.close()
    }

    @Test(arguments: [
        ImageEdit.name(String(repeating: "x", count: 256)), .minDiskGiB(-1),
        .minMemoryMiB(Int(Int32.max) + 1), .diskFormat("vmdk"), .diskFormat("nonsense"),
        .containerFormat("ova"), .tags([""]), .owner(ProjectID("other")),
        .setProperty("", "x"), .setProperty("k", String(repeating: "x", count: 300_000)),
        .tags((0..<129).map { "t\($0)" }),
    ])
    func valuesAreBounded(_ edit: ImageEdit) async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        await #expect(throws: DomainError.self) {
            try await bed.images.update(image.id, [edit], bed.owner)
        }
        try bed.close()
    }

    @Test func formatsStayOnceDataIsThere() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        try await bed.upload(image, [1, 2, 3])
        await #expect(throws: DomainError.self) {
            try await bed.images.update(image.id, [.diskFormat("qcow2")], bed.owner)
        }
        try bed.close()
    }

    @Test func pagesAreCompleteAndInOrder() async throws {
        let bed = try await ImageTestbed()
        for index in 0..<7 { _ = try await bed.queued("raw", [.name("n\(index % 3)")]) }
        var query = ImageQuery(limit: 3)
        query.sort = [.init(.name, descending: false), .init(.createdAt, descending: true)]
        var found: [Image] = []
        for _ in 0..<3 {
            let page = try bed.images.list(query, bed.owner)
            found += page.images
            query.marker = page.images.last?.id
            #expect(page.hasMore == (found.count < 7))
        }
        #expect(found.map(\.name) == ["n0", "n0", "n0", "n1", "n1", "n2", "n2"])
        #expect(Set(found.map(\.id)).count == 7)
        #expect(found[0].createdAt > found[1].createdAt)
        query.marker = ImageID(uuid: UUID())
        #expect(throws: DomainError.self) { try bed.images.list(query, bed.owner) }
        try bed.close()
    }

    @Test func filtersFilter() async throws {
        let bed = try await ImageTestbed()
        let raw = try await bed.queued(
            "raw", [.name("r"), .tags(["a", "b"]), .setProperty("os", "debian")])
        try await bed.upload(raw, [UInt8](repeating: 1, count: 1_000))
        let qcow2 = try await bed.queued("qcow2", [.name("q"), .tags(["a"]), .protected(true)])
        let hidden = try await bed.queued("raw", [.name("h"), .hidden(true)])
        let filters: [((inout ImageQuery) -> Void, [Image])] = [
            ({ _ in }, [qcow2, raw]), ({ $0.hidden = true }, [hidden]),
            ({ $0.names = ["r"] }, [raw]), ({ $0.ids = [qcow2.id.text, "x"] }, [qcow2]),
            ({ $0.statuses = ["active"] }, [raw]), ({ $0.statuses = ["x"] }, []),
            ({ $0.tags = ["a", "b"] }, [raw]), ({ $0.protected = true }, [qcow2]),
            ({ $0.properties = ["os": "debian"] }, [raw]), ({ $0.sizeBytesMin = 1_001 }, []),
            ({ $0.sizeBytesMin = 1_000 }, [raw]), ({ $0.sizeBytesMax = 999 }, []),
            ({ $0.diskFormats = ["qcow2"] }, [qcow2]), ({ $0.visibility = .only(.public) }, []),
            ({ $0.owner = ProjectID("owner") }, [qcow2, raw]),
            ({ $0.owner = ProjectID("x") }, []),
        ]
        for (index, filter) in filters.enumerated() {
            var query = ImageQuery(limit: 10)
            filter.0(&query)
            let found = try bed.images.list(query, bed.owner).images.map(\.id)
            #expect(found == filter.1.map(\.id), "filter \(index)")
        }
        try bed.close()
    }

    @Test func deactivatedImagesAreNotHandedOut() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        #expect(try await bed.images.download(image.id, bed.owner) == nil)
        await #expect(throws: DomainError.self) {
            try await bed.images.setActive(false, image.id, bed.admin)
        }
        try await bed.upload(image, [1, 2, 3])
        try await bed.images.setActive(false, image.id, bed.admin)
        await #expect(throws: DomainError.self) {
            _ = try await bed.images.download(image.id, bed.owner)
        }
        try await bed.images.setActive(true, image.id, bed.admin)
        #expect(try await bed.images.download(image.id, bed.owner) != nil)
        try bed.close()
    }
}
