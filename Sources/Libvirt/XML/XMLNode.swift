/// One XML element: name, attributes and content, in document order.
///
/// The small tree that libvirt's documents need. Names keep their prefix as written
/// (`millrace:guest`); nothing resolves namespaces.
public struct XMLNode: Sendable, Equatable {
    /// A piece of an element's content.
    public enum Content: Sendable, Equatable {
        /// A child element.
        case element(XMLNode)
        /// Character data, unescaped. Blank text between elements is not kept.
        case text(String)
    }

    /// An attribute with its unescaped value.
    public struct Attribute: Sendable, Equatable {
        /// The name, prefix included.
        public let name: String
        /// The value, without quotes and escapes.
        public let value: String
    }

    /// The element's name, prefix included.
    public let name: String
    /// In the order given; a parsed element has them sorted by name, since the parser keeps none.
    public private(set) var attributes: [Attribute]
    /// Children and text in document order.
    public private(set) var content: [Content]

    /// An element written by this program; names are literals, so no input ever becomes markup.
    /// Attributes with a nil value are left out.
    public init(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:],
        text: String? = nil, children: [XMLNode] = []
    ) {
        self.name = name.description
        self.attributes = attributes.compactMap { name, value in
            value.map { Attribute(name: name.description, value: $0) }
        }
        content = (text.map { [.text($0)] } ?? []) + children.map(Content.element)
    }

    /// An element read from a document.
    init(parsedName: String, attributes: [Attribute]) {
        name = parsedName
        self.attributes = attributes
        content = []
    }

    /// The child elements, text skipped.
    public var children: [XMLNode] {
        content.compactMap { if case .element(let node) = $0 { node } else { nil } }
    }

    /// All direct text joined, without leading and trailing white space.
    public var text: String {
        let joined = content.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
        return String(joined.trimmingXMLSpace)
    }

    /// The value of the first attribute of that name.
    public subscript(attribute: String) -> String? {
        attributes.first { $0.name == attribute }?.value
    }

    /// The first child element of that name, prefix included.
    public func first(_ name: String) -> XMLNode? {
        for case .element(let node) in content where node.name == name { return node }
        return nil
    }

    /// The child elements of that name, in document order.
    public func all(_ name: String) -> [XMLNode] {
        children.filter { $0.name == name }
    }

    /// The element at the end of a chain of first children, such as `["os", "type"]`.
    public func descendant(_ path: [String]) -> XMLNode? {
        path.reduce(Optional(self)) { $0?.first($1) }
    }

    /// Puts `node` where the first child of that name is, or at the end; nil removes it.
    mutating func replace(_ name: String, with node: XMLNode?) {
        let position = content.firstIndex {
            if case .element(let child) = $0 { child.name == name } else { false }
        }
        switch (position, node) {
        case (let position?, let node?): content[position] = .element(node)
        case (let position?, nil): content.remove(at: position)
        case (nil, let node?): content.append(.element(node))
        case (nil, nil): break
        }
    }

    /// The same element with one attribute set, or with nil without it.
    func settingAttribute(_ name: StaticString, to value: String?) -> XMLNode {
        var node = self
        node.attributes.removeAll { $0.name == name.description }
        if let value {
            node.attributes.append(Attribute(name: name.description, value: value))
        }
        return node
    }

    mutating func append(text: String) {
        content.append(.text(text))
    }

    mutating func append(_ node: XMLNode) {
        content.append(.element(node))
    }

    /// Indentation is not content: an element with children keeps only text that says something.
    mutating func dropBlankTextBetweenElements() {
        guard content.contains(where: { if case .element = $0 { true } else { false } }) else {
            return
        }
        content.removeAll {
            if case .text(let text) = $0 { text.trimmingXMLSpace.isEmpty } else { false }
        }
    }
}

extension String {
    /// Without the four white space characters of XML 1.0 at both ends.
    fileprivate var trimmingXMLSpace: Substring {
        let isSpace = { (scalar: Unicode.Scalar) in
            scalar == " " || scalar == "\n" || scalar == "\t" || scalar == "\r"
        }
        let scalars = unicodeScalars
        guard let start = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return self[start...last]
    }
}
