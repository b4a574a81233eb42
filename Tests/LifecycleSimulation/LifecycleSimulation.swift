import Foundation

/// `make simulation`: random operations on servers while everything around them fails, in
/// simulated time. One seed gives one run; a violation ends it with status 1.
@main
enum LifecycleSimulation {
    static func main() {
        makeHashingDeterministic()
        guard let options = options() else {
            print("usage: LifecycleSimulation [--seed N] [--operations N] [--phase N] [--trace]")
            exit(64)
        }
        guard DeterministicExecutor.shared.install() else {
            print("this Swift runtime has no hooks for its thread pool")
            exit(70)
        }
        var short = options
        short.operations = min(options.operations, 200)
        let first = run(short)
        let second = run(short)
        guard first.digest == second.digest else {
            print("seed \(options.seed) gave two different runs of \(short.operations) operations")
            exit(1)
        }
        print("seed \(options.seed): \(short.operations) operations twice, digest \(first.digest)")
        let result =
            options.operations > short.operations || options.isTraced
            ? run(options) : second
        result.print(options)
        exit(result.violations.isEmpty ? 0 : 1)
    }

    private static func run(_ options: Simulation.Options) -> SimulationResult {
        if options.isTraced { FileHandle.standardError.write(Data("a run begins\n".utf8)) }
        let log = EventLog(kept: options.eventsShown, isTraced: options.isTraced)
        let shared = "/dev/shm"
        let base =
            FileManager.default.isWritableFile(atPath: shared)
            ? URL(filePath: shared) : FileManager.default.temporaryDirectory
        let directory = base.appendingPathComponent("lifecycle-simulation-\(getpid())")
        let executor = DeterministicExecutor.shared
        executor.reset(seed: options.seed)
        let begin = ContinuousClock.now
        nonisolated(unsafe) var isDone = false  // All tasks run on this thread.
        Task.detached {
            do {
                let simulation = try await Simulation(
                    options, imageDirectory: directory, log: log)
                try await simulation.run()
            } catch {
                log.violate("the simulation itself failed: \(error)")
            }
            isDone = true
        }
        if !executor.run(until: { isDone }) { log.violate("everybody waits, for nobody") }
        executor.drain()
        for stray in executor.strays { log.violate(stray) }
        do { try FileManager.default.removeItem(at: directory) } catch {
            print("the images could not be removed: \(error)")
        }
        return SimulationResult(
            log: log, simulated: executor.time, wall: ContinuousClock.now - begin,
            jobs: executor.jobCount)
    }

    /// Sets and dictionaries have one order in all processes then.
    private static func makeHashingDeterministic() {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard getenv(name) == nil else { return }
        setenv(name, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        print("the program could not be started again")
        exit(70)
    }

    private static func options() -> Simulation.Options? {
        var options = Simulation.Options()
        var arguments = CommandLine.arguments.dropFirst()
        while let name = arguments.popFirst() {
            if name == "--trace" {
                options.isTraced = true
                continue
            }
            guard let number = arguments.popFirst().flatMap({ UInt64($0) }) else { return nil }
            switch name {
            case "--seed": options.seed = number
            case "--operations": options.operations = Int(number)
            case "--phase": options.operationsPerPhase = max(1, Int(number))
            case "--events": options.eventsShown = max(1, Int(number))
            default: return nil
            }
        }
        return options
    }
}
