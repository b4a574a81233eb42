/// A message of the kernel about a device that came, went or changed (`uevent`).
///
/// The layout is that of lib/kobject_uevent.c: `ACTION@DEVPATH`, then `KEY=VALUE` texts, each
/// ended by a zero. udev's own messages, which begin with `libudev`, go to another group.
public struct UEvent: Sendable, Equatable {
    /// Bounds on what is read.
    public enum Limits {
        /// Bytes of a message; the kernel's environment has 2048 and the path as many.
        public static let sizeBytesMax = 8_192
        /// Texts of a message; the kernel writes 64 at most.
        public static let propertiesMax = 128
    }

    /// What happened.
    public enum Action: Sendable, Equatable {
        /// The device is there, or is gone.
        case add, remove
        /// Something about it changed, such as the number of a PF's VFs.
        case change
        /// It has another name: a netdev was renamed.
        case move
        /// A driver took it over, or left it.
        case bind, unbind
        /// Anything else; the kernel's word.
        case other(String)
    }

    /// What happened.
    public let action: Action
    /// The device's folder in sysfs, without `/sys`.
    public let path: String
    /// The kernel's texts, such as `SUBSYSTEM` and `SEQNUM`.
    public let properties: [String: String]

    /// What kind of device it is; "" if the kernel doesn't say.
    public var subsystem: String { properties["SUBSYSTEM"] ?? "" }

    /// Whether Millrace's picture of the host's devices may be out of date now.
    ///
    /// A vDPA device's character device has no event of its own, being of no class: the `bind` of
    /// the vDPA device to `vhost_vdpa`, which comes last, tells of it (drivers/vhost/vdpa.c).
    public var concernsDevices: Bool {
        switch subsystem {
        case "pci", "vdpa", "net": true
        default:
            path.split(separator: "/").last?.hasPrefix("vhost-vdpa") == true
                || properties["DEVNAME"]?.hasPrefix("vhost-vdpa") == true
        }
    }

    /// Reads a datagram of the kernel's.
    public init(_ datagram: some Collection<UInt8>) throws(UEventFormatError) {
        guard datagram.count <= Limits.sizeBytesMax else {
            throw .tooLong(sizeBytes: datagram.count)
        }
        let texts = datagram.split(separator: 0, omittingEmptySubsequences: false)
        guard let head = texts.first, texts.count > 1 else { throw .unterminated }
        guard texts.count <= Limits.propertiesMax else { throw .tooManyProperties }
        let header = String(decoding: head, as: UTF8.self)
        guard let at = header.firstIndex(of: "@"), at != header.startIndex,
            header[header.index(after: at)...].hasPrefix("/")
        else { throw .badHeader(String(header.prefix(64))) }
        action = Action(String(header[..<at]))
        path = String(header[header.index(after: at)...])
        guard texts.last?.isEmpty == true else { throw .unterminated }
        var properties: [String: String] = [:]
        for text in texts.dropFirst().dropLast() {
            let text = String(decoding: text, as: UTF8.self)
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw .badProperty(String(text.prefix(64)))
            }
            properties[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        self.properties = properties
    }
}

extension UEvent.Action {
    init(_ word: String) {
        self =
            switch word {
            case "add": .add
            case "remove": .remove
            case "change": .change
            case "move": .move
            case "bind": .bind
            case "unbind": .unbind
            default: .other(word)
            }
    }
}

/// A datagram that is no message of the kernel's about a device.
public enum UEventFormatError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Longer than ``UEvent/Limits/sizeBytesMax``.
    case tooLong(sizeBytes: Int)
    /// The last text has no zero at its end, or there is none.
    case unterminated
    /// More texts than ``UEvent/Limits/propertiesMax``.
    case tooManyProperties
    /// The first text isn't `ACTION@/PATH`; its beginning.
    case badHeader(String)
    /// A text that isn't `KEY=VALUE`; its beginning.
    case badProperty(String)

    /// What was found, in one line.
    public var description: String {
        switch self {
        case .tooLong(let size): "uevent of \(size) bytes"
        case .unterminated: "uevent without a zero at its end"
        case .tooManyProperties: "uevent with too many properties"
        case .badHeader(let text): "uevent that begins with '\(text)'"
        case .badProperty(let text): "uevent with '\(text)', which is no property"
        }
    }
}
