/// The bounds that `make bench` holds, as ratios inside one run: no machine is fast or slow against
/// itself. They lie two to three times above what was measured when they were set.
enum Thresholds {
    /// One decision over 10,000 hosts against one walk over all their devices.
    static let chooseAgainstWalk = 0.25
    /// A decision about 8 of 64 like devices against one about 1.
    static let eightDevicesAgainstOne = 2.0
    /// A decision over 10,000 hosts against one over 1,000: at most a little over linear.
    static let tenfoldHosts = 15.0
    /// A durable choice and claim against a bare transaction of as many bytes, one at a time.
    static let claimAgainstTransaction = 12.0
    /// Claims a second by 64 at once against one at a time: group commit must pay.
    static let concurrencyGain = 2.5
    /// Bringing 10,000 hosts up to date after one changed against preparing all.
    static let refreshAgainstRebuild = 0.01
    /// Conflicts for each claim with 8 schedulers on one store.
    static let conflictsPerClaim = 2.0
}
