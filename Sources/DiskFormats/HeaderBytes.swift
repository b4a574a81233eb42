/// Bounds-checked reads from the bytes kept of an image: out of range is nil, never a trap.
struct HeaderBytes: Sendable {
    let bytes: [UInt8]

    var count: Int { bytes.count }

    func has(_ signature: [UInt8], at offset: Int) -> Bool {
        guard offset >= 0, offset <= count, count - offset >= signature.count else { return false }
        return bytes[offset..<offset + signature.count].elementsEqual(signature)
    }

    func has(_ signature: String, at offset: Int) -> Bool {
        has(Array(signature.utf8), at: offset)
    }

    func slice(at offset: Int, count length: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, length >= 0, offset <= count, count - offset >= length else {
            return nil
        }
        return bytes[offset..<offset + length]
    }

    func uint32(at offset: Int) -> UInt32? {
        slice(at: offset, count: 4).map { $0.reduce(0) { $0 << 8 | UInt32($1) } }
    }

    func uint64(at offset: Int) -> UInt64? {
        slice(at: offset, count: 8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
    }
}
