extension RuleSample {
    private static func body(_ count: Int) -> String {
        String(repeating: "    step()\n", count: count)
    }

    static let lengths =
        [
            RuleSample("file length", "at the limit", "Sources/A/B.swift", lined(400)),
            RuleSample("file length", "above it", "Sources/A/B.swift", lined(401), lines: [0]),
            RuleSample("file length", "Python", "Lab/b.py", lined(401), lines: [0]),
            RuleSample("file length", "data", "Tests/A/b.json", lined(401)),
            RuleSample("line length", "100", "Sources/A/B.swift", wide(100)),
            RuleSample("line length", "101", "Sources/A/B.swift", wide(101), lines: [1]),
            RuleSample("line length", "Python", "Lab/b.py", wide(101), lines: [1]),
            RuleSample(
                "line length", "columns, not bytes", "Sources/A/B.swift",
                "// " + String(repeating: "ü", count: 97)),
            RuleSample("line length", "prose", "docs/b.md", wide(101)),
        ] + swiftFunctions + pythonFunctions

    private static func lined(_ count: Int) -> String {
        String(repeating: "line\n", count: count)
    }

    private static func wide(_ count: Int) -> String {
        String(repeating: "x", count: count) + "\n"
    }

    private static let swiftFunctions = [
        function("70 lines", "func f() {\n" + body(68) + "}\n"),
        function("71 lines", "func f() {\n" + body(69) + "}\n", lines: [1]),
        function("an initialiser", "struct A {\ninit?() {\n" + body(69) + "}\n}\n", lines: [2]),
        function("a deinitialiser", "deinit {\n" + body(69) + "}\n", lines: [1]),
        function("a subscript", "subscript(i: Int) -> Int {\n" + body(69) + "}\n", lines: [1]),
        function("a computed property", "var a: [Int: A<B>] {\n" + body(69) + "}\n", lines: [1]),
        function(
            "a long header",
            "func f(\n    a: A = { A() }(),\n    b: B\n) async throws -> [C]\n"
                + "where C: D {\n" + body(65) + "}\n", lines: [1]),
        function(
            "braces that are no code",
            "func f() {\nlet a = \"}\"\n// }\n/* } /* } */ } */\nlet b = #\"\"}\"#\n"
                + "let c = \"\"\"\n}\n\"\"\"\nlet d = \"\\(g(\"}\"))}\"\n"
                + "let e = /}/\nlet h = #/}/#\n" + body(59) + "}\n",
            lines: [1]),
        function(
            "openings that are no code",
            "func f() {\nlet a = \"{\"\n// {\nlet b = #\"{\\\"\"#\n}\nstruct A {\n" + body(70)
                + "}\n"),
        function(
            "requirements have no body",
            "protocol P {\nfunc f()\ninit(a: A)\nvar a: A { get }\n}\nextension P {\n" + body(70)
                + "}\n"),
        function("a stored property", "struct S {\nvar a: A\nlet b = B {\n" + body(70) + "}\n}\n"),
        function("a binding", "if var a {\n" + body(70) + "}\n"),
        function("a call of init", "let a = A.init {\n" + body(70) + "}\n"),
    ]

    private static let pythonFunctions = [
        python("70 lines", "def f():\n" + body(69)),
        python("71 lines", "def f():\n" + body(70), lines: [1]),
        python(
            "async, nested",
            "class A:\n    async def f(self):\n    "
                + body(35)
                .replacing("    step", with: "\n        step"), lines: [2]),
        python("a long header", "def f(\n        a,\n):\n" + body(68), lines: [1]),
        python("two in a row", "def f():\n" + body(40) + "\n\ndef g():\n" + body(40)),
        python(
            "a long string at the margin", "def f():\n    a = \"\"\"\nmargin\n\"\"\"\n" + body(67),
            lines: [1]),
        python("the word in a comment", "# def f():\n" + body(80)),
    ]

    private static func function(_ what: String, _ text: String, lines: [Int] = []) -> RuleSample {
        RuleSample("function length", what, "Sources/A/B.swift", text, lines: lines)
    }

    private static func python(_ what: String, _ text: String, lines: [Int] = []) -> RuleSample {
        RuleSample("function length", "Python, " + what, "Lab/b.py", text, lines: lines)
    }
}
