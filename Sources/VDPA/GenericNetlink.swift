/// The header of generic netlink (`struct genlmsghdr`): u8 command, u8 version, u16 reserved; and
/// the controller that gives families their numbers (linux/genetlink.h).
enum GenericNetlink {
    static let headerSizeBytes = 4
    /// Longest name of a family, terminating zero included (`GENL_NAMSIZ`).
    static let familyNameSizeBytesMax = 16

    enum Controller {
        static let family: UInt16 = 0x10
        static let version: UInt8 = 2
        static let getFamily: UInt8 = 3
        static let familyIDAttribute: UInt16 = 1
        static let familyNameAttribute: UInt16 = 2
    }

    /// A request to a family.
    static func request(
        family: UInt16, command: UInt8, version: UInt8, flags: UInt16, sequence: UInt32,
        attributes: [UInt8] = []
    ) -> NetlinkFrame {
        NetlinkFrame(
            type: family, flags: NetlinkFrame.Flag.request | flags, sequence: sequence,
            payload: [command, version, 0, 0] + attributes)
    }

    /// Asks for the number of a family.
    static func resolve(name: String, sequence: UInt32) -> NetlinkFrame {
        request(
            family: Controller.family, command: Controller.getFamily,
            version: Controller.version, flags: 0, sequence: sequence,
            attributes: NetlinkAttributes.encoded(Controller.familyNameAttribute, string: name))
    }

    /// The attributes of an answer.
    static func attributes(
        _ frame: NetlinkFrame
    ) throws(NetlinkFormatError) -> NetlinkAttributes {
        guard frame.payload.count >= headerSizeBytes else {
            throw .truncatedHeader(sizeBytes: frame.payload.count)
        }
        return try NetlinkAttributes(Array(frame.payload.dropFirst(headerSizeBytes)))
    }

    /// The number from the controller's answer.
    static func familyID(_ frame: NetlinkFrame) throws(NetlinkFormatError) -> UInt16 {
        let type = Controller.familyIDAttribute
        guard let id = try attributes(frame).number(type, as: UInt16.self) else {
            throw .missingAttribute(type: type)
        }
        return id
    }
}
