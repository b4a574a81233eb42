import Foundation

/// `make bench`: prints what placement costs, and ends with status 1 if a ratio is out of bounds.
/// Without arguments it takes a minute or two; `--short` is for CI, and `--claims` leaves out all
/// but claims of one server, for a profile of them.
@main
enum PlacementBenchmark {
    static func main() async throws {
        let isShort = CommandLine.arguments.contains("--short")
        let benchmarks = StoreBenchmarks(
            hostCount: isShort ? 1_000 : 10_000, claimsPerRun: isShort ? 800 : 4_000)
        if CommandLine.arguments.contains("--claims") { return try await benchmarks.runClaims() }
        let choice = ChoiceBenchmarks.run()
        let store = try await benchmarks.run()
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
