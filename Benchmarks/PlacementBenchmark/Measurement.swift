import Foundation

/// One line of the table.
struct Measurement {
    let name: String
    /// Sorted, each in microseconds.
    private let samplesUS: [Double]

    init(_ name: String, _ samples: [Duration]) {
        self.name = name
        samplesUS = samples.map(\.microseconds).sorted()
    }

    func percentile(_ share: Double) -> Double {
        guard !samplesUS.isEmpty else { return 0 }
        return samplesUS[min(samplesUS.count - 1, Int(Double(samplesUS.count) * share))]
    }

    var p50: Double { percentile(0.5) }
    var p99: Double { percentile(0.99) }

    var row: String {
        let columns = [p50, p99].map { Self.text($0) }
        return "| \(name) | \(columns.joined(separator: " | ")) | \(samplesUS.count) |"
    }

    static let header = "| what | p50 | p99 | samples |\n| --- | --- | --- | --- |"

    static func text(_ microseconds: Double) -> String {
        microseconds >= 10_000
            ? String(format: "%.1f ms", microseconds / 1_000)
            : String(format: "%.1f us", microseconds)
    }

    /// Runs `body` `count` times after some that don't count.
    static func run(
        _ name: String, count: Int, warmup: Int = 5, _ body: (Int) throws -> Void
    ) rethrows -> Measurement {
        let clock = ContinuousClock()
        for index in 0..<warmup { try body(index) }
        var samples: [Duration] = []
        samples.reserveCapacity(count)
        for index in 0..<count {
            let start = clock.now
            try body(warmup + index)
            samples.append(start.duration(to: clock.now))
        }
        return Measurement(name, samples)
    }
}

extension Duration {
    var microseconds: Double {
        Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12
    }
}

/// A ratio inside one run, with the bound that a change must keep.
struct Ratio {
    let name: String
    let found: Double
    let bound: Double
    /// Whether the bound is the most, or the least, that is allowed.
    var isUpper = true

    var holds: Bool { isUpper ? found <= bound : found >= bound }

    var row: String {
        let sign = isUpper ? "<=" : ">="
        return "| \(name) | \(String(format: "%.3f", found)) | \(sign) \(bound) |"
            + " \(holds ? "ok" : "BROKEN") |"
    }

    static let header = "| ratio | found | bound | |\n| --- | --- | --- | --- |"
}

/// What the process holds in memory.
enum ProcessMemory {
    /// Resident memory in KiB; 0 where the kernel doesn't say.
    static var residentKiB: Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return 0 }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
