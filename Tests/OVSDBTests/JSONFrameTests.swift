import NIOCore
import NIOEmbedded
import Testing

@testable import OVSDB

@Suite struct JSONFrameTests {
    @Test(arguments: [
        (#"{}"#, JSONFrameScanner.Outcome.complete(consumed: 2)),
        (#"{"a":{"b":[{}]}} tail"#, .complete(consumed: 16)),
        (#" \#n\#t\#r{}"#, .complete(consumed: 6)),
        (#"{"a":"}"}"#, .complete(consumed: 9)),
        (#"{"a":"\"}"}"#, .complete(consumed: 11)),
        (#"{"a":"\\"}"}"#, .complete(consumed: 10)),
        (#"{"}":1}"#, .complete(consumed: 7)),
        (#"{"a":"{""#, .incomplete),
        (#"{"a":1"#, .incomplete),
        ("", .incomplete),
        ("  ", .incomplete),
        ("}", .unexpected(byte: UInt8(ascii: "}"))),
        ("[{}]", .unexpected(byte: UInt8(ascii: "["))),
        (#""{}""#, .unexpected(byte: UInt8(ascii: "\""))),
        ("HTTP/1.1", .unexpected(byte: UInt8(ascii: "H"))),
    ])
    func endOfAnObject(text: String, expected: JSONFrameScanner.Outcome) {
        var scanner = JSONFrameScanner()
        #expect(scanner.scan(text.utf8) == expected)
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func messagesAreFoundHoweverTheyArrive(chunkBytes: Int) throws {
        let messages = [#"{"a":"\\\"}{é"}"#, #"{"b":{"c":{}}}"#, "{}", #"{"d":[]}"#]
        let channel = try Self.channel(limitBytes: 100)
        var stream = ByteBuffer(string: messages.joined(separator: "\n"))
        while let chunk = stream.readSlice(length: min(chunkBytes, stream.readableBytes)),
            chunk.readableBytes > 0
        {
            try channel.writeInbound(chunk)
        }
        for message in messages {
            let frame = try #require(try channel.readInbound(as: ByteBuffer.self))
            #expect(String(buffer: frame).trimmingPrefix { $0 == "\n" } == message)
        }
        #expect(try channel.readInbound(as: ByteBuffer.self) == nil)
    }

    @Test(
        arguments: [
            (#"{"a":"12345"}"#, 13, nil),
            (#"{"a":"12345"}"#, 12, OVSDBError.messageTooLarge(limitBytes: 12)),
            (#"{"a":"12345678"#, 13, OVSDBError.messageTooLarge(limitBytes: 13)),
            ("                ", 13, OVSDBError.messageTooLarge(limitBytes: 13)),
            (
                "x", 13,
                OVSDBError.malformedMessage(detail: "byte 0x78 where a message should start")
            ),
        ] as [(String, Int, OVSDBError?)])
    func limit(text: String, limitBytes: Int, expected: OVSDBError?) throws {
        let channel = try Self.channel(limitBytes: limitBytes)
        let found = #expect(throws: OVSDBError.self) {
            try channel.writeInbound(ByteBuffer(string: text))
            if expected == nil { throw OVSDBError.callCancelled(method: "nothing was thrown") }
        }
        #expect(found == expected ?? .callCancelled(method: "nothing was thrown"))
    }

    @Test func halfAMessageAtTheEndIsDropped() throws {
        let channel = try Self.channel(limitBytes: 100)
        try channel.writeInbound(ByteBuffer(string: #"{"a":1"#))
        #expect(try channel.finish().isClean)
    }

    private static func channel(limitBytes: Int) throws -> EmbeddedChannel {
        let decoder = JSONFrameDecoder(limitBytes: limitBytes)
        return EmbeddedChannel(handler: ByteToMessageHandler(decoder))
    }
}
