/// One netlink message: header fields and payload.
///
/// The layout is that of `struct nlmsghdr` (linux/netlink.h): u32 length, u16 type, u16 flags,
/// u32 sequence, u32 port, all in host order.
public struct NetlinkFrame: Sendable, Equatable {
    /// Types below the families' own (linux/netlink.h).
    public enum ControlType {
        /// `NLMSG_NOOP`.
        public static let none: UInt16 = 1
        /// `NLMSG_ERROR`: an errno, 0 for an acknowledgement.
        public static let error: UInt16 = 2
        /// `NLMSG_DONE`: the end of a dump.
        public static let done: UInt16 = 3
        /// `NLMSG_OVERRUN`.
        public static let overrun: UInt16 = 4
    }

    /// Flags (linux/netlink.h).
    public enum Flag {
        /// `NLM_F_REQUEST`.
        public static let request: UInt16 = 0x1
        /// `NLM_F_ACK`: answer with an errno when done.
        public static let ack: UInt16 = 0x4
        /// `NLM_F_DUMP_INTR`: the list changed while it was sent.
        public static let dumpInterrupted: UInt16 = 0x10
        /// `NLM_F_DUMP`: all objects.
        public static let dump: UInt16 = 0x300
    }

    /// Bytes of the header.
    public static let headerSizeBytes = 16

    /// A ``ControlType`` or a family's number.
    public var type: UInt16
    /// A union of ``Flag``.
    public var flags: UInt16
    /// Chosen by the asker and repeated in the answers.
    public var sequence: UInt32
    /// The asker's socket; 0 in requests.
    public var port: UInt32
    /// All after the header.
    public var payload: [UInt8]

    /// Describes a message; see the properties.
    public init(
        type: UInt16, flags: UInt16, sequence: UInt32, port: UInt32 = 0, payload: [UInt8]
    ) {
        self.type = type
        self.flags = flags
        self.sequence = sequence
        self.port = port
        self.payload = payload
    }

    /// The message as it goes over the socket.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendHostOrder(UInt32(Self.headerSizeBytes + payload.count))
        bytes.appendHostOrder(type)
        bytes.appendHostOrder(flags)
        bytes.appendHostOrder(sequence)
        bytes.appendHostOrder(port)
        return bytes + payload
    }

    /// Takes a datagram apart. Throws ``NetlinkFormatError`` if it isn't whole messages.
    public static func decode(
        _ datagram: [UInt8]
    ) throws(NetlinkFormatError) -> [NetlinkFrame] {
        var frames: [NetlinkFrame] = []
        var rest = datagram[...]
        while !rest.isEmpty {
            guard let length = rest.hostOrder(UInt32.self, at: 0).map({ Int($0) }),
                let type = rest.hostOrder(UInt16.self, at: 4),
                let flags = rest.hostOrder(UInt16.self, at: 6),
                let sequence = rest.hostOrder(UInt32.self, at: 8),
                let port = rest.hostOrder(UInt32.self, at: 12)
            else { throw .truncatedHeader(sizeBytes: rest.count) }
            guard length >= headerSizeBytes, length <= rest.count else {
                throw .badLength(length, available: rest.count)
            }
            let end = rest.startIndex + length
            frames.append(
                NetlinkFrame(
                    type: type, flags: flags, sequence: sequence, port: port,
                    payload: Array(rest[(rest.startIndex + headerSizeBytes)..<end])))
            rest = rest.dropFirst(netlinkAligned(length))
        }
        return frames
    }
}

/// A message that breaks netlink's format.
public enum NetlinkFormatError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Fewer bytes than a header, or than an errno where one must be.
    case truncatedHeader(sizeBytes: Int)
    /// A length smaller than its own header or beyond the end.
    case badLength(Int, available: Int)
    /// An attribute whose value isn't of its type's size.
    case badAttribute(type: UInt16, sizeBytes: Int)
    /// An attribute that must be there isn't.
    case missingAttribute(type: UInt16)

    /// What was found, in one line.
    public var description: String {
        switch self {
        case .truncatedHeader(let size): "header cut off after \(size) bytes"
        case .badLength(let length, let available):
            "length \(length) where \(available) bytes are left"
        case .badAttribute(let type, let size): "attribute \(type) of \(size) bytes"
        case .missingAttribute(let type): "attribute \(type) is missing"
        }
    }
}

/// `NLMSG_ALIGN` and `NLA_ALIGN`: up to the next multiple of 4.
func netlinkAligned(_ length: Int) -> Int { (length + 3) & ~3 }

extension Array where Element == UInt8 {
    mutating func appendHostOrder(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value) { append(contentsOf: $0) }
    }
}

extension ArraySlice where Element == UInt8 {
    /// A number in host order at `offset` from the slice's start; nil beyond its end.
    func hostOrder<T: FixedWidthInteger>(_: T.Type, at offset: Int) -> T? {
        guard offset >= 0, offset + MemoryLayout<T>.size <= count else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
    }
}
