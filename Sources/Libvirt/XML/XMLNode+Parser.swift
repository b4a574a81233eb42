internal import Foundation
internal import FoundationXML

/// Why a document was refused.
public enum XMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Longer than ``XMLLimits/sizeBytesMax``; the length found, in bytes.
    case tooLarge(sizeBytes: Int)
    /// Deeper than ``XMLLimits/depthMax``.
    case tooDeep
    /// More elements than ``XMLLimits/elementCountMax``.
    case tooManyElements
    /// No root element.
    case empty
    /// A document type declaration: libvirt writes none, and entities are an attack.
    case documentType
    /// A processing instruction: libvirt writes none, and Foundation's parser crashes on one
    /// without content, such as `<?x?>` (swift-corelibs-foundation of Swift 6.3).
    case processingInstruction
    /// Not UTF-8, or says so in its declaration.
    case encoding
    /// Not well-formed; the parser's own code and line.
    case malformed(code: Int, line: Int)
    /// Well-formed, but not the document that was wanted: element or attribute, and its value.
    case unexpected(what: String, found: String)

    /// What was found and what was allowed, in one line.
    public var description: String {
        switch self {
        case .tooLarge(let size):
            "XML of \(size) bytes refused: the limit is \(XMLLimits.sizeBytesMax)"
        case .tooDeep: "XML refused: more than \(XMLLimits.depthMax) levels"
        case .tooManyElements:
            "XML refused: more than \(XMLLimits.elementCountMax) elements"
        case .empty: "XML refused: no root element"
        case .documentType: "XML refused: document type declarations are not read"
        case .processingInstruction: "XML refused: processing instructions are not read"
        case .encoding: "XML refused: only UTF-8 is read"
        case .malformed(let code, let line):
            "XML is not well-formed: parser code \(code) at line \(line)"
        case .unexpected(let what, let found): "XML has no usable \(what): found \"\(found)\""
        }
    }
}

/// Bounds on what the parser takes.
public enum XMLLimits {
    /// Longest document in bytes; a domain is about 10 kB, a large host's capabilities 200 kB.
    public static let sizeBytesMax = 4 << 20
    /// Most levels of elements; libvirt's documents have fewer than 12.
    public static let depthMax = 64
    /// Most elements in one document.
    public static let elementCountMax = 100_000
}

extension XMLNode {
    /// Reads one document whole.
    ///
    /// Total: any input gives a tree or an error. Entities other than the five of XML itself,
    /// document types, processing instructions and encodings other than UTF-8 are refused.
    public static func parse(_ document: String) throws(XMLError) -> XMLNode {
        try parse(Array(document.utf8))
    }

    /// The same for bytes, which must be UTF-8.
    public static func parse(_ document: [UInt8]) throws(XMLError) -> XMLNode {
        guard document.count <= XMLLimits.sizeBytesMax else {
            throw .tooLarge(sizeBytes: document.count)
        }
        let isText = String(validating: document, as: UTF8.self) != nil && !document.contains(0)
        guard isText else { throw .encoding }
        guard document.firstRange(of: "<!DOCTYPE".utf8) == nil,
            document.firstRange(of: "<!ENTITY".utf8) == nil
        else { throw .documentType }
        let body = try withoutDeclaration(document)
        guard body.firstRange(of: "<?".utf8) == nil else { throw .processingInstruction }
        let builder = XMLTreeBuilder()
        let parser = XMLParser(data: Data(body))
        parser.shouldResolveExternalEntities = false
        parser.delegate = builder
        let isAccepted = parser.parse()
        if let refusal = builder.refusal { throw refusal }
        // The parser reports success on some truncated input: only the error tells.
        if let error = parser.parserError as NSError? {
            throw .malformed(code: error.code, line: parser.lineNumber)
        }
        guard isAccepted, let root = builder.root else { throw .empty }
        return root
    }

    /// The document without byte order mark and declaration. A declared encoding would have the
    /// parser read the bytes as other characters than those checked here.
    private static func withoutDeclaration(
        _ document: [UInt8]
    ) throws(XMLError) -> ArraySlice<UInt8> {
        let body = document.starts(with: [0xEF, 0xBB, 0xBF]) ? document[3...] : document[...]
        guard body.starts(with: "<?xml ".utf8), let end = body.firstRange(of: "?>".utf8) else {
            return body
        }
        let declaration = String(decoding: body[..<end.lowerBound], as: UTF8.self).lowercased()
        if declaration.contains("encoding") {
            guard declaration.contains("\"utf-8\"") || declaration.contains("'utf-8'") else {
                throw .encoding
            }
        }
        return body[end.upperBound...]
    }
}

/// Collects the parser's calls into a tree, and stops it at the limits.
private final class XMLTreeBuilder: NSObject, XMLParserDelegate {
    private(set) var root: XMLNode?
    private(set) var refusal: XMLError?
    private var open: [XMLNode] = []
    private var elementCount = 0
    /// Joined here, not in the tree: the parser hands text over in many small pieces.
    private var pendingText = ""

    private func refuse(_ error: XMLError, _ parser: XMLParser) {
        if refusal == nil { refusal = error }
        parser.abortParsing()
    }

    private func flushText() {
        guard !pendingText.isEmpty, !open.isEmpty else { return }
        open[open.count - 1].append(text: pendingText)
        pendingText = ""
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        guard refusal == nil else { return }
        flushText()
        elementCount += 1
        guard elementCount <= XMLLimits.elementCountMax else {
            return refuse(.tooManyElements, parser)
        }
        guard open.count < XMLLimits.depthMax else { return refuse(.tooDeep, parser) }
        let sorted = attributes.sorted { $0.key < $1.key }
        open.append(
            XMLNode(
                parsedName: qualifiedName ?? elementName,
                attributes: sorted.map { .init(name: $0.key, value: $0.value) }))
    }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        guard refusal == nil else { return }
        flushText()
        guard var node = open.popLast() else { return }
        node.dropBlankTextBetweenElements()
        if open.isEmpty {
            root = node
        } else {
            open[open.count - 1].append(node)
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        guard refusal == nil, !open.isEmpty else { return }
        pendingText += string
    }

    func parser(_ parser: XMLParser, foundCDATA block: Data) {
        guard let text = String(data: block, encoding: .utf8) else {
            return refuse(.encoding, parser)
        }
        self.parser(parser, foundCharacters: text)
    }

    func parser(
        _ parser: XMLParser, foundInternalEntityDeclarationWithName name: String, value: String?
    ) {
        refuse(.documentType, parser)
    }
}
