import ComputeModel
import Conductor
import Foundation
import JSON
import RequestPipeline

/// The body of `POST /servers`, read strictly: a key that is not known in the request's
/// microversion is an error.
struct ServerCreation {
    var instances: InstanceRequest
    var returnReservationID = false

    init(_ body: JSONValue, _ version: Microversion) throws {
        var outer = try BodyReader(body, path: "", noun: .server)
        guard var server = try outer.object("server") else { throw outer.missing("server") }
        let hints = try SchedulerHints(&outer)
        try outer.finish()
        let name = try server.requiredString("name", length: 1...255)
        let trimmed = name.trimmingCharacters(in: .whitespaces)
        guard !trimmed.isEmpty else { throw server.invalid("name", "it is blank.") }
        instances = InstanceRequest(
            name: trimmed, flavorID: FlavorID(try ServerBody.reference(&server, "flavorRef")),
            imageID: ImageID(try Self.image(&server)),
            networks: try Self.networks(&server, version))
        instances.serverGroupID = hints.group
        instances.schedulerHints = hints.all
        try readIdentity(&server, version)
        try readPlace(&server, version)
        try readCounts(&server)
        server.ignore("adminPass", "accessIPv4", "accessIPv6", "OS-DCF:diskConfig", "personality")
        try server.finish()
    }

    private static func image(_ server: inout BodyReader) throws -> String {
        let mappings = try server.array("block_device_mapping_v2", countMax: 16) ?? []
        for mapping in mappings {
            let source = mapping["source_type"]
            let destination = mapping["destination_type"] ?? "local"
            guard source == "image", destination == "local" else {
                throw DomainError.invalid(
                    .server, field: "block_device_mapping_v2",
                    "Volumes are not available here: boot from an image"
                        + " (source_type 'image', destination_type 'local').")
            }
        }
        if let image = try server.string("imageRef", length: 0...255), !image.isEmpty {
            return image.split(separator: "/").last.map(String.init) ?? image
        }
        if case .string(let uuid)? = mappings.first?["uuid"] { return uuid }
        throw server.invalid("imageRef", "a server needs an image to boot from.")
    }

    private mutating func readIdentity(
        _ server: inout BodyReader, _ version: Microversion
    ) throws {
        instances.metadata = try ServerBody.metadata(&server) ?? [:]
        instances.keyName = try server.string("key_name", length: 1...255)
        if version >= .serverDescription {
            instances.description = try server.string("description", length: 0...255)
        }
        instances.hostname = try ServerBody.hostname(&server, version)
        if version >= Microversion(minor: 52) {
            instances.tags = try server.strings("tags", countMax: 50) ?? []
        }
        instances.userData = try ServerBody.userData(&server)
        instances.configDrive = try server.bool("config_drive") ?? false
        if version >= .trustedCertificates { try ServerBody.refuseCertificates(&server) }
    }

    private mutating func readPlace(
        _ server: inout BodyReader, _ version: Microversion
    ) throws {
        // `zone:host` is the administrators' older way to name a host.
        if let zone = try server.string("availability_zone", length: 1...255) {
            let parts = zone.split(separator: ":", omittingEmptySubsequences: false)
            instances.zone = parts[0].isEmpty ? nil : String(parts[0])
            if parts.count > 1, !parts[1].isEmpty { instances.hostName = String(parts[1]) }
        }
        if version >= .requestedHost {
            let host = try server.string("host", length: 1...255)
            let node = try server.string("hypervisor_hostname", length: 1...255)
            instances.hostName = host ?? node ?? instances.hostName
        }
        for group in try server.array("security_groups", countMax: 64) ?? [] {
            guard case .string(let name)? = group["name"] else {
                throw server.invalid("security_groups", "each entry needs a 'name'.")
            }
            instances.securityGroups.append(name)
        }
    }

    private mutating func readCounts(_ server: inout BodyReader) throws {
        let least = try server.integer("min_count", in: 1...1_000)
        let most = try server.integer("max_count", in: 1...1_000)
        instances.countMin = least ?? 1
        instances.countMax = most ?? least ?? 1
        guard instances.countMin <= instances.countMax else {
            throw DomainError.invalid(
                .server, field: "min_count", "min_count must be <= max_count")
        }
        returnReservationID = try server.bool("return_reservation_id") ?? false
    }
}

// MARK: - Networks

extension ServerCreation {
    private static func networks(
        _ server: inout BodyReader, _ version: Microversion
    ) throws -> NetworkWish {
        switch server.value("networks") {
        case nil:
            guard version < .networksRequired else { throw server.missing("networks") }
            return .auto
        case .string("none")? where version >= .networksRequired: return .none
        case .string("auto")? where version >= .networksRequired: return .auto
        case .array(let entries)?:
            guard entries.count <= 64 else {
                throw server.invalid("networks", "at most 64 NICs are possible.")
            }
            return .list(try entries.map(nic))
        case let other?:
            throw server.invalid(
                "networks", "expected a list, 'auto' or 'none', found \(other.typeName).")
        }
    }

    private static func nic(_ entry: JSONValue) throws -> NICRequest {
        var reader = try BodyReader(entry, path: "networks", noun: .server)
        let port = try reader.string("port", length: 1...64)
        let network = try reader.string("uuid", length: 1...64)
        let fixedIP = try reader.string("fixed_ip", length: 2...45)
        let tag = try reader.string("tag", length: 1...60)
        try reader.finish()
        if let port {
            guard fixedIP == nil else {
                throw DomainError.invalid(
                    .port, field: "fixed_ip",
                    "Specified Fixed IP '\(fixedIP ?? "")' cannot be used with port '\(port)':"
                        + " the two cannot be specified together.")
            }
            guard UUID(uuidString: port) != nil else {
                throw reader.invalid("port", "'\(port)' is not a UUID.")
            }
            return .port(PortID(port.lowercased()), tag: tag)
        }
        guard let network else {
            throw reader.invalid("networks", "each NIC needs a 'port' or a 'uuid'.")
        }
        guard UUID(uuidString: network) != nil else {
            throw DomainError.invalid(
                .network, field: "uuid",
                "Bad networks format: network uuid is not in proper"
                    + " format (\(network))")
        }
        return .network(NetworkID(network.lowercased()), fixedIP: fixedIP, tag: tag)
    }
}

/// The password that answers to `POST /servers` have always carried. No guest is given it: images
/// take keys from the config drive.
enum AdminPassword {
    static func make() -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789")
        return String((0..<12).compactMap { _ in letters.randomElement() })
    }
}
