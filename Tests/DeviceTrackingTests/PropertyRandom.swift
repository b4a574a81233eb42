import Foundation

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): small,
/// and the same seed gives the same numbers everywhere.
struct PropertyRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0 up to, not including, `count`.
    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

    /// True one time in `count`.
    mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}

/// How long the property tests run and where they begin; both can be set for a longer hunt.
enum PropertySettings {
    /// `MILLRACE_PROPERTY_SEED`: the same by default, so that a commit fails for its own faults.
    static let seed = number("MILLRACE_PROPERTY_SEED") ?? 20_260_801
    /// `MILLRACE_PROPERTY_FACTOR`: multiplies the number of cases.
    static let factor = Int(number("MILLRACE_PROPERTY_FACTOR") ?? 1)

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}
