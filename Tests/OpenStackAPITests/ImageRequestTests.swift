import ComputeModel
import Conductor
import RequestPipeline
import Testing

@testable import OpenStackAPI

@Suite struct ImageRequestTests {
    private static let choices: [(String, Set<String>)] = [
        ("a", ["a"]), ("in:a,b", ["a", "b"]), ("in:a", ["a"]), ("in:\"a,b\",c", ["a,b", "c"]),
        ("in:", [""]), ("inn:a,b", ["inn:a,b"]),
    ]

    @Test(arguments: choices)
    func choicesAreRead(_ text: String, _ expected: Set<String>) {
        #expect(ImageListRequest.choices(text) == expected)
    }

    @Test func queriesAreRead() throws {
        let query = try ImageListRequest(
            [
                ("limit", "5000"), ("sort_key", "name"), ("sort_key", "size"), ("sort_dir", "asc"),
                ("tag", "a"), ("tag", "b"), ("os_hidden", "True"), ("visibility", "public"),
                ("member_status", "all"), ("os_distro", "debian"), ("size_max", "10"),
            ], pageItemsMax: 1_000
        ).query
        #expect(query.limit == 1_000)
        #expect(query.sort == [.init(.name, descending: false), .init(.size, descending: false)])
        #expect(query.tags == ["a", "b"])
        #expect(query.hidden)
        #expect(query.visibility == .only(.public))
        #expect(query.properties == ["os_distro": "debian"])
        #expect(query.sizeBytesMax == 10)
    }

    @Test(arguments: [
        ("limit", "-1"), ("limit", "x"), ("sort", "nonsense:asc"), ("sort", "name:up"),
        ("sort_key", "x"), ("sort_dir", "x"), ("visibility", "x"), ("os_hidden", "maybe"),
        ("size_min", "x"), ("protected", "2"),
    ])
    func badQueriesAreRefused(_ name: String, _ value: String) {
        #expect(throws: DomainError.self) {
            try ImageListRequest([(name, value)], pageItemsMax: 10)
        }
    }

    @Test func patchesBecomeEdits() throws {
        let patch = try ImagePatch([
            ["op": "replace", "path": "/name", "value": "n"],
            ["op": "add", "path": "/a~1b~0c", "value": "v"],
            ["op": "replace", "path": "/x", "value": "v"],
            ["op": "remove", "path": "/y"],
            ["op": "replace", "path": "/min_ram", "value": 512],
            ["op": "replace", "path": "/protected", "value": true],
        ])
        #expect(
            patch.edits == [
                .name("n"), .setProperty("a/b~c", "v"), .replaceProperty("x", "v"),
                .removeProperty("y"), .minMemoryMiB(512), .protected(true),
            ])
    }

    @Test func pagesOfErrorsAreEscaped() {
        #expect(ImageFaults.escaped("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;")
    }
}
