import Conductor
import Foundation
import TestSupport
import Testing

@testable import millrace

/// The server's YAML file: what each key sets, and what is refused.
@Suite struct ServerConfigurationTests {
    private static func read(_ text: String) throws -> ServerConfiguration {
        let folder = try TemporaryFolder("configuration")
        defer { withExtendedLifetime(folder) {} }
        return try ServerConfiguration(file: try folder.write(text, to: "server.yaml"))
    }

    @Test func withoutAFileTheRoomsDefaultsHold() throws {
        let configuration = try ServerConfiguration(file: nil)
        #expect(configuration.compute == ConductorSettings())
        #expect(configuration.networking.vlanRange == 100...3_999)
        #expect(configuration.identity.tokenLifetime == .seconds(43_200))
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8774))
        #expect(configuration.agentListen == nil)
    }

    private struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let holds: @Sendable (ServerConfiguration) -> Bool

        init(_ text: String, _ holds: @escaping @Sendable (ServerConfiguration) -> Bool) {
            self.text = text
            self.holds = holds
        }

        var testDescription: String { text }
    }

    private static let rows = [
        Row("host_down_after_ms: 5000") { $0.compute.hostDownAfter == .seconds(5) },
        Row("action_timeout_ms: 10") { $0.compute.actionTimeout == .milliseconds(10) },
        Row("token_lifetime_ms: 604800000") { $0.identity.tokenLifetime == .seconds(604_800) },
        Row("vdpa_ports_per_project_max: 7") { $0.networking.vdpaPortsPerProjectMax == 7 },
        Row("instances_per_project_max: 1") { $0.compute.instancesPerProjectMax == 1 },
        Row("vlan_first: 200") { $0.networking.vlanRange == 200...3_999 },
        Row("vlan_last: 100") { $0.networking.vlanRange == 100...100 },
        Row("physical_networks: [a, b]") { $0.networking.physicalNetworks == ["a", "b"] },
        Row("image_gib_max: 2") { $0.images.imageBytesMax == 2 << 30 },
        Row("image_virtual_gib_max: 3") { $0.images.virtualBytesMax == 3 << 30 },
        Row("cpu_overcommit_percent: 250") { $0.compute.placement.ratios.cpu == 2.5 },
        Row("shelve_offload: false") { !$0.compute.offloadsShelved },
        Row("listen: '[::1]:80'") { $0.listen == ListenAddress(host: "::1", port: 80) },
        Row("agent_listen: 0.0.0.0:0") { $0.agentListen?.port == 0 },
        Row("state_dir: /srv/m") { $0.imageSettings.directory.path == "/srv/m/images" },
    ]

    @Test(arguments: rows)
    private func eachKeySetsItsValue(_ row: Row) throws {
        #expect(try !row.holds(ServerConfiguration(file: nil)), "it is not so by default")
        #expect(try row.holds(Self.read(row.text)))
    }

    @Test(
        arguments: [
            ("host_down_after: 5", "host_down_after"),
            ("listne: 127.0.0.1:1", "listen"),
            ("host_down_after_ms: 9", "host_down_after_ms"),
            ("host_down_after_ms: soon", "host_down_after_ms"),
            ("vlan_first: 4095", "vlan_first"),
            ("vlan_first: 300\nvlan_last: 200", "vlan_first"),
            ("listen: nowhere", "nowhere"),
            ("listen: 'h:65536'", "h:65536"),
            ("log_level: loud", "loud"),
            ("- a list", "server.yaml"),
            ("a: [", "server.yaml"),
        ])
    func whatIsWrongIsNamed(text: String, named: String) throws {
        let error = #expect(throws: (any Error).self) { try Self.read(text) }
        #expect("\(try #require(error))".contains(named))
    }

    @Test func aFileThatIsNotThereOrTooLargeIsNamed() throws {
        let folder = try TemporaryFolder("configuration")
        let missing = #expect(throws: StartError.self) {
            try ServerConfiguration(file: folder.path + "/none.yaml")
        }
        #expect("\(try #require(missing))".contains("none.yaml"))
        let large = String(repeating: "#", count: ConfigurationFile.bytesMax + 1)
        let path = try folder.write(large, to: "large.yaml")
        let error = #expect(throws: StartError.self) { try ServerConfiguration(file: path) }
        #expect("\(try #require(error))".contains("large.yaml"))
    }
}
