import Foundation

/// `make bench`: prints what placement costs, and ends with status 1 if a ratio is out of bounds.
/// Without arguments it takes a minute or two; `--short` is for CI.
@main
enum PlacementBenchmark {
    static func main() async throws {
        let isShort = CommandLine.arguments.contains("--short")
        let choice = ChoiceBenchmarks.run()
        let store = try await StoreBenchmarks(
            hostCount: isShort ? 1_000 : 10_000, claimsPerRun: isShort ? 800 : 4_000
        ).run()
        let ratios = choice.ratios + store.ratios
        print("\n" + Measurement.header)
        for row in choice.rows + store.rows { print(row.row) }
        print("\n" + Ratio.header)
        for ratio in ratios { print(ratio.row) }
        print("\nresident memory at the end: \(ProcessMemory.residentKiB / 1_024) MiB")
        let broken = ratios.count { !$0.holds }
        print("\(ratios.count - broken) passed, \(broken) failed")
        if broken > 0 { exit(1) }
    }
}
