import Testing

/// How long tests wait for what comes at once when all is well. Reached by the hung only: a machine
/// that is busy with other work makes everything ten times slower, and no test may fail for that.
public enum Patience {
    /// For one state.
    public static let wait: Duration = .seconds(600)
    /// For one test.
    public static let testMinutes = 30
    /// Between two looks at a state whose changes nobody signals.
    static let lookInterval: Duration = .milliseconds(2)
}

extension Trait where Self == TimeLimitTrait {
    /// The only time limit of tests: it ends those that hang, and says nothing of how fast one is.
    /// Suites that are ``bounded`` don't need it: their turn may come late.
    public static var endsTheHung: Self { .timeLimit(.minutes(Patience.testMinutes)) }
}
