import NIOCore

/// Finds where one JSON object ends in a stream that has no framing (RFC 7047, section 4).
///
/// Only braces outside strings are counted: whether the object is valid JSON is the parser's
/// business. The scanner keeps its place, so bytes are looked at once however they arrive.
struct JSONFrameScanner {
    /// What the bytes seen so far amount to.
    enum Outcome: Equatable {
        /// The object isn't complete yet.
        case incomplete
        /// The object ends after this many of the bytes given in this call.
        case complete(consumed: Int)
        /// A byte that can't start an object.
        case unexpected(byte: UInt8)
    }

    private var depth = 0
    private var inString = false
    private var escaped = false

    mutating func scan(_ bytes: some Sequence<UInt8>) -> Outcome {
        var consumed = 0
        for byte in bytes {
            consumed += 1
            if inString {
                scanInsideString(byte)
                continue
            }
            switch byte {
            case UInt8(ascii: "{"):
                depth += 1
            case UInt8(ascii: "}") where depth > 0:
                depth -= 1
                if depth == 0 { return .complete(consumed: consumed) }
            case UInt8(ascii: "\"") where depth > 0:
                inString = true
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                break
            default:
                if depth == 0 { return .unexpected(byte: byte) }
            }
        }
        return .incomplete
    }

    private mutating func scanInsideString(_ byte: UInt8) {
        if escaped {
            escaped = false
        } else if byte == UInt8(ascii: "\\") {
            escaped = true
        } else if byte == UInt8(ascii: "\"") {
            inString = false
        }
    }
}

/// Cuts the byte stream of an OVSDB session into messages, each at most `limitBytes` long.
struct JSONFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    let limitBytes: Int
    private var scanner = JSONFrameScanner()
    /// How many of the buffered bytes the scanner has seen already.
    private var scannedBytes = 0

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    mutating func decode(
        context: ChannelHandlerContext, buffer: inout ByteBuffer
    ) throws -> DecodingState {
        let unseen = buffer.readableBytesView.dropFirst(scannedBytes)
        switch scanner.scan(unseen) {
        case .incomplete:
            scannedBytes = buffer.readableBytes
            if scannedBytes > limitBytes {
                throw OVSDBError.messageTooLarge(limitBytes: limitBytes)
            }
            return .needMoreData
        case .unexpected(let byte):
            throw OVSDBError.malformedMessage(
                detail: "byte 0x\(String(byte, radix: 16)) where a message should start")
        case .complete(let consumed):
            let lengthBytes = scannedBytes + consumed
            if lengthBytes > limitBytes {
                throw OVSDBError.messageTooLarge(limitBytes: limitBytes)
            }
            scannedBytes = 0
            scanner = JSONFrameScanner()
            if let message = buffer.readSlice(length: lengthBytes) {
                context.fireChannelRead(wrapInboundOut(message))
            }
            return .continue
        }
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        // Half a message at the end of the stream is worth nothing; losing the connection is
        // reported by itself.
        buffer.clear()
        return .needMoreData
    }
}
