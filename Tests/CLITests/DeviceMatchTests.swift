import Foundation
import JSON
import RequestPipeline
import Testing

@testable import CLI

/// A program without drivers.
private enum NoScan: HostScan {
    static func scan(
        agentConfiguration: String, softwareDevices: Set<String>
    ) async throws -> ScannedHost {
        throw CommandFailure.refused("looked at \(agentConfiguration)")
    }
}

@Suite struct DeviceMatchTests {
    private static let inventory = """
        [{"host": "h1", "id": "pf/vf0", "address": "0000:06:00.1", "kind": "VF",
          "parent_address": "0000:06:00.0", "vendor_id": "15b3", "product_id": "101e",
          "physical_network": "physnet1", "instance_id": null},
         {"host": "h1", "id": "pf/vf1/vdpa1", "address": "0000:06:00.2", "kind": "vdpa",
          "parent_address": "0000:06:00.0", "vendor_id": "15b3", "product_id": "101e",
          "physical_network": "physnet1", "instance_id": "i1", "vdpa_name": "vdpa1"},
         {"host": "h1", "id": "gone", "address": null, "kind": "vdpa"},
         {"host": "h2", "id": "other", "address": "0000:06:00.1", "kind": "VF",
          "vendor_id": "15b3", "product_id": "101e"}]
        """

    private func run(
        _ spec: String, named name: String = "spec.yaml", _ arguments: String...
    ) async throws -> (code: Int32, result: String, talk: String) {
        var answer: (code: Int32, result: String, talk: String) = (0, "", "")
        try await TemporaryFolder.with { folder in
            try folder.write(Self.inventory, to: "devices.json")
            try folder.write(spec, to: name)
            let sayings = Sayings()
            let command = try DeviceMatch<NoScan>.parse(["--spec", name] + arguments)
            let code = await command.run(in: sayings.context(folder.url))
            answer = (code, sayings.result, sayings.talk)
        }
        return answer
    }

    @Test func eachDeviceWithItsEntryAndItsChange() async throws {
        let spec = """
            device_spec:
              - {address: "0000:06:00.1", physical_network: physnet2}
              - '{"vendor_id": "ffff"}'
            host_name: ignored
            """
        let found = try await run(spec, "--inventory", "devices.json", "--host", "h1")
        #expect(found.code == 0)
        #expect(
            found.result == """
                ADDRESS       KIND  VENDOR:PRODUCT  ENTRY  NETWORK   CHANGE             OWNER
                0000:06:00.1  VF    15b3:101e           0  physnet2  tags change        -
                0000:06:00.2  vdpa  15b3:101e           -  -         no longer offered  i1

                """)
        #expect(found.talk.hasPrefix("warning: device_spec entry 1 fits no device of this host.\n"))
        #expect(found.talk.contains("warning: 1 of the devices no longer offered have an owner"))
        #expect(found.talk.contains("note: 1 vanished devices are left out."))
        #expect(
            found.talk.hasSuffix(
                "2 devices: 0 newly offered, 1 no longer offered, 1 tags change, 0 unchanged.\n"))
    }

    @Test func jsonHasTagsAndProblems() async throws {
        let spec = #"[{"address": "06:00", "trusted": true}, {"devname": "ens9"}]"#
        let found = try await run(
            spec, named: "spec.json", "--inventory", "devices.json", "--host", "h1", "--format",
            "json")
        let json = try JSONValue(parsing: Array(found.result.utf8))
        #expect(json.list("devices").map { $0.number("entry") } == [0, 0])
        #expect(json.list("devices").first?.text("tags.trusted") == "yes")
        #expect(json.list("problems").map { $0.number("entry") } == [1])
        #expect(found.talk.contains("doesn't tell netdevs"))
    }

    @Test(arguments: [
        ("spec.json", #"[{}, {"vendor": "15b3"}]"#, "device_spec entry 1, column 7: unknown key"),
        ("spec.yaml", #"- {vendor: "15b3"}"#, "device_spec entry 0: unknown key 'vendor'"),
        ("spec.yaml", #"["{\"trusted\": 5}"]"#, "device_spec entry 0, column 13: 'trusted' is"),
        ("spec.yaml", "server: s", "without the key 'device_spec'"),
        ("spec.yaml", "a: [", "neither JSON nor YAML"),
    ])
    func errorsNameTheirPlace(file: String, spec: String, says: String) async throws {
        let found = try await run(
            spec, named: file, "--inventory", "devices.json", "--host", "h1")
        #expect(found.code == 2)
        #expect(found.result.isEmpty)
        #expect(found.talk.hasPrefix("millrace: \(file): device_spec entry "))
        #expect(found.talk.contains(says), "\(found.talk)")
    }

    @Test func severalHostsAreNotMixed() async throws {
        let found = try await run("[{}]", "--inventory", "devices.json")
        #expect(found.code == 2)
        #expect(found.talk.contains("name one with --host: h1, h2"))
    }

    @Test func thisHostIsAskedByTheProgram() async throws {
        let found = try await run("[{}]", "--agent-config", "/a.yaml")
        #expect(found.code == 1)
        #expect(found.talk == "millrace: looked at /a.yaml\n")
    }

    @Test(arguments: [
        "--spec s", "--spec s --agent-config a --host h", "--host h",
        "--spec s --agent-config a --inventory i",
    ])
    func oneSourceIsNamed(line: String) {
        let words = line.split(separator: " ").map { String($0) }
        #expect(throws: (any Error).self) { try DeviceMatch<NoScan>.parse(words) }
    }
}
