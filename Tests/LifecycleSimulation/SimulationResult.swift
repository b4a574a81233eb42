import Foundation

/// What a run found.
struct SimulationResult {
    let log: EventLog
    let simulated: Duration
    let wall: Duration
    let jobs: Int

    var digest: String { log.digest }
    var violations: [String] { log.violations }

    /// The summary, and the end of the events when something is wrong.
    func print(_ options: Simulation.Options) {
        for (title, prefix) in [
            ("asked for", "operations "), ("accepted", "accepted "), ("refused", "refused "),
            ("unanswered", "unanswered "), ("succeeded", "succeeded "), ("failed", "failed "),
            ("crashes", "crashes "), ("faults", "faults "), ("messages", "network "),
            ("states at rest", "states "), ("faults of servers", "error "),
        ] {
            let tallies = log.tallies(prefix)
            let total = tallies.reduce(0) { $0 + $1.count }
            let parts = tallies.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
            Swift.print("\(title): \(total) (\(parts))")
        }
        if !violations.isEmpty {
            for event in log.lastEvents { Swift.print("  \(event)") }
            for violation in violations { Swift.print("VIOLATION: \(violation)") }
        }
        let operations = log.tallies("operations ").reduce(0) { $0 + $1.count }
        Swift.print(
            "lifecycle simulation: seed \(options.seed), \(operations) operations in"
                + " \(log.tally("phases")) phases, \(log.eventCount) events, \(jobs) jobs, digest"
                + " \(digest), \(simulated.components.seconds) s simulated,"
                + " \(wall.components.seconds) s of wall time, \(violations.count) violations")
    }
}
