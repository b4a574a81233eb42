import DiskFormats
import Foundation

/// Why an image was not cached, or an instance's disk not made or removed.
public enum GuestDiskError: Error, Sendable, Hashable, CustomStringConvertible {
    case badName(kind: String, found: String)
    case badDirectory(String)
    case notEnoughSpace(directory: String, neededBytes: UInt64, freeBytes: UInt64)
    case downloadFailed(imageID: String, reason: String)
    case downloadTimedOut(imageID: String, limit: Duration)
    case wrongSize(imageID: String, expectedBytes: UInt64, foundBytes: UInt64)
    case wrongChecksum(imageID: String, expected: ImageChecksum, found: String)
    case imageRefused(imageID: String, reason: DiskFormatError)
    case missingBaseImage(path: String)
    case diskSmallerThanImage(instanceID: String, requestedBytes: UInt64, imageBytes: UInt64)
    /// A disk is there already, and it is not the one asked for; it was left as it is.
    case diskDiffers(path: String, found: String, expected: String)
    /// A disk is there already and its header is not sound; it was left as it is.
    case diskUnreadable(path: String, reason: DiskFormatError)
    case toolFailed(command: String, status: String, output: String)
    case toolTimedOut(command: String, limit: Duration)
    case toolNotRunnable(command: String, reason: String)
    /// A system call failed; `code` is errno.
    case io(operation: String, path: String, code: Int32)

    /// What was attempted, on what, what was found, and what the caller can do.
    public var description: String {
        switch self {
        case .badName(let kind, let found):
            "The \(kind) \"\(found)\" cannot name a file: use 1 to \(SafeName.maximumLength) "
                + "letters, digits, - and _, the first no sign."
        case .badDirectory(let path):
            "The folder \"\(path)\" must be an absolute path of letters, digits, /, ., - and _."
        case .missingBaseImage(let path):
            "The base image \(path) is not there: fetch it again before making the disk."
        case .diskSmallerThanImage(let instance, let requested, let image):
            "The disk of instance \(instance) should have \(requested) bytes, but its image "
                + "needs \(image): choose a flavor with a larger disk."
        case .diskDiffers(let path, let found, let expected):
            "The disk \(path) exists with \(found), wanted is \(expected). It is kept as it "
                + "is: remove it first if no guest owns it."
        case .diskUnreadable(let path, let reason):
            "The disk \(path) exists and cannot be read: \(reason) It is kept as it is: remove "
                + "it first if no guest owns it."
        case .io(let operation, let path, let code):
            "Could not \(operation) \(path): \(String(cString: strerror(code))) (errno \(code))."
        case .toolFailed, .toolTimedOut, .toolNotRunnable:
            toolDescription
        default:
            imageDescription
        }
    }

    private var imageDescription: String {
        switch self {
        case .notEnoughSpace(let directory, let needed, let free):
            "The folder \(directory) needs \(needed) bytes free, reserve included, and has "
                + "\(free): free space or choose another host."
        case .downloadFailed(let image, let reason):
            "The image \(image) could not be fetched: \(reason). Try again."
        case .downloadTimedOut(let image, let limit):
            "The image \(image) was not fetched within \(limit): try again, or raise the limit."
        case .wrongSize(let image, let expected, let found):
            "The image \(image) should have \(expected) bytes; \(found) arrived. Try again."
        case .wrongChecksum(let image, let expected, let found):
            "The image \(image) should have \(expected), but has \(found): it was changed or "
                + "damaged on the way. Try again, or upload it afresh."
        case .imageRefused(let image, let reason):
            "The image \(image) is refused. \(reason)"
        default:
            "The image could not be used."
        }
    }

    private var toolDescription: String {
        switch self {
        case .toolFailed(let command, let status, let output):
            "\"\(command)\" ended with \(status): \(output)"
        case .toolTimedOut(let command, let limit):
            "\"\(command)\" was stopped after \(limit): check the host's storage."
        case .toolNotRunnable(let command, let reason):
            "\"\(command)\" could not be run: \(reason). Install it, or correct its path."
        default:
            "The command failed."
        }
    }
}

/// Names and folders that are safe in paths and in qemu-img's arguments.
enum SafeName {
    static let maximumLength = 64

    static func check(_ name: String, kind: String) throws(GuestDiskError) {
        let isSafe =
            (1...maximumLength).contains(name.utf8.count)
            && name.utf8.first.map(isAlphanumeric) == true
            && name.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
        guard isSafe else { throw .badName(kind: kind, found: name) }
    }

    static func checkDirectory(_ path: String) throws(GuestDiskError) {
        let signs = Set("/.-_".utf8)
        let isSafe =
            path.hasPrefix("/") && !path.hasSuffix("/")
            && path.utf8.allSatisfy { isAlphanumeric($0) || signs.contains($0) }
            && !path.split(separator: "/").contains { $0 == "." || $0 == ".." }
        guard isSafe else { throw .badDirectory(path) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
