import Foundation
import Testing

extension FuzzTarget: CustomTestStringConvertible {
    var testDescription: String { name }
}

@Suite struct FuzzTests {
    /// What once broke a parser, and what the fuzzer begins with.
    @Test(arguments: FuzzTarget.all, ["regressions", "corpus"])
    func committedInputsAreReadRightly(target: FuzzTarget, folder: String) throws {
        let inputs = try FuzzInputs.inputs(folder, of: target)
        #expect(folder == "regressions" || inputs.count >= 3, "\(target.name) has no corpus")
        for (name, bytes) in inputs {
            let fault = target.check(bytes)
            #expect(fault == nil, "\(folder)/\(target.name)/\(name)")
        }
    }

    /// `MILLRACE_FUZZ_SEED` and `MILLRACE_FUZZ_COUNT` make it another run or a longer one.
    @Test(arguments: FuzzTarget.all)
    func mutatedInputsAreReadRightly(target: FuzzTarget) throws {
        let settings = ProcessInfo.processInfo.environment
        let seed = settings["MILLRACE_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_260_801
        let count = settings["MILLRACE_FUZZ_COUNT"].flatMap { Int($0) } ?? 4_000
        print("\(target.name): \(count) mutated inputs from seed \(seed)")
        let seeds = try FuzzInputs.inputs("corpus", of: target).map(\.1)
        var mutator = FuzzMutator(seed: seed, words: target.words)
        for number in 0..<count {
            let bytes = mutator.next(seeds)
            guard let fault = target.check(bytes) else { continue }
            let input = Data(bytes).base64EncodedString()
            Issue.record("seed \(seed), input \(number), base64 \(input): \(fault)")
            return
        }
    }

    @Test func theMutatorIsAFunctionOfItsSeed() {
        var one = FuzzMutator(seed: 7, words: ["word"])
        var two = FuzzMutator(seed: 7, words: ["word"])
        var three = FuzzMutator(seed: 8, words: ["word"])
        let seeds = [Array("some text".utf8), Array("other".utf8)]
        let inputs = (0..<50).map { _ in one.next(seeds) }
        #expect(inputs == (0..<50).map { _ in two.next(seeds) })
        #expect(inputs != (0..<50).map { _ in three.next(seeds) })
        #expect(Set(inputs).count > 40)
    }
}
