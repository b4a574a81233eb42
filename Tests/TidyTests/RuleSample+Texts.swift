extension RuleSample {
    static let traces =
        Traces.marks.map { mark in
            RuleSample("left-over marks", mark, "Sources/A/B.swift", "\n// \(mark): it", lines: [2])
        }
        + Traces.places.map { place in
            RuleSample("places of one machine", place, "Lab/b.sh", "\ncd \"\(place)a\"", lines: [2])
        } + [
            RuleSample("left-over marks", "part of a word", "Lab/b.sh", "mktemp guest.XX" + "XXXX"),
            RuleSample(
                "places of one machine", "inside a path", "Lab/b.sh",
                "\"$tree/ro" + "ot/.ssh\" \"$tree\"/ho" + "me/ net" + Traces.places[0]),
            RuleSample(
                "references", "gaps and papers", "Sources/A/B.swift",
                "// \(Traces.privatePapers[1])07\n// Source: \(Traces.privatePapers[0])a\n"
                    + "// It is so (G" + "21).", lines: [1, 2, 3]),
            RuleSample(
                "references", "words that only look so", "Fuzz/README.md",
                "device-spec/a (GRDB) gap Given `spec/`"),
            RuleSample(
                "package sources", "GitHub", "Package.swift", package("https://github.com/a/b")),
            RuleSample(
                "package sources", "elsewhere", "Package.swift", package("https://a.example/b"),
                lines: [1]),
            RuleSample(
                "package sources", "a folder", "Package.swift", ".package(path: \"../b\")",
                lines: [1]),
            RuleSample(
                "package sources", "an index", "Tests/A/requirements.txt",
                "# --index-url is pip's business\na==1\n--index-url b", lines: [3]),
        ]

    private static func package(_ url: String) -> String {
        ".package(url: \"\(url)\", from: \"1.0.0\")"
    }

    static let names = [
        RuleSample("names", "a file", "Sources/A/HTTPUtils2.swift", "", lines: [0]),
        RuleSample("names", "a folder", "Sources/Common/A.swift", "", lines: [0]),
        RuleSample("names", "a type", "Sources/A/B.swift", "\nactor PortManager {}", lines: [2]),
        RuleSample("names", "Python", "Lab/net_helper.py", "class MiscThings:", lines: [0, 1]),
        RuleSample(
            "names", "longer words", "Sources/A/Community.swift",
            "struct Utilization {}\nlet a = FileManager.default"),
    ]

    static let documentation = [
        documented("a type", "public struct A {}", lines: [1]),
        documented("a member", "/// It is.\npublic struct A {\npublic let a: Int\n}", lines: [3]),
        documented("an empty docstring", "///\npublic struct A {}", lines: [2]),
        documented("a plain comment", "// It is.\npublic func f() {}", lines: [2]),
        documented("a line between", "/// It is.\n\npublic func f() {}", lines: [3]),
        documented("set by few", "public private(set) var a = 1", lines: [1]),
        documented("set by few, said", "/// Units.\npublic private(set) var a = 1"),
        documented(
            "attributes between", "/// It is.\n@available(a, b)\n@B\npublic final class A {}"),
        documented("a block", "/**\n It is.\n */\nstatic public func f() {}"),
        documented(
            "only the word", "public import A\nf(.public)\nopen[0] = a\nlet b = open.count"),
        documented("a default answer", protocolP + "extension P {\npublic func f() {}\n}"),
        documented(
            "a witness", protocolP + "/// It is.\npublic struct A: P {\npublic func f() {}\n}"),
        documented(
            "an undocumented requirement",
            protocolP + "/// It is.\npublic struct A: P {\npublic func g() {}\n}", lines: [7]),
        documented(
            "no witness", protocolP + "/// It is.\npublic struct A: Q {\npublic func f() {}\n}",
            lines: [7]),
        documented(
            "Swift's own protocols",
            "extension A: Comparable, Codable {\n"
                + "public static func < (a: A, b: A) -> Bool { a.b }\n"
                + "public func encode(to e: any Encoder) throws {}\n}"),
        RuleSample("documentation", "in tests", "Tests/ATests/B.swift", "public struct A {}"),
    ]

    private static let protocolP = "protocol P {\n/// Said.\nfunc f()\nfunc g() }\n"

    private static func documented(
        _ what: String, _ text: String, lines: [Int] = []
    ) -> RuleSample {
        RuleSample("documentation", what, "Sources/A/B.swift", text, lines: lines)
    }
}
