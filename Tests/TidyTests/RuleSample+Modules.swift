extension RuleSample {
    static let purity = [
        pure(
            "the world", "import GRDB\ninternal import Glibc\nimport struct NIOCore.A",
            lines: [1, 2, 3]),
        pure(
            "what it may", "import ComputeModel\npublic import Foundation\n@testable import Logging"
        ),
        pure(
            "the clock", "let a = Date()\nlet b = Date.now\nlet c = ContinuousClock()",
            lines: [1, 2, 3]),
        pure(
            "chance", "let a = UUID()\nlet b = Int.random(in: c)\nd.shuffled()", lines: [1, 2, 3]),
        pure("files", "FileManager.default.f()", lines: [1]),
        pure(
            "values",
            "let a = Date(timeIntervalSince1970: 1)\nlet b = UUID(uuidString: c)\n"
                + "let random = 1\n// Date()\nlet d = \"UUID()\""),
        RuleSample("pure modules", "another module", "Sources/A/B.swift", "import GRDB\nDate()"),
    ]

    private static func pure(_ what: String, _ text: String, lines: [Int] = []) -> RuleSample {
        RuleSample("pure modules", what, "Sources/Scheduler/B.swift", text, lines: lines)
    }

    static let directions = [
        RuleSample(
            "module directions", "along the arrows",
            [
                "Sources/Conductor/A.swift": "import Networking\nimport Logging",
                "Sources/Networking/A.swift": "import ControlPlaneState\nimport Foundation",
                "Tests/NetworkingTests/A.swift": "import Conductor",
            ]),
        RuleSample(
            "module directions", "sideways and upwards", "Sources/Networking/A.swift",
            "import Identity\nimport ComputeModel\n@testable import Conductor", lines: [1, 3]),
        RuleSample(
            "module directions", "an entrance at the store", "Sources/OpenStackAPI/Compute/A.swift",
            "internal import Persistence", lines: [1]),
        RuleSample(
            "module directions", "a package of another room", "Sources/Conductor/A.swift",
            "import GRDB\nimport struct NIOCore.ByteBuffer", lines: [1, 2]),
        RuleSample(
            "module directions", "a room that nobody knows", "Sources/Utilities/A.swift",
            "import Foundation", lines: [0]),
    ]

    private static let manifest = """
        let package = Package(
            name: "p",
            dependencies: [.package(url: "https://github.com/a/l", from: "1.0.0")],
            targets: [
                .target(
                    name: "A",
                    dependencies: ["B", .product(name: "L", package: "l"), .target(name: "C")]),
                .target(name: "B", swiftSettings: settings),
                .target(name: "C", dependencies: []),
                .testTarget(name: "ATests", dependencies: ["A"]),
            ])
        """

    static let edges = [
        RuleSample(
            "module edges", "as declared",
            edged(["Sources/A/A.swift": "import B\nimport C\nimport L"])),
        RuleSample(
            "module edges", "edges nobody uses", edged(["Sources/A/A.swift": "import Foundation"]),
            ["Package.swift:5", "Package.swift:5", "Package.swift:5"]),
        RuleSample(
            "module edges", "an edge of the test", edged(["Tests/ATests/A.swift": "struct T {}"]),
            ["Package.swift:10"]),
        RuleSample(
            "module edges", "an undeclared import",
            edged(["Sources/C/C.swift": "import X\n\nimport A"]),
            ["Sources/C/C.swift:3"]),
        RuleSample(
            "module edges", "a folder of no target", edged(["Sources/D/D.swift": ""]),
            ["Package.swift:0"]),
        RuleSample("module edges", "no manifest", ["Sources/A/A.swift": ""], ["Package.swift:0"]),
        RuleSample(
            "module edges", "a manifest that computes", ["Package.swift": "targets += room(name)"],
            ["Package.swift:0"]),
    ]

    private static func edged(_ changes: [String: String]) -> [String: String] {
        [
            "Package.swift": manifest,
            "Sources/A/A.swift": "import B\npublic import C\n@_spi(S) import struct L.M",
            "Sources/B/B.swift": "struct B {}",
            "Sources/C/C.swift": "struct C {}",
            "Tests/ATests/A.swift": "@testable import A",
        ].merging(changes, uniquingKeysWith: { $1 })
    }
}
