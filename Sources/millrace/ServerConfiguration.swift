import ComputeModel
import Conductor
import Foundation
import Identity
import ImageStore
import JSON
import Logging
import Networking
import RequestPipeline
import Yams

/// Everything that can be set for `millrace server` and `millrace up`. Read once, from a YAML
/// file and the command line; an unknown key is an error.
struct ServerConfiguration: Sendable {
    /// Where clients reach the API.
    var listen = ListenAddress(host: "127.0.0.1", port: 8774)
    /// Where agents reach the server; nil opens no such port (simulated hosts need none).
    var agentListen: ListenAddress?
    /// Names and addresses that agents may know the server by, for its certificate.
    var agentNames: [String] = ["localhost", "127.0.0.1"]
    /// The address in links and catalogues; nil uses each request's `Host`.
    var publicURL: String?
    /// Where everything lies: database, images, certificates, `clouds.yaml`.
    var stateDirectory = URL(fileURLWithPath: "/var/lib/millrace")
    /// Least level that is logged.
    var logLevel: Logger.Level = .notice
    /// Limits of requests.
    var limits = RequestLimits()
    /// Limits and times of compute.
    var compute = ConductorSettings()
    /// Limits of the network.
    var networking = NetworkingSettings()
    /// Times of identity.
    var identity = IdentitySettings()
    /// Limits of images; where they lie is below the state directory.
    var images = ImageStoreSettings(directory: URL(fileURLWithPath: "/"))

    /// The defaults, with what `file` says in their place.
    init(file: String?) throws {
        guard let file else { return }
        let text = try ConfigurationFile.read(file)
        var reader = try ConfigurationFile.reader(text, path: file)
        try read(&reader)
        try reader.finish()
    }

    private mutating func read(_ reader: inout BodyReader) throws {
        if let text = try reader.string("listen") { listen = try ListenAddress(text) }
        agentListen = try reader.string("agent_listen").map { try ListenAddress($0) }
        agentNames = try reader.strings("agent_names") ?? agentNames
        publicURL = try reader.string("public_url", length: 8...1_024)
        if let text = try reader.string("state_dir", length: 1...4_096) {
            stateDirectory = URL(fileURLWithPath: text)
        }
        if let text = try reader.string("log_level") {
            guard let level = Logger.Level(rawValue: text) else {
                throw reader.invalid(
                    "log_level",
                    "'\(text)' is none of "
                        + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ") + ".")
            }
            logLevel = level
        }
        limits.bodyBytesMax =
            try reader.integer("body_bytes_max", in: 1_024...(64 << 20)) ?? limits.bodyBytesMax
        limits.pageItemsMax =
            try reader.integer("page_items_max", in: 1...100_000) ?? limits.pageItemsMax
        try readNetworks(&reader)
        try readTimes(&reader)
        try readAmounts(&reader)
        try readLifecycle(&reader)
        compute.deviceAliases = try readAliases(&reader) ?? compute.deviceAliases
    }

    private mutating func readNetworks(_ reader: inout BodyReader) throws {
        if let names = try reader.strings("physical_networks", countMax: 256) {
            networking.physicalNetworks = Set(names)
        }
        let first = try reader.integer("vlan_first", in: 1...4_094)
        let last = try reader.integer("vlan_last", in: 1...4_094)
        let range = (
            first ?? networking.vlanRange.lowerBound, last ?? networking.vlanRange.upperBound
        )
        guard range.0 <= range.1 else {
            throw reader.invalid("vlan_first", "it is greater than vlan_last.")
        }
        networking.vlanRange = range.0...range.1
        compute.defaultZone =
            try reader.string("default_zone", length: 1...255) ?? compute.defaultZone
    }

    private mutating func readTimes(_ reader: inout BodyReader) throws {
        let times: [(String, WritableKeyPath<ServerConfiguration, Duration>)] = [
            ("host_down_after_ms", \.compute.hostDownAfter),
            ("poll_timeout_ms", \.compute.pollTimeout),
            ("build_timeout_ms", \.compute.buildTimeout),
            ("removal_timeout_ms", \.compute.removalTimeout),
            ("question_timeout_ms", \.compute.questionTimeout),
            ("token_lifetime_ms", \.identity.tokenLifetime),
            ("deleted_instance_kept_ms", \.compute.deletedInstanceKept),
        ]
        for (key, path) in times {
            guard let milliseconds = try reader.integer(key, in: 10...604_800_000) else {
                continue
            }
            self[keyPath: path] = .milliseconds(milliseconds)
        }
    }

    private mutating func readAmounts(_ reader: inout BodyReader) throws {
        let amounts: [(String, WritableKeyPath<ServerConfiguration, Int>)] = [
            ("instances_per_project_max", \.compute.instancesPerProjectMax),
            ("ports_per_project_max", \.networking.portsPerProjectMax),
            ("vdpa_ports_per_project_max", \.networking.vdpaPortsPerProjectMax),
            ("networks_per_project_max", \.networking.networksPerProjectMax),
            ("server_groups_per_project_max", \.compute.serverGroupsPerProjectMax),
            ("server_group_members_max", \.compute.serverGroupMembersMax),
            ("console_bytes_max", \.compute.consoleBytesMax),
        ]
        for (key, path) in amounts {
            self[keyPath: path] =
                try reader.integer(key, in: 1...1_000_000) ?? self[keyPath: path]
        }
        // Releases before took any number here; more than fit one transaction are not made.
        let perRequest = try reader.integer("instances_per_request_max", in: 1...1_000_000)
        compute.instancesPerRequestMax = min(
            perRequest ?? compute.instancesPerRequestMax, compute.instancesPerRequestMax)
        compute.userDataPerRequestBytesMax =
            try reader.integer("user_data_per_request_bytes_max", in: 1...786_432)
            ?? compute.userDataPerRequestBytesMax
        compute.placement.detailHostsMax =
            try reader.integer("placement_detail_hosts_max", in: 1...500)
            ?? compute.placement.detailHostsMax
        compute.placement.detailDevicesMax =
            try reader.integer("placement_detail_devices_max", in: 0...2_000)
            ?? compute.placement.detailDevicesMax
        compute.placement.attemptsMax =
            try reader.integer("placement_attempts_max", in: 1...10_000)
            ?? compute.placement.attemptsMax
        if let gib = try reader.integer("image_gib_max", in: 1...65_536) {
            images.imageBytesMax = Int64(gib) << 30
        }
        if let gib = try reader.integer("image_virtual_gib_max", in: 1...65_536) {
            images.virtualBytesMax = Int64(gib) << 30
        }
        if let percent = try reader.integer("cpu_overcommit_percent", in: 100...6_400) {
            compute.placement.ratios.cpu = Double(percent) / 100
        }
    }

    /// The images' settings, with their directory below the state directory.
    var imageSettings: ImageStoreSettings {
        var settings = images
        settings.directory = stateDirectory.appendingPathComponent("images")
        return settings
    }
}

/// Reads configuration files.
enum ConfigurationFile {
    /// A configuration file is at most so long.
    static let bytesMax = 1 << 20

    /// The file's text. Throws a sentence that names the file.
    static func read(_ path: String) throws -> String {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count <= bytesMax else {
                throw StartError("\(path) is larger than \(bytesMax) bytes")
            }
            return String(decoding: data, as: UTF8.self)
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError("\(path) can't be read: \(error.localizedDescription)")
        }
    }

    /// A strict reader of a YAML document that is one map.
    static func reader(_ text: String, path: String) throws -> BodyReader {
        let value: JSONValue
        do {
            value = try YAMLDecoder().decode(JSONValue.self, from: text)
        } catch {
            throw StartError("\(path) is not valid YAML: \(error)")
        }
        return try BodyReader(value, path: path, noun: .configuration)
    }
}

/// `host:port` to listen on. Port 0 takes any free one.
struct ListenAddress: Sendable, Equatable {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Parses `127.0.0.1:8774` or `[::1]:8774`.
    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), colon > text.startIndex
        else {
            throw StartError(
                "'\(text)' is no address to listen on: expected HOST:PORT, such as 127.0.0.1:8774")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host, port: port)
    }

    /// As it stands in a URL.
    var urlHost: String { host.contains(":") ? "[\(host)]" : host }
}

/// Why the program doesn't start, in one sentence.
struct StartError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
