extension JSONReader {
    // MARK: Texts

    /// The text whose quote stands here.
    mutating func string() throws(JSONError) -> String {
        index += 1
        let first = index
        try skipPlain()
        var text = String(validating: bytes[first..<index], as: UTF8.self)
        if peek == UInt8(ascii: "\\") {
            let decoded = try unescaped(Array(bytes[first..<index]))
            // Escapes are whole characters, so they neither mend nor break what is around them.
            text = String(validating: decoded, as: UTF8.self)
        }
        guard let text else { throw .invalidUTF8(at: invalidOffset(first..<index)) }
        index += 1
        return text
    }

    /// Goes on to a quote or a backslash.
    private mutating func skipPlain() throws(JSONError) {
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            if byte < 0x20 { throw unexpected(.escapeSequence) }
            index += 1
        }
        throw unexpected(.closingQuote)
    }

    /// All bytes of a text that begins with `plain` and goes on here; stops at its closing quote.
    private mutating func unescaped(_ plain: [UInt8]) throws(JSONError) -> [UInt8] {
        var decoded = plain
        while take("\\") {
            if let encoded = Unicode.UTF8.encode(try escape()) {
                decoded.append(contentsOf: encoded)
            }
            let first = index
            try skipPlain()
            decoded.append(contentsOf: bytes[first..<index])
        }
        return decoded
    }

    /// What stands behind a backslash.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let plain: Unicode.Scalar
        switch peek {
        case UInt8(ascii: "u"): return try numberedScalar()
        case UInt8(ascii: "\""): plain = "\""
        case UInt8(ascii: "\\"): plain = "\\"
        case UInt8(ascii: "/"): plain = "/"
        case UInt8(ascii: "b"): plain = "\u{8}"
        case UInt8(ascii: "f"): plain = "\u{c}"
        case UInt8(ascii: "n"): plain = "\n"
        case UInt8(ascii: "r"): plain = "\r"
        case UInt8(ascii: "t"): plain = "\t"
        default: throw unexpected(.escape)
        }
        index += 1
        return plain
    }

    /// The scalar of `uXXXX`, or of two of them.
    private mutating func numberedScalar() throws(JSONError) -> Unicode.Scalar {
        let backslash = index - 1
        index += 1
        let high = try hexFour()
        if let scalar = Unicode.Scalar(high) { return scalar }
        // Characters beyond the basic plane are two escapes: high surrogate, low surrogate.
        if high < 0xDC00, take("\\"), take("u") {
            let low = try hexFour()
            if (0xDC00...0xDFFF).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            {
                return scalar
            }
        }
        throw .loneSurrogate(at: backslash)
    }

    private mutating func hexFour() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Self.hexDigit(byte) else {
                throw unexpected(.hexDigits)
            }
            index += 1
            value = value << 4 | digit
        }
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte) - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte) - 55
        default: nil
        }
    }

    /// The first byte of `range` that is no UTF-8.
    private func invalidOffset(_ range: Range<Int>) -> Int {
        var decoder = Unicode.UTF8.ForwardParser()
        var rest = bytes[range].makeIterator()
        var offset = range.lowerBound
        while case .valid(let encoded) = decoder.parseScalar(from: &rest) {
            offset += encoded.count
        }
        return offset
    }

    // MARK: Numbers

    /// The number whose sign or first digit stands here.
    mutating func number() throws(JSONError) -> JSONToken {
        let start = index
        let isNegative = take("-")
        let first = index
        let magnitude = try digits()
        if bytes[first] == UInt8(ascii: "0"), index > first + 1 {
            throw .leadingZero(written(start), at: start)
        }
        let wholeEnd = index
        if take(".") { _ = try digits() }
        if take("e") || take("E") {
            if !take("-") { _ = take("+") }
            _ = try digits()
        }
        guard index - start <= JSONLimits.numberBytesMax else {
            throw .overLimit(.numberBytes, limit: JSONLimits.numberBytesMax, at: start)
        }
        if index == wholeEnd, let magnitude {
            if !isNegative, let value = Int64(exactly: magnitude) { return .integer(value) }
            if isNegative, magnitude <= Int64.min.magnitude {
                return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
            }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw .numberOutOfRange(written(start), at: start)
        }
        return .number(value)
    }

    /// One or more digits, as a number if that fits.
    private mutating func digits() throws(JSONError) -> UInt64? {
        let first = index
        var value: UInt64? = 0
        while let byte = peek, Self.isDigit(byte) {
            index += 1
            value = value.flatMap { Self.appended(UInt64(byte) - 48, to: $0) }
        }
        guard index > first else { throw unexpected(.digit) }
        return value
    }

    private static func appended(_ digit: UInt64, to value: UInt64) -> UInt64? {
        let (shifted, overflows) = value.multipliedReportingOverflow(by: 10)
        let (sum, carries) = shifted.addingReportingOverflow(digit)
        return overflows || carries ? nil : sum
    }

    /// The number that began at `start`, as it stands there, for messages.
    private func written(_ start: Int) -> String {
        String(decoding: bytes[start..<index].prefix(JSONLimits.numberBytesMax), as: UTF8.self)
    }
}
