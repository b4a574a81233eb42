import AgentClient
import CLI
import ComputeModel
import DeviceTracking
import Foundation
import HostAgent
import KVMHost
import Logging
import RequestPipeline

/// Everything that can be set for `millrace agent`, read once from a YAML file; an unknown key is
/// an error.
struct AgentConfiguration: Sendable {
    /// The server's listener for agents.
    var server = ServerEndpoint(host: "127.0.0.1")
    /// The name under which the host joins. Once it has joined, its name is the certificate's,
    /// whatever the machine is called then.
    var hostName = ProcessInfo.processInfo.hostName
    /// Whether the file names the host, so that a difference is somebody's wish.
    var isHostNameGiven = false
    /// Zone that the host joins.
    var zone = ""
    /// Address shown to operators.
    var address = ""
    /// Where certificates, the local record, images and guests lie.
    var stateDirectory = URL(fileURLWithPath: "/var/lib/millrace-agent")
    /// A file with a join token, for hosts that are installed by machine.
    var joinTokenFile: String?
    /// Least level that is logged.
    var logLevel: Logger.Level = .notice
    /// The agent's own bounds.
    var settings = AgentSettings()
    /// The host's own drivers.
    var host = KVMHostConfiguration(stateDirectory: "/var/lib/millrace-agent")

    /// Reads `file`. Throws a sentence that names the file and what is wrong in it.
    init(file: String) throws {
        var reader = try ConfigurationFile.reader(try ConfigurationFile.read(file), path: file)
        try readIdentity(&reader)
        try readHost(&reader)
        try readTimes(&reader)
        host.migration = try Self.migration(&reader)
        host.deviceSpec = try Self.deviceSpec(&reader, file: file)
        host.representors = try Self.representors(&reader)
        try reader.finish()
        host.stateDirectory = stateDirectory.path
        if address.isEmpty { address = hostName }
    }

    private mutating func readIdentity(_ reader: inout BodyReader) throws {
        if let text = try reader.string("server", length: 1...255) {
            let parsed = try ListenAddress(
                text.contains(":") ? text : "\(text):\(ServerEndpoint.defaultPort)")
            server = ServerEndpoint(host: parsed.host, port: parsed.port)
        }
        if let name = try reader.string("host_name", length: 1...63) {
            hostName = name
            isHostNameGiven = true
        }
        zone = try reader.string("zone", length: 1...255) ?? zone
        address = try reader.string("address", length: 1...255) ?? address
        if let text = try reader.string("state_dir", length: 1...4_096) {
            stateDirectory = URL(fileURLWithPath: text)
        }
        joinTokenFile = try reader.string("join_token_file", length: 1...4_096)
        if let text = try reader.string("log_level") {
            guard let level = Logger.Level(rawValue: text) else {
                throw reader.invalid("log_level", "'\(text)' is no level.")
            }
            logLevel = level
        }
    }

    private mutating func readHost(_ reader: inout BodyReader) throws {
        host.libvirtURI = try reader.string("libvirt_uri", length: 1...255) ?? host.libvirtURI
        host.ovsdbAddress = try reader.string("ovsdb", length: 1...255) ?? host.ovsdbAddress
        host.bridge = try reader.string("bridge", length: 1...15) ?? host.bridge
        host.reservedMemoryMiB =
            try reader.integer("reserved_memory_mib", in: 0...(1 << 30))
            ?? host.reservedMemoryMiB
        host.reservedCPUs = try reader.integer("reserved_cpus", in: 0...4_096) ?? host.reservedCPUs
        if let text = try reader.string("dedicated_cpus", length: 1...CPUSet.textBytesMax) {
            guard let set = CPUSet(text) else {
                throw reader.invalid(
                    "dedicated_cpus",
                    "'\(text.prefix(64))' is no list of CPU numbers such as '2-3,6'; quote it.")
            }
            host.dedicatedCPUs = set.numbers
        }
        if let text = try reader.string("domain_type") {
            guard let type = KVMHostConfiguration.DomainType(rawValue: text) else {
                throw reader.invalid(
                    "domain_type",
                    "'\(text)' is none of "
                        + KVMHostConfiguration.DomainType.allCases.map(\.rawValue)
                        .joined(separator: ", ") + ".")
            }
            host.domainType = type
        }
    }

    private mutating func readTimes(_ reader: inout BodyReader) throws {
        if let spacing = try reader.integer("scan_spacing_ms", in: 100...60_000) {
            settings.scanSpacing = .milliseconds(spacing)
        }
        host.deviceReadTimeoutMS =
            try reader.integer("device_read_timeout_ms", in: 100...600_000)
            ?? host.deviceReadTimeoutMS
    }

    /// How the host takes part in live migration; nil without the key.
    private static func migration(_ reader: inout BodyReader) throws -> MigrationSettings? {
        guard var fields = try reader.object("migration") else { return nil }
        guard let uri = try fields.string("uri", length: 1...255) else {
            throw fields.invalid("uri", "other hosts need it, such as qemu+tls://HOST/system.")
        }
        let parts = URLComponents(string: uri)
        guard let scheme = parts?.scheme, scheme.hasPrefix("qemu+"),
            parts?.host?.isEmpty == false
        else {
            throw fields.invalid("uri", "'\(uri)' is not like qemu+tls://HOST/system.")
        }
        var settings = MigrationSettings(uri: uri)
        settings.isEncrypted = try fields.bool("tls") ?? true
        if settings.isEncrypted, scheme == "qemu+tcp" {
            throw fields.invalid(
                "uri",
                "qemu+tcp is not encrypted: use qemu+tls, or allow guests to travel in the clear"
                    + " with tls: false.")
        }
        settings.bandwidthMiBPerSecond = try fields.integer(
            "bandwidth_mib_per_second", in: 1...1_000_000)
        settings.allowsPostCopy = try fields.bool("post_copy") ?? false
        try fields.finish()
        return settings
    }

    /// A list of maps and of texts that hold JSON as in nova.conf, or just one of these.
    private static func deviceSpec(
        _ reader: inout BodyReader, file: String
    ) throws -> DeviceSpec {
        let software = Set(try reader.strings("software_devices") ?? [])
        guard let value = reader.value("device_spec") else {
            return DeviceSpec(entries: [], softwareDevices: software)
        }
        do throws(DeviceSpecError) {
            return try DeviceSpec(
                reading: SpecDocument.values(value), softwareDevices: software)
        } catch {
            throw StartError("\(file): \(error)")
        }
    }

    private static func representors(
        _ reader: inout BodyReader
    ) throws -> [PCIAddress: [Int: String]] {
        guard let value = reader.value("representors"), value != .null else { return [:] }
        guard case .object(let functions) = value else {
            throw reader.invalid(
                "representors", "it is \(value.typeName), not a map from a PF's address.")
        }
        var map: [PCIAddress: [Int: String]] = [:]
        for function in functions {
            guard let address = PCIAddress(function.key), case .object(let vfs) = function.value
            else {
                throw reader.invalid(
                    "representors",
                    "'\(function.key)' is not a PF's address with a map of VF index to netdev.")
            }
            for vf in vfs {
                guard let index = Int(vf.key), index >= 0, case .string(let netdev) = vf.value
                else {
                    throw reader.invalid(
                        "representors", "'\(vf.key)' of \(address) is not a VF index with a name.")
                }
                map[address, default: [:]][index] = netdev
            }
        }
        return map
    }
}
