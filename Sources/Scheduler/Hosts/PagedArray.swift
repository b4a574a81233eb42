/// An array whose copies share all but what is changed in them: who changes a few elements of a
/// copy copies their pages, not the whole.
struct PagedArray<Element: Sendable>: Sendable {
    /// Elements of a page. Small enough that copying one costs little, large enough that all pages
    /// together are few.
    static var pageLength: Int { 256 }

    /// Each full but the last, none empty.
    private(set) var pages: [ContiguousArray<Element>] = []
    private(set) var count = 0

    subscript(position: Int) -> Element {
        get { pages[position / Self.pageLength][position % Self.pageLength] }
        _modify { yield &pages[position / Self.pageLength][position % Self.pageLength] }
    }

    mutating func append(_ element: Element) {
        if count.isMultiple(of: Self.pageLength) { pages.append([]) }
        pages[pages.count - 1].append(element)
        count += 1
    }

    /// Takes out the element at `position`, which the last one then has.
    mutating func removeBySwap(at position: Int) {
        self[position] = self[count - 1]
        pages[pages.count - 1].removeLast()
        if pages[pages.count - 1].isEmpty { pages.removeLast() }
        count -= 1
    }

    /// All elements in order.
    var elements: some Sequence<Element> { pages.joined() }
}
