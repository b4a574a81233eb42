import RequestPipeline
import Testing

@Suite struct QueryItemsTests {
    @Test(arguments: [
        ("/p", ""), ("/p?", ""), ("/p?a", "a="), ("/p?a=", "a="), ("/p?a=1&b=2", "a=1 b=2"),
        ("/p?a=1&a=2", "a=1 a=2"), ("/p?a=x+y", "a=x y"), ("/p?a=x%2By", "a=x+y"),
        ("/p?a=%C3%A9", "a=é"), ("/p?a=b=c", "a=b=c"), ("/p?&&a=1&", "a=1"),
        ("/p?a=%ZZ", "a=%ZZ"), ("/p?a=?&b=/", "a=? b=/"),
    ])
    func areReadAsBrowsersAndPythonWriteThem(path: String, expected: String) {
        let items = QueryItems(path: path).items
        #expect(items.map { "\($0.name)=\($0.value)" }.joined(separator: " ") == expected)
    }

    @Test func theLastValueCountsAndAllAreThere() {
        let query = QueryItems(path: "/p?a=1&b=2&a=3")
        #expect(query.value("a") == "3")
        #expect(query.values("a") == ["1", "3"])
        #expect(query.value("c") == nil)
    }

    @Test func theQueryOfTheNextPageKeepsTheRest() {
        let query = QueryItems(path: "/p?name=a%26b+c&marker=m&limit=2")
        let text = query.text(
            without: ["marker", "limit"], adding: [("limit", "2"), ("marker", "x=y")])
        let next = QueryItems(path: "/p?" + text)
        #expect(next.items.map(\.name) == ["name", "limit", "marker"])
        #expect(next.items.map(\.value) == ["a&b c", "2", "x=y"])
    }
}
