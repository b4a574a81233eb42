/// Documents that name what there is, and documents that don't. Each has a small checkout beside
/// it.
extension RuleSample {
    private static let world = [
        "Makefile": "lab-up: ## Boot HOSTS=1|2\n\tlab $(HOSTS)\n",
        "Lab/lab.py": "class Lab:\n    def attach(self):\n        add(\"up\", up)\n"
            + "        up.add_argument(\"--numa\")\n",
        "Sources/A/Rooms/HostLedger.swift": "struct HostLedger { func claim() {} }",
        "Tests/ATests/LedgerTests.swift": "@Suite(.serialized) struct LedgerTests {}",
        "docs/other.md": "# What it's for, `now`\n",
    ]

    /// A page of docs in that checkout.
    private static func page(
        _ rule: String, _ what: String, _ text: String, lines: [Int] = [],
        path: String = "docs/page.md", and files: [String: String] = [:]
    ) -> RuleSample {
        let all = world.merging(files, uniquingKeysWith: { $1 }).merging(
            [path: text], uniquingKeysWith: { $1 })
        return RuleSample(rule, what, all, lines.map { "\(path):\($0)" })
    }

    static let documents = [
        page(
            "document paths", "what is there",
            "[a](other.md) [b](other.md#what-its-for-now) [c](../Lab/lab.py) [d](https://e.f/g)\n"
                + "[e](#f)\n# F\n`Sources/A/Rooms/` `A/HostLedger` `A/Rooms` `lab.py` `Tests/A*`"),
        page(
            "document paths", "a link to nowhere", "[a](b.md)\n[c](../docs/other.md#d)",
            lines: [1, 2]),
        page(
            "document paths", "files that are gone",
            "`Sources/A/B.swift`\n`A/Ledger`\n`page.py`\n`Tests/*Death*`", lines: [1, 2, 3, 4]),
        page(
            "document paths", "places of others",
            "`record/a.json` `/etc/a.yaml` `Sources/NAME/a` `b/c` `a.yaml`\n```\n`A/Ledger`\n```"),
        page(
            "document paths", "below a document", "`tree/a`\n`tree/b`", lines: [2],
            path: "Lab/README.md", and: ["Lab/tree/a": ""]),
        page("document paths", "history", "`Sources/A/B.swift`", path: "changes/1.md"),
        page("document paths", "a link of history", "[a](b.md)", lines: [1], path: "changes/1.md"),
        page("document types", "what is there", "`HostLedger` `HostLedger.claim()` `Host` `IPv6`"),
        page("document types", "a type that is gone", "\n`HostsLedger`", lines: [2]),
        page("document types", "a member that is gone", "`HostLedger.free`", lines: [1]),
        page(
            "document types", "a text of the sources", "`RegionOne`",
            and: ["Sources/A/B.swift": "let a = \"RegionOne\""]),
        page("capabilities", "another page", "**Works** `nothing`"),
    ]

    // MARK: Commands

    private static let program = [
        "Sources/millrace/Millrace.swift": """
        struct Millrace {
            static let c = CommandConfiguration(
                commandName: "millrace", subcommands: [Agent.self, Devices.self])
        }
        struct Agent { @Option(help: "a") var config: String }
        struct Devices {
            static let configuration = {
                var configuration = DeviceCommand.configuration
                configuration.subcommands.append(DeviceMatch<Scan>.self)
            }()
        }
        """,
        "Sources/CLI/DeviceCommand.swift": """
        struct DeviceCommand {
            static let configuration = CommandConfiguration(
                commandName: "device", subcommands: [DeviceList.self],
                defaultSubcommand: DeviceList.self)
        }
        struct DeviceList {
            static let c = CommandConfiguration(commandName: "list")
            @OptionGroup var list: ListOptions
        }
        struct ListOptions { @Flag(name: .shortAndLong, help: "b") var quiet = false }
        struct DeviceMatch<S> {
            static let c = CommandConfiguration(commandName: "match")
            @Option var agentConfig: String
        }
        """,
        DocumentCommands.guide: """
        | command | verbs |
        | --- | --- |
        | `millrace device` | `list` (`--quiet`, `-q`), `match` (`--agent-config`) |

        `millrace agent` has `--config FILE`.
        """,
    ]

    static let commands = [
        command(
            "what is there",
            "`millrace device list -q` `millrace device --quiet` `millrace agent --config A`\n"
                + "`millrace device list|match` `make lab-up HOSTS=2` `make` `lab.py up --numa`\n"
                + "```\nsudo -u millrace /opt/millrace device match --agent-config a \\\n  --help\n"
                + "swift test --filter 'LedgerTests'   # make nothing\n | millrace picture\n```"),
        command("no such command", "`millrace devise`\n`millrace device mach`", lines: [1, 2]),
        command("no such option", "`millrace agent --quiet`\n`--quite`", lines: [1, 2]),
        command(
            "no such option in a block", "```\nmillrace agent --config quiet \\\n  --quiet\n```",
            lines: [2]),
        command("indented", "    millrace devise list", lines: [1]),
        command("make", "`make lab-upp`\n`make lab-up HOST=1`", lines: [1, 2]),
        command("the lab", "`python3 Lab/lab.py down`\n`lab.py up --nuna`", lines: [1, 2]),
        command("filters", "`swift test --filter LedgersTests`", lines: [1]),
        page(
            "document commands", "an undocumented verb and option", "`millrace agent --config A`",
            lines: [0, 0, 0, 0, 0, 0], path: DocumentCommands.guide, and: program),
    ]

    private static func command(_ what: String, _ text: String, lines: [Int] = []) -> RuleSample {
        page("document commands", what, text, lines: lines, and: program)
    }

    // MARK: Keys

    private static let reader = [
        "Sources/millrace/ServerConfiguration.swift": """
        let a = try reader.integer("page_max", in: b)
        let c = [("wait_ms", \\.wait)]
        let d = try hex(&reader, "vendor_id")
        let e = f("no key")
        """,
        DocumentCommands.guide: """
        | key | meaning |
        | --- | --- |
        | `page_max`, `wait_ms` | a |

        ```yaml
        page_max: 1
        wait_ms: {vendor_id: "15b3"}    # other: words
        ```
        """,
    ]

    static let keys = [
        page(
            "configuration keys", "what is there", "`page_max: 5` `Page_Max` `a-b` `wait_ms`",
            and: reader),
        page(
            "configuration keys", "names that are wrong",
            "`page_maxx`\n```yaml\nwait: 1\nwait_ms: {a_b: 1}\n```", lines: [1, 3, 4], and: reader),
        page(
            "configuration keys", "a row too many",
            "| key | a |\n| --- | --- |\n| `old` | b |\n"
                + "\n`page_max`\n```yaml\nwait_ms: {vendor_id: 1}\npage_max: 1\n```",
            lines: [3], path: DocumentCommands.guide, and: reader),
        RuleSample(
            "configuration keys", "a row too few",
            world.merging(reader, uniquingKeysWith: { $1 }).merging(
                [DocumentCommands.guide: "`page_max`"], uniquingKeysWith: { $1 }),
            [1, 2, 3].map { "Sources/millrace/ServerConfiguration.swift:\($0)" }),
    ]

    // MARK: Claims

    static let claims = [
        claim("all shown", "- **power**: on\n- **a move**: off\n", "power", "a move"),
        claim("not shown", "- **power**: on\n- **moves**: off\n", "power", readme: [4]),
        claim("shown and not claimed", "- **power**: on\n", "power", "moves", rows: [4]),
        claim("without a name", "- power\n- **power**: on\n", "power", readme: [3]),
        claim("nothing named", "- **power**: on\n", "power", with: "", rows: [3]),
        claim("no such suite", "- **power**: on\n", "power", with: "`ATests/None`", rows: [3]),
        claim("no such step", "- **power**: on\n", "power", with: "| | `Lab.no`", rows: [3]),
        claim("a step", "- **power**: on\n", "power", with: "| | `Lab.attach`"),
        claim("no list", "", readme: [0]),
        moduleTable("as declared", "| `A` | a | |\n| `B` | b | `A` |"),
        moduleTable("an edge too few", "| `A` | a | |\n| `B` | b | |", [4]),
        moduleTable("an edge too many", "| `A` | a | `B` |\n| `B` | b | `A` |", [3]),
        moduleTable("rows that are wrong", "| `A` | a | |\n| `C` | c | |", [0, 4]),
    ]

    private static func claim(
        _ what: String, _ list: String, _ names: String..., with evidence: String? = nil,
        readme: [Int] = [], rows: [Int] = []
    ) -> RuleSample {
        let table = names.map { "| \($0) | \(evidence ?? "`ATests/LedgerTests`") |\n" }.joined()
        let files = [
            Capabilities.list: "Works:\n\n\(list)\nNot yet:\n\n- **else**: nothing\n",
            Capabilities.table: "| capability | suites |\n| --- | --- |\n\(table)",
            "Lab/millrace_lab/lab.py": "class Lab:\n    def attach(self):\n",
        ]
        return RuleSample(
            "capabilities", what, world.merging(files, uniquingKeysWith: { $1 }),
            readme.map { "\(Capabilities.list):\($0)" }
                + rows.map { "\(Capabilities.table):\($0)" })
    }

    private static func moduleTable(
        _ what: String, _ rows: String, _ lines: [Int] = []
    ) -> RuleSample {
        let files = [
            "Package.swift":
                "[.target(name: \"A\"), .target(name: \"B\", dependencies: [\"A\", \"X\"])]",
            "Sources/A/A.swift": "", "Sources/B/B.swift": "",
            ModuleTable.page:
                "| folder in `Sources` | one line | imports |\n| --- | --- | --- |\n\(rows)\n",
        ]
        return RuleSample(
            "module table", what, files, lines.map { "\(ModuleTable.page):\($0)" })
    }
}
