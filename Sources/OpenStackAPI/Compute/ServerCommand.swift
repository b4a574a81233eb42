import ComputeModel
import Conductor
import Foundation
import RequestPipeline

/// Actions that are plain commands to a server: how their bodies are read, in each microversion,
/// and what their answers are.
enum ServerCommand {
    /// Commands that take no members, by the action's name.
    private static let plain: [String: InstanceCommand] = [
        "os-start": .start, "os-stop": .stop, "pause": .pause, "unpause": .unpause,
        "suspend": .suspend, "resume": .resume, "unrescue": .unrescue, "shelve": .shelve,
        "shelveOffload": .shelveOffload, "confirmResize": .confirmResize,
        "revertResize": .revertResize,
    ]

    /// The command in `action`; nil when it is another kind of action.
    static func read(_ action: ServerAction) throws(DomainError) -> InstanceCommand? {
        if let command = plain[action.name] {
            try action.refuseMembers()
            return command
        }
        switch action.name {
        case "reboot": return try reboot(action)
        case "rescue": return try rescue(action)
        case "unshelve": return try unshelve(action)
        case "migrate": return try migrate(action)
        case "resize": return try resize(action)
        case "os-migrateLive": return try liveMigrate(action)
        case "evacuate": return try evacuate(action)
        default: return nil
        }
    }

    /// Whether it says where a server shall go by a host's name, in an action that owners may
    /// use.
    static func namesHost(_ command: InstanceCommand) -> Bool {
        guard case .unshelve(_, let hostName) = command else { return false }
        return hostName != nil
    }

    /// The answer to an action that was accepted.
    static func answer(_ action: ServerAction) throws(DomainError) -> APIResponse {
        switch action.name {
        case "confirmResize": return APIResponse(.noContent)
        case "rescue":
            return .ok(["adminPass": .string(try ServerBody.password(action))])
        case "evacuate":
            guard action.version < .evacuationFindsDisks else { return APIResponse(.ok) }
            return .ok(["adminPass": .string(try ServerBody.password(action))])
        default: return APIResponse(.accepted)
        }
    }

    private static func reboot(_ action: ServerAction) throws(DomainError) -> InstanceCommand {
        var reader = try action.reader()
        let type = try reader.requiredString("type", length: 0...255)
        try reader.finish()
        switch type.uppercased() {
        case "SOFT": return .reboot(.soft)
        case "HARD": return .reboot(.hard)
        default: throw reader.invalid("type", "'\(type)' is not one of ['SOFT', 'HARD'].")
        }
    }

    private static func rescue(_ action: ServerAction) throws(DomainError) -> InstanceCommand {
        var reader = try action.reader()
        try ServerBody.ignorePassword(&reader)
        let image = try ServerBody.imageID(&reader, "rescue_image_ref")
        try reader.finish()
        return .rescue(image: image)
    }

    private static func unshelve(_ action: ServerAction) throws(DomainError) -> InstanceCommand {
        var reader = try action.reader()
        var zone: String?
        var host: String?
        if action.version >= .unshelveZone {
            let isNull = reader.has("availability_zone")
            zone = try reader.string("availability_zone", length: 1...255)
            if isNull, zone == nil, action.version < .unshelveHost {
                throw reader.invalid("availability_zone", "it may be null from 2.91 on.")
            }
        }
        if action.version >= .unshelveHost {
            host = try reader.string("host", length: 1...255)
        }
        try reader.finish()
        return .unshelve(zone: zone, hostName: host)
    }

    private static func migrate(_ action: ServerAction) throws(DomainError) -> InstanceCommand {
        var reader = try action.reader()
        var host: String?
        if action.version >= .migrationHost {
            host = try reader.string("host", length: 1...255)
        }
        try reader.finish()
        return .migrate(hostName: host)
    }

    private static func resize(_ action: ServerAction) throws(DomainError) -> InstanceCommand {
        var reader = try action.reader()
        let flavor = try ServerBody.reference(&reader, "flavorRef")
        try ServerBody.readDiskConfig(&reader)
        try reader.finish()
        return .resize(FlavorID(flavor))
    }

    private static func liveMigrate(
        _ action: ServerAction
    ) throws(DomainError) -> InstanceCommand {
        var reader = try action.reader()
        guard reader.has("host") else { throw reader.missing("host") }
        let host = try reader.string("host", length: 1...255)
        guard let block = reader.value("block_migration") else {
            throw reader.missing("block_migration")
        }
        var copiesDisks = block == "auto" && action.version >= .automaticBlockMigration
        if !copiesDisks { copiesDisks = try reader.bool("block_migration") == true }
        guard copiesDisks else {
            throw reader.invalid(
                "block_migration",
                "disks are not shared between hosts here, so they are always copied; give"
                    + " true, or 'auto' from 2.25 on.")
        }
        if action.version < .automaticBlockMigration {
            guard try reader.bool("disk_over_commit") != nil else {
                throw reader.missing("disk_over_commit")
            }
        }
        try readForce(&reader, host, action, since: .liveMigrationForce)
        try reader.finish()
        return .liveMigrate(hostName: host)
    }

    private static func evacuate(_ action: ServerAction) throws(DomainError) -> InstanceCommand {
        var reader = try action.reader()
        let host = try reader.string("host", length: 1...255)
        try ServerBody.ignorePassword(&reader)
        if action.version < .evacuationFindsDisks {
            guard let shared = try reader.bool("onSharedStorage") else {
                throw reader.missing("onSharedStorage")
            }
            guard !shared else {
                throw reader.invalid(
                    "onSharedStorage",
                    "disks are not shared between hosts here: the server gets a new disk from"
                        + " its image. Give false.")
            }
        }
        try readForce(&reader, host, action, since: .evacuationForce)
        try reader.finish()
        return .evacuate(
            hostName: host, endsStopped: action.version >= .evacuationEndsStopped)
    }

    /// `force` says that the host shall not be checked. It always is: a host that can't take the
    /// server's devices can't be made to.
    private static func readForce(
        _ reader: inout BodyReader, _ host: String?, _ action: ServerAction,
        since version: Microversion
    ) throws(DomainError) {
        guard action.version >= version, action.version < .forceGone else { return }
        if try reader.bool("force") == true, host == nil {
            throw reader.invalid("force", "Can't force to a non-provided destination.")
        }
    }
}

/// What the bodies of several actions have in common.
enum ServerBody {
    /// An id, also accepted as a number, or as a link of which the last part counts.
    static func reference(
        _ reader: inout BodyReader, _ key: String
    ) throws(DomainError) -> String {
        if case .integer(let number)? = reader.value(key) { return String(number) }
        let text = try reader.requiredString(key, length: 1...255)
        return text.split(separator: "/").last.map(String.init) ?? text
    }

    /// An image's id, which is a UUID; nil when absent.
    static func imageID(
        _ reader: inout BodyReader, _ key: String
    ) throws(DomainError) -> ImageID? {
        guard let text = try reader.string(key, length: 0...255) else { return nil }
        let last = text.split(separator: "/").last.map(String.init) ?? text
        guard UUID(uuidString: last) != nil else {
            throw reader.invalid(key, "'\(text)' is not a UUID.")
        }
        return ImageID(last.lowercased())
    }

    /// Owner's pairs; nil when absent.
    static func metadata(_ reader: inout BodyReader) throws(DomainError) -> [String: String]? {
        guard let pairs = try reader.stringMap("metadata", countMax: 128) else { return nil }
        let isLong = pairs.contains { !(1...255).contains($0.key.count) || $0.value.count > 255 }
        guard !isLong else {
            throw reader.invalid("metadata", "keys have 1 to 255 characters, values up to 255.")
        }
        return pairs
    }

    /// The name that the guest gives itself, from 2.90 on; nil when absent.
    static func hostname(
        _ reader: inout BodyReader, _ version: Microversion
    ) throws(DomainError) -> String? {
        guard version >= .hostname, let name = try reader.string("hostname", length: 1...63)
        else { return nil }
        guard name.wholeMatch(of: /[A-Za-z0-9._-]+/) != nil else {
            throw reader.invalid(
                "hostname", "it may have letters, digits, '.', '-' and '_' of ASCII.")
        }
        return name
    }

    /// Base64 text; nil when absent.
    static func userData(_ reader: inout BodyReader) throws(DomainError) -> String? {
        guard let text = try reader.string("user_data", length: 0...65_535) else { return nil }
        guard Data(base64Encoded: text) != nil else {
            throw reader.invalid("user_data", "it is not base64.")
        }
        return text
    }

    /// Both values are taken, and mean the same here: disks are as large as the flavor says.
    static func readDiskConfig(_ reader: inout BodyReader) throws(DomainError) {
        guard let text = try reader.string("OS-DCF:diskConfig") else { return }
        guard text == "AUTO" || text == "MANUAL" else {
            throw reader.invalid("OS-DCF:diskConfig", "'\(text)' is not AUTO or MANUAL.")
        }
    }

    /// Passwords are taken for clients' sake and are given to no guest.
    static func ignorePassword(_ reader: inout BodyReader) throws(DomainError) {
        _ = try reader.string("adminPass", length: 0...255)
    }

    /// The password that the answer names: the one that came, or a new one.
    static func password(_ action: ServerAction) throws(DomainError) -> String {
        var reader = try action.reader()
        return try reader.string("adminPass", length: 0...255) ?? AdminPassword.make()
    }

    /// Fails when image signatures are to be checked.
    static func refuseCertificates(_ reader: inout BodyReader) throws(DomainError) {
        guard reader.value("trusted_image_certificates") == nil else {
            throw .invalid(
                .server, field: "trusted_image_certificates",
                "Image signatures are not checked here; leave trusted_image_certificates out.")
        }
    }
}
