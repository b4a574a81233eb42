import Libvirt
import Testing

@Suite("XML")
struct XMLNodeTests {
    @Test("the writer escapes, and keeps order and white space")
    func writer() {
        let node = XMLNode(
            "a:root", ["z": "1 < 2 & 'x' \"y\"", "b": nil, "c": "tab\tline\nreturn\r"],
            children: [
                XMLNode("text", text: "<&>'\" \u{1}\u{FFFF} \u{1F600}\r\n"), XMLNode("empty"),
                XMLNode("deep", children: [XMLNode("er")]),
            ])
        #expect(
            node.xml() == """
                <a:root z='1 &lt; 2 &amp; &apos;x&apos; &quot;y&quot;' \
                c='tab&#9;line&#10;return&#13;'>
                  <text>&lt;&amp;&gt;&apos;&quot; \u{FFFD}\u{FFFD} \u{1F600}&#13;
                </text>
                  <empty/>
                  <deep>
                    <er/>
                  </deep>
                </a:root>
                """)
    }

    @Test("what was written reads back the same")
    func roundTrip() throws {
        let node = XMLNode(
            "root", ["a": "\t\n\r<>&'\" \u{E9}\u{1F600}"],
            children: [
                XMLNode("one", text: "  two\r\nthree & <four>  "), XMLNode("five", ["six": ""]),
            ])
        #expect(try XMLNode.parse(node.xml()) == node)
    }

    @Test("reading: order, declarations, comments, CDATA, character references")
    func reader() throws {
        let root = try XMLNode.parse(
            """
            \u{FEFF}<?xml version="1.0" encoding="utf-8"?>
            <!-- <b/> -->
            <r b='2' a="1"><x>1</x>  text <![CDATA[<&>]]>&#65;&amp;<y/><x>2</x></r>
            """)
        #expect(root["a"] == "1")
        #expect(root.attributes.map(\.name) == ["a", "b"])
        #expect(root["c"] == nil)
        #expect(root.children.map(\.name) == ["x", "y", "x"])
        #expect(root.all("x").map(\.text) == ["1", "2"])
        #expect(root.text == "text <&>A&")
        #expect(root.descendant(["y"])?.children.isEmpty == true)
        #expect(root.descendant(["y", "z"]) == nil)
    }

    enum Refusal: Sendable {
        case any
        case exact(XMLError)
    }

    static let hostile: [(String, Refusal)] = [
        ("", .any),
        (" \n ", .any),
        ("text", .any),
        ("<", .any),
        ("<a", .any),
        ("<a>", .any),
        ("<a><b></a>", .any),
        ("<a></a><b></b>", .any),
        ("<a b=c/>", .any),
        ("<a b='1' b='2'/>", .any),
        ("<a>&nope;</a>", .any),
        ("<a>&#0;</a>", .any),
        ("<a>&#xD800;</a>", .any),
        ("<a>&", .any),
        ("<!-- only -->", .any),
        ("<?xml version='1.0'?>", .any),
        ("<?xml version='1.0' encoding='UTF-7'?><a/>", .exact(.encoding)),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", .exact(.encoding)),
        ("<a>\0</a>", .exact(.encoding)),
        ("<!DOCTYPE a><a/>", .exact(.documentType)),
        // Foundation's parser crashed on one without content.
        ("<?x?>", .exact(.processingInstruction)),
        ("<a><?x y?></a>", .exact(.processingInstruction)),
        (
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><a>&b;</a>",
            .exact(.documentType)
        ),
        ("<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>", .exact(.documentType)),
        (String(repeating: "<a>", count: 100_000), .exact(.tooDeep)),
        ("<a>" + String(repeating: "<b/>", count: 100_001) + "</a>", .exact(.tooManyElements)),
    ]

    @Test("hostile input gives an error", arguments: hostile.indices)
    func hostileInput(index: Int) {
        let (document, refusal) = Self.hostile[index]
        let error = #expect(throws: XMLError.self) { try XMLNode.parse(document) }
        if case .exact(let wanted) = refusal { #expect(error == wanted) }
        #expect(error.map { !"\($0)".isEmpty } == true)
    }

    @Test(
        "bytes that aren't UTF-8 give an error",
        arguments: [
            [0xFF, 0xFE, 0x3C, 0x00, 0x61, 0x00, 0x2F, 0x00, 0x3E, 0x00],
            [0x3C, 0x61, 0x3E, 0xC0, 0x80, 0x3C, 0x2F, 0x61, 0x3E],
            [0x3C, 0x61, 0x3E, 0xE9, 0x3C, 0x2F, 0x61, 0x3E],
        ])
    func badBytes(bytes: [UInt8]) {
        #expect(throws: XMLError.encoding) { try XMLNode.parse(bytes) }
    }

    @Test("a document beyond the size limit is not looked at")
    func tooLarge() {
        let size = XMLLimits.sizeBytesMax + 1
        #expect(throws: XMLError.tooLarge(sizeBytes: size)) {
            try XMLNode.parse([UInt8](repeating: 0x20, count: size))
        }
    }

    @Test("the deepest document that is allowed")
    func deepest() throws {
        let depth = XMLLimits.depthMax
        let open = String(repeating: "<a>", count: depth)
        let document = open + String(repeating: "</a>", count: depth)
        #expect(try XMLNode.parse(document).name == "a")
    }

    @Test("a document cut anywhere is refused")
    func truncated() throws {
        let document = DomainDefinition.sample().xml()
        for length in stride(from: 0, to: document.utf8.count, by: 7) {
            let cut = Array(document.utf8.prefix(length))
            #expect(throws: XMLError.self) { try XMLNode.parse(cut) }
        }
    }
}
