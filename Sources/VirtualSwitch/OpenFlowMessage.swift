/// The few messages of the OpenFlow Switch Specification (1.0.0, 1.3.5) that a packet-out takes.
enum OpenFlowMessage {
    /// Versions spoken here, by their number on the wire.
    enum Version: UInt8, CaseIterable, Sendable {
        case v10 = 1
        case v13 = 4
        /// Has the same packet-out as 1.3.
        case v14 = 5
    }

    /// What is read of a message's header.
    struct Header: Hashable, Sendable {
        static let bytes = 8
        let version: UInt8
        let type: UInt8
        /// Of the whole message, in bytes.
        let length: Int
        let transaction: UInt32

        /// Nil for fewer bytes than a header has, and for a length below that.
        init?(_ bytes: [UInt8]) {
            guard bytes.count >= Self.bytes else { return nil }
            version = bytes[0]
            type = bytes[1]
            length = Int(bytes[2]) << 8 | Int(bytes[3])
            transaction = bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
            guard length >= Self.bytes else { return nil }
        }
    }

    static let helloType: UInt8 = 0
    static let errorType: UInt8 = 1
    private static let packetOutType: UInt8 = 13
    /// `OFP_NO_BUFFER`: the packet is in the message.
    private static let noBuffer: [UInt8] = [0xff, 0xff, 0xff, 0xff]
    private static let bitmapElement: UInt16 = 1

    /// The first message, with all versions of ``Version``.
    static func hello() -> [UInt8] {
        let bitmap = Version.allCases.reduce(UInt32(0)) { $0 | 1 << UInt32($1.rawValue) }
        let highest = Version.allCases.map(\.rawValue).max() ?? 0
        return message(
            highest, helloType, transaction: 0,
            bytes(bitmapElement) + bytes(UInt16(8)) + bytes(bitmap))
    }

    /// The version to speak with a peer that said this hello; nil if there is none in common.
    static func version(peerHello header: Header, body: [UInt8]) -> Version? {
        var offset = 0
        while offset + 8 <= body.count {
            let type = UInt16(body[offset]) << 8 | UInt16(body[offset + 1])
            let length = Int(body[offset + 2]) << 8 | Int(body[offset + 3])
            guard length >= 4 else { break }
            if type == bitmapElement, length >= 8 {
                let bitmap = body[offset + 4..<offset + 8].reduce(UInt32(0)) {
                    $0 << 8 | UInt32($1)
                }
                return Version.allCases.last { bitmap & 1 << UInt32($0.rawValue) != 0 }
            }
            offset += (length + 7) / 8 * 8
        }
        // Without a bitmap the lower of both highest versions is spoken.
        return Version(rawValue: min(header.version, Version.v14.rawValue))
    }

    /// Sends `frame` through the switch's tables from the first on, as if it had come in by `port`.
    static func packetOut(
        _ version: Version, transaction: UInt32, port: UInt32, frame: [UInt8]
    ) -> [UInt8] {
        let body: [UInt8]
        switch version {
        case .v10:
            // OFPAT_OUTPUT to OFPP_TABLE.
            let action = bytes(UInt16(0)) + bytes(UInt16(8)) + bytes(UInt16(0xfff9)) + [0, 0]
            body =
                noBuffer + bytes(UInt16(truncatingIfNeeded: port))
                + bytes(UInt16(action.count)) + action
        case .v13, .v14:
            let action =
                bytes(UInt16(0)) + bytes(UInt16(16)) + bytes(UInt32(0xffff_fff9))
                + [UInt8](repeating: 0, count: 8)
            body =
                noBuffer + bytes(port) + bytes(UInt16(action.count))
                + [UInt8](repeating: 0, count: 6) + action
        }
        return message(version.rawValue, packetOutType, transaction: transaction, body + frame)
    }

    /// Has the switch answer when it is done with all before it.
    static func barrierRequest(_ version: Version, transaction: UInt32) -> [UInt8] {
        message(version.rawValue, barrierType(version), transaction: transaction, [])
    }

    /// The type of the answer.
    static func barrierReplyType(_ version: Version) -> UInt8 { barrierType(version) + 1 }

    private static func barrierType(_ version: Version) -> UInt8 {
        version == .v10 ? 18 : 20
    }

    private static func message(
        _ version: UInt8, _ type: UInt8, transaction: UInt32, _ body: [UInt8]
    ) -> [UInt8] {
        let length = UInt16(Header.bytes + body.count)
        return [version, type] + bytes(length) + bytes(transaction) + body
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
