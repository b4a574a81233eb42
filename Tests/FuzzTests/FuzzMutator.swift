import Foundation
import TestSupport

/// Makes new inputs of old ones: cut, doubled, flipped, spliced, salted with the format's words.
struct FuzzMutator {
    private var random: SeededRandom
    private let words: [[UInt8]]
    private static let sizeMax = 4_096

    init(seed: UInt64, words: [String]) {
        random = SeededRandom(seed: seed)
        self.words = words.map { Array($0.utf8) }
    }

    private mutating func below(_ count: Int) -> Int { random.below(max(1, count)) }

    /// An input made of one of `seeds` by one to six changes.
    mutating func next(_ seeds: [[UInt8]]) -> [UInt8] {
        var bytes = seeds.isEmpty ? [] : seeds[below(seeds.count)]
        for _ in 0...below(6) { change(&bytes, seeds) }
        return Array(bytes.prefix(Self.sizeMax))
    }

    private mutating func change(_ bytes: inout [UInt8], _ seeds: [[UInt8]]) {
        let place = below(bytes.count + 1)
        let end = min(bytes.count, place + 1 + below(16))
        switch below(8) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 2: bytes.insert(UInt8(below(256)), at: place)
        case 3 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
        case 4 where place < bytes.count: bytes[place] = [0, 0x7F, 0x80, 0xFF][below(4)]
        case 5: bytes = Array(bytes[..<place])
        case 6 where !seeds.isEmpty:
            let other = seeds[below(seeds.count)]
            bytes = Array(bytes[..<place]) + Array(other[below(other.count + 1)...])
        default:
            if !words.isEmpty { bytes.insert(contentsOf: words[below(words.count)], at: place) }
        }
    }
}

/// The committed inputs.
enum FuzzInputs {
    /// Those of a target in `Fuzz/corpus` or `Fuzz/regressions`, by name.
    static func inputs(_ folder: String, of target: FuzzTarget) throws -> [(String, [UInt8])] {
        guard let root else { return [] }
        let place = root.appending(path: "Fuzz/\(folder)/\(target.name)")
        let files = FileManager.default
        guard files.fileExists(atPath: place.path) else { return [] }
        return try files.contentsOfDirectory(atPath: place.path).sorted().map {
            ($0, Array(try Data(contentsOf: place.appending(path: $0))))
        }
    }

    /// The nearest folder above this file, or above `MILLRACE_CHECKOUT`, that has a `Fuzz/corpus`.
    private static var root: URL? {
        let start = ProcessInfo.processInfo.environment["MILLRACE_CHECKOUT"] ?? #filePath
        var folder = URL(fileURLWithPath: start)
        while folder.path != "/" {
            let corpus = folder.appending(path: "Fuzz/corpus").path
            if FileManager.default.fileExists(atPath: corpus) { return folder }
            folder.deleteLastPathComponent()
        }
        return nil
    }
}
