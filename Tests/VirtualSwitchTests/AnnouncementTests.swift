import Testing

@testable import VirtualSwitch

@Suite struct AnnouncementTests {
    @Test func frameIsAReverseARPRequestForItsSender() throws {
        let frame = try #require(ReverseARP.frame(macAddress: "52:54:01:00:01:0a"))
        let mac: [UInt8] = [0x52, 0x54, 0x01, 0x00, 0x01, 0x0a]
        #expect(frame.count == 60)
        #expect(Array(frame[0..<6]) == [UInt8](repeating: 0xff, count: 6))
        #expect(Array(frame[6..<12]) == mac)
        #expect(Array(frame[12..<22]) == [0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3])
        #expect(Array(frame[22..<28]) == mac)
        #expect(Array(frame[32..<38]) == mac)
        #expect(frame[38...].allSatisfy { $0 == 0 })
    }

    @Test(arguments: [
        "", "52:54:01:00:01", "52:54:01:00:01:0g", "5254:01:00:01:0a:1", "+1:1:1:1:1:1",
    ])
    func noFrameWithoutAMAC(_ text: String) {
        #expect(ReverseARP.frame(macAddress: text) == nil)
    }

    /// As `ovs-ofctl --protocols=... --verbose` shows them on the wire.
    @Test func packetOutByVersion() {
        let frame: [UInt8] = [1, 2, 3]
        #expect(
            OpenFlowMessage.packetOut(.v10, transaction: 7, port: 3, frame: frame) == [
                1, 13, 0, 27, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0, 3, 0, 8,
                0, 0, 0, 8, 0xff, 0xf9, 0, 0, 1, 2, 3,
            ])
        #expect(
            OpenFlowMessage.packetOut(.v13, transaction: 7, port: 3, frame: frame) == [
                4, 13, 0, 43, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3, 0, 16,
                0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0xff, 0xff, 0xff, 0xf9, 0, 0, 0, 0, 0, 0, 0, 0,
                1, 2, 3,
            ])
    }

    @Test(
        arguments: [
            // Open vSwitch with all, with 1.3 only, with 1.5 only.
            (6, [0, 1, 0, 8, 0, 0, 0, 0x7e], .v14), (4, [0, 1, 0, 8, 0, 0, 0, 0x10], .v13),
            (6, [0, 1, 0, 8, 0, 0, 0, 0x40], nil),
            // Without a bitmap.
            (1, [], .v10), (6, [], .v14), (2, [], nil),
            // Another element first, padded; one without a length; half of one.
            (4, [0, 9, 0, 5, 1, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0x12], .v13),
            (1, [0, 9, 0, 0, 0, 0, 0, 0], .v10), (1, [0, 1, 0, 8], .v10),
        ] as [(UInt8, [UInt8], OpenFlowMessage.Version?)])
    func versionInCommon(
        _ highest: UInt8, _ body: [UInt8], _ version: OpenFlowMessage.Version?
    ) throws {
        let length = UInt8(8 + body.count)
        let header = try #require(OpenFlowMessage.Header([highest, 0, 0, length, 0, 0, 0, 1]))
        #expect(OpenFlowMessage.version(peerHello: header, body: body) == version)
    }

    @Test func brokenHeadersAreRefused() {
        #expect(OpenFlowMessage.Header([1, 0, 0, 8]) == nil)
        #expect(OpenFlowMessage.Header([1, 0, 0, 7, 0, 0, 0, 0]) == nil)
    }
}
