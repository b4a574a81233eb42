/// A reader of foreign bytes, put to the test by `Fuzz/run.py` (libFuzzer, hours) and by the tests
/// of this target (committed inputs and some thousand mutations, seconds).
struct FuzzTarget: Sendable {
    /// The name of its folder below `Fuzz/corpus` and `Fuzz/regressions`.
    let name: String
    /// Words that the format is made of, for the mutators.
    let words: [String]
    /// Reads the bytes; gives a sentence when what came out is wrong. Must return for any bytes.
    let check: @Sendable ([UInt8]) -> String?

    static let all: [FuzzTarget] = [
        .pciAddress, .nodeDevice, .netlink, .vdpaDevice, .portName, .uevent, .deviceSpec,
        .specRegex, .json,
    ]
}

/// The input as text, ill-formed bytes replaced.
func fuzzText(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
