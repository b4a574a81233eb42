import DiskFormats
import TestSupport
import Testing

@Suite struct HostileMutations {
    static let roundsPerSeed = 500
    static let extremes: [UInt64] = [
        0, 1, 2, 7, 8, 511, 512, 65535, 65536, 0x7fff_ffff, 0xffff_ffff, 1 << 40, 1 << 62,
        1 << 63, .max - 65535, .max - 7, .max,
    ]

    /// An accepted qcow2 must satisfy, by an independent look at its bytes, what makes it safe.
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func noMutationTrapsOrSlipsThrough(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        var refused = 0
        for _ in 0..<Self.roundsPerSeed {
            let image = Self.mutated(&generator)
            switch verdict(image.bytes, as: .qcow2, chunkBytes: 1 << 16) {
            case .failure: refused += 1
            case .success(let found):
                #expect(image.bytes[8..<20].allSatisfy { $0 == 0 })
                #expect(image.bytes[32..<36].allSatisfy { $0 == 0 })
                #expect(image.bytes[60..<64].allSatisfy { $0 == 0 })
                #expect(found.virtualSizeBytes <= 16 << 40)
                if found.qcow2Version == 3 { #expect(image.bytes[79] & 0b110 == 0) }
            }
            Self.checkAsOverlay(image.bytes)
            _ = verdict(image.bytes, as: .raw, chunkBytes: 1 << 16)
        }
        #expect(refused > Self.roundsPerSeed / 2)
    }

    /// Whatever passes as an overlay has a name that its header really holds.
    private static func checkAsOverlay(_ bytes: [UInt8]) {
        do throws(DiskFormatError) {
            let overlay = try Qcow2Overlay(head: bytes, fileSizeBytes: UInt64(bytes.count))
            #expect(overlay.backingFile.count <= Qcow2Overlay.maximumBackingFileBytes)
        } catch {
            #expect(!error.description.isEmpty)
        }
    }

    private static func mutated(_ generator: inout SeededRandom) -> HandBuiltQcow2 {
        var image = HandBuiltQcow2(version: Bool.random(using: &generator) ? 2 : 3)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                let fields = HandBuiltQcow2.Field.allCases
                let field = fields[Int.random(in: 0..<fields.count, using: &generator)]
                let value = extremes[Int.random(in: 0..<extremes.count, using: &generator)]
                if field.rawValue + field.width <= image.bytes.count { image.set(field, value) }
            case 1:
                let offset = Int.random(in: 0..<min(160, image.bytes.count), using: &generator)
                image.bytes[offset] = UInt8.random(in: 0...255, using: &generator)
            case 2:
                let kind = UInt32.random(in: 0...3, using: &generator)
                if image.bytes.count > 120 { image.put(UInt64(kind), width: 4, at: 104) }
            default:
                let length = Int.random(in: 16...image.bytes.count, using: &generator)
                image.bytes.removeLast(image.bytes.count - max(length, 16))
            }
            if image.bytes.count < 161 { break }
        }
        return image
    }

    @Test func noiseNeverTraps() {
        var generator = SeededRandom(seed: 99)
        for _ in 0..<500 {
            let length = Int.random(in: 0...5000, using: &generator)
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let isQcow2 = refusal(noise, as: .qcow2) == nil
            #expect(!isQcow2)
            _ = verdict(noise, as: .raw)
        }
    }
}
