import Testing

@testable import Persistence

@Suite struct DocumentKeyTests {
    @Test(arguments: [
        ("instances/1", "instances", "1"), ("hosts/h1/0000:03:00.2", "hosts", "h1/0000:03:00.2"),
        ("a-b_c/~!@", "a-b_c", "~!@"), ("x/\(String(repeating: "y", count: 510))", "x", nil),
    ])
    func takesValidKeys(raw: String, collection: String, id: String?) throws {
        let key = try DocumentKey(raw)
        #expect(key.collection == collection)
        if let id { #expect(key.id == id) }
        #expect(try DocumentKey(collection: key.collection, id: key.id) == key)
    }

    @Test(arguments: [
        "", "/", "instances", "instances/", "/x", "Instances/x", "in stances/x", "a//b", "a/b/",
        "a/b c", "a/ü", "a/\u{7F}", "a/\n", "x/\(String(repeating: "y", count: 511))",
    ])
    func refusesInvalidKeys(raw: String) {
        let error = #expect(throws: StoreError.self) { try DocumentKey(raw) }
        guard case .invalidKey(raw, _) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        ("plain-1.2:3_4", "plain-1.2:3_4"), ("a/b", "a%2Fb"), ("a b", "a%20b"), ("%", "%25"),
        ("ü", "%C3%BC"), ("\t", "%09"), ("", "%"),
    ])
    func escapesAnyText(text: String, part: String) throws {
        #expect(DocumentKey.escaped(text) == part)
        _ = try DocumentKey(collection: "names", id: part)
    }

    @Test func keysSortByBytes() throws {
        let sorted = try ["a/1", "a/1/2", "a/10", "a/2", "a/B", "a/b", "b/0"].map(DocumentKey.init)
        #expect(sorted.shuffled().sorted() == sorted)
    }
}
