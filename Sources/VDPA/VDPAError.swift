/// Everything that can go wrong between Millrace and the kernel's vDPA devices.
public enum VDPAError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file or link of sysfs that must be there isn't: the device has probably just gone.
    case missing(path: String)
    /// A file of sysfs can't be read; the kernel's error number.
    case unreadable(path: String, errno: Int32)
    /// A file of sysfs doesn't hold what it should.
    case unexpected(path: String, wanted: String, found: String)
    /// Several network interfaces claim to represent the same virtual function.
    case ambiguousRepresentor(virtualFunction: String, interfaces: [String])
    /// The kernel has no such generic netlink family; for `vdpa`: load the module `vdpa`.
    case noFamily(String)
    /// The kernel has no vDPA device of that name.
    case noDevice(String)
    /// A socket call failed; the kernel's error number.
    case socket(operation: String, errno: Int32)
    /// The kernel refused a request; its error number.
    case refused(operation: String, errno: Int32)
    /// No answer in time.
    case timedOut(operation: String)
    /// The kernel hasn't let go of a reading within so many milliseconds; `reading` is the file or
    /// the question, with its device, that it was at.
    case hanging(operation: String, reading: String, limitMS: Int)
    /// An answer that breaks netlink's own format, or one beyond the limits.
    case malformed(operation: String, reason: String)
    /// Devices came and went while they were listed: ask again.
    case interrupted(operation: String)

    /// One line: what was attempted, on what, what was found.
    public var description: String {
        switch self {
        case .missing(let path): "read \(path): not there; the device may just have gone"
        case .unreadable(let path, let number): "read \(path): errno \(number)"
        case .unexpected(let path, let wanted, let found):
            "read \(path): expected \(wanted), found \"\(found)\""
        case .ambiguousRepresentor(let function, let interfaces):
            "find representor of \(function): several fit: "
                + interfaces.joined(separator: ", ")
        case .noFamily(let name):
            "resolve netlink family \(name): the kernel has none; is its module loaded?"
        case .noDevice(let name): "read vDPA device \(name): the kernel has none of that name"
        case .socket(let operation, let number): "\(operation): socket errno \(number)"
        case .refused(let operation, let number):
            "\(operation): the kernel refused with errno \(number)"
        case .timedOut(let operation): "\(operation): no answer from the kernel in time"
        case .hanging(let operation, let reading, let limitMS):
            "\(operation): no answer from the kernel within \(limitMS) ms to \(reading)"
        case .malformed(let operation, let reason):
            "\(operation): the kernel's answer can't be read: \(reason)"
        case .interrupted(let operation):
            "\(operation): the devices changed meanwhile; ask again"
        }
    }
}
