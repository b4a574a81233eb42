import ConfigDrive
import Testing

func sampleInstance() -> InstanceMetadata {
    InstanceMetadata(
        uuid: "83679162-1378-4288-a2d4-70e13ec132aa", name: "Web \"1\"", hostname: "web-1.local",
        projectID: "f7ac731cc11f40efbc03a9f9e1d1d21f", availabilityZone: "nova",
        metadata: ["role": "web", "a": "ä"],
        keyPairs: [InstanceKeyPair(name: "mine", publicKey: "ssh-ed25519 AAAA/b me")])
}

func sampleContents(
    addresses: [InstanceAddress] = [], userData: [UInt8]? = nil, vendorData: [UInt8]? = nil
) throws(ConfigDriveError) -> ConfigDriveContents {
    try ConfigDriveContents(
        instance: sampleInstance(),
        interfaces: [
            InstanceInterface(
                portID: "b63b5bc7-ac4c-4b1f-9f0f-0e2b9d6e6f11", networkID: "net-1",
                macAddress: "fa:16:3e:00:00:01", mtu: 1500, addresses: addresses)
        ], userData: userData, vendorData: vendorData)
}

func text(_ name: String, of contents: ConfigDriveContents) -> String? {
    contents.files.first { $0.path == "openstack/latest/\(name)" }
        .map { String(decoding: $0.content, as: UTF8.self) }
}

@Suite struct ConfigDriveContentsTests {
    @Test func metadataIsNovas() throws {
        let expected = """
            {"availability_zone":"nova","devices":[],"hostname":"web-1.local",\
            "keys":[{"data":"ssh-ed25519 AAAA/b me","name":"mine","type":"ssh"}],\
            "launch_index":0,"meta":{"a":"ä","role":"web"},"name":"Web \\"1\\"",\
            "project_id":"f7ac731cc11f40efbc03a9f9e1d1d21f",\
            "public_keys":{"mine":"ssh-ed25519 AAAA/b me"},\
            "uuid":"83679162-1378-4288-a2d4-70e13ec132aa"}
            """
        #expect(text("meta_data.json", of: try sampleContents()) == expected)
    }

    @Test func optionalMetadataAppearsWhenGiven() throws {
        var instance = sampleInstance()
        instance.metadata = [:]
        instance.keyPairs = []
        instance.adminPassword = "pw"
        instance.randomSeed = [0, 1, 2]
        instance.launchIndex = 3
        instance.devices = [
            InstanceDevice(
                type: "nic", bus: "pci", address: "0000:00:02.0",
                macAddress: "fa:16:3e:00:00:01", tags: ["fast"])
        ]
        let contents = try ConfigDriveContents(instance: instance, interfaces: [])
        let expected = """
            {"admin_pass":"pw","availability_zone":"nova","devices":[{"address":"0000:00:02.0",\
            "bus":"pci","mac":"fa:16:3e:00:00:01","tags":["fast"],"type":"nic"}],\
            "hostname":"web-1.local","launch_index":3,"name":"Web \\"1\\"",\
            "project_id":"f7ac731cc11f40efbc03a9f9e1d1d21f","random_seed":"AAEC",\
            "uuid":"83679162-1378-4288-a2d4-70e13ec132aa"}
            """
        #expect(text("meta_data.json", of: contents) == expected)
        let empty = #"{"links":[],"networks":[],"services":[]}"#
        #expect(text("network_data.json", of: contents) == empty)
    }

    static let link = """
        {"links":[{"ethernet_mac_address":"fa:16:3e:00:00:01","id":"tapb63b5bc7-ac",\
        "mtu":1500,"type":"ovs","vif_id":"b63b5bc7-ac4c-4b1f-9f0f-0e2b9d6e6f11"}],
        """

    @Test func staticAddressesAreWrittenOut() throws {
        let contents = try sampleContents(addresses: [
            InstanceAddress(
                addressing: .ipv4, address: "10.0.0.5", prefixLength: 20, gateway: "10.0.0.1",
                routes: [
                    InstanceRoute(network: "10.9.0.0", prefixLength: 16, gateway: "10.0.0.9")
                ], dnsServers: ["9.9.9.9", "1.1.1.1"]),
            InstanceAddress(
                addressing: .ipv6, address: "fd00::5", prefixLength: 64, gateway: "fd00::1",
                dnsServers: ["9.9.9.9"]),
        ])
        let expected =
            Self.link + """
                "networks":[{"id":"network0","ip_address":"10.0.0.5","link":"tapb63b5bc7-ac",\
                "netmask":"255.255.240.0","network_id":"net-1","routes":[\
                {"gateway":"10.0.0.1","netmask":"0.0.0.0","network":"0.0.0.0"},\
                {"gateway":"10.0.0.9","netmask":"255.255.0.0","network":"10.9.0.0"}],\
                "services":[{"address":"9.9.9.9","type":"dns"},{"address":"1.1.1.1","type":"dns"}],\
                "type":"ipv4"},\
                {"id":"network1","ip_address":"fd00::5","link":"tapb63b5bc7-ac",\
                "netmask":"ffff:ffff:ffff:ffff::","network_id":"net-1","routes":[\
                {"gateway":"fd00::1","netmask":"::","network":"::"}],\
                "services":[{"address":"9.9.9.9","type":"dns"}],"type":"ipv6"}],\
                "services":[{"address":"9.9.9.9","type":"dns"},{"address":"1.1.1.1","type":"dns"}]}
                """
        #expect(text("network_data.json", of: contents) == expected)
    }

    @Test func dhcpLeavesTheAddressToTheServer() throws {
        let contents = try sampleContents(addresses: [
            InstanceAddress(
                addressing: .ipv4DHCP, address: "10.0.0.5", prefixLength: 24,
                gateway: "10.0.0.1", dnsServers: ["9.9.9.9"])
        ])
        let expected =
            Self.link + """
                "networks":[{"id":"network0","link":"tapb63b5bc7-ac","network_id":"net-1",\
                "type":"ipv4_dhcp"}],"services":[{"address":"9.9.9.9","type":"dns"}]}
                """
        #expect(text("network_data.json", of: contents) == expected)
    }

    @Test func unknownMTUIsNull() throws {
        let contents = try ConfigDriveContents(
            instance: sampleInstance(),
            interfaces: [
                InstanceInterface(
                    portID: "p", networkID: "n", macAddress: "m", mtu: nil, addresses: [])
            ])
        #expect(text("network_data.json", of: contents)?.contains(#""mtu":null"#) == true)
    }

    @Test(arguments: [
        (InstanceAddressing.ipv4, 0, "0.0.0.0"), (.ipv4, 1, "128.0.0.0"),
        (.ipv4, 31, "255.255.255.254"), (.ipv4, 32, "255.255.255.255"),
        (.ipv6, 0, "::"), (.ipv6, 1, "8000::"), (.ipv6, 48, "ffff:ffff:ffff::"),
        (.ipv6SLAAC, 96, "ffff:ffff:ffff:ffff:ffff:ffff::"),
        (.ipv6, 112, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:0"),
        (.ipv6StatelessDHCP, 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func netmasks(addressing: InstanceAddressing, length: Int, mask: String) throws {
        let address = InstanceAddress(
            addressing: addressing, address: "x", prefixLength: length)
        let found = text("network_data.json", of: try sampleContents(addresses: [address]))
        #expect(found?.contains("\"netmask\":\"\(mask)\"") == true)
        #expect(found?.contains("\"type\":\"\(addressing.rawValue)\"") == true)
    }

    @Test(arguments: [(InstanceAddressing.ipv4, -1), (.ipv4, 33), (.ipv6, 129), (.ipv6, .min)])
    func badPrefixLengthsAreRefused(addressing: InstanceAddressing, length: Int) {
        let address = InstanceAddress(
            addressing: addressing, address: "x", prefixLength: length)
        let version = addressing == .ipv4 ? 4 : 6
        #expect(throws: ConfigDriveError.badPrefixLength(length, version: version)) {
            try sampleContents(addresses: [address])
        }
    }

    @Test func bothVersionsHoldTheSameFiles() throws {
        let contents = try sampleContents(userData: [0, 255], vendorData: Array("{\"a\":1}".utf8))
        let paths = contents.files.map(\.path)
        let names = ["meta_data.json", "network_data.json", "vendor_data.json", "user_data"]
        let expected = ["2018-08-27", "latest"].flatMap { version in
            names.map { "openstack/\(version)/\($0)" }
        }
        #expect(paths == expected)
        #expect(contents.files[3].content == [0, 255])
        #expect(text("vendor_data.json", of: contents) == "{\"a\":1}")
    }

    @Test func withoutUserDataThereIsNoFile() throws {
        let contents = try sampleContents()
        #expect(contents.files.count == 6)
        #expect(text("vendor_data.json", of: contents) == "{}")
    }

    @Test(arguments: ["", "[]", "1", "{", "\"a\"", "nonsense"])
    func vendorDataMustBeAnObject(vendorData: String) {
        #expect(throws: ConfigDriveError.vendorDataIsNoJSONObject) {
            try sampleContents(vendorData: Array(vendorData.utf8))
        }
    }

    @Test func sizesAreLimited() throws {
        let maximum = ConfigDriveContents.maximumUserDataBytes
        _ = try sampleContents(userData: [UInt8](repeating: 1, count: maximum))
        let expected = ConfigDriveError.userDataTooLarge(
            foundBytes: maximum + 1, maximumBytes: maximum)
        #expect(throws: expected) {
            try sampleContents(userData: [UInt8](repeating: 1, count: maximum + 1))
        }
    }

    @Test func imagesAreDeterministic() throws {
        let once = try sampleContents().image(secondsSince1970: 1_700_000_000)
        let again = try sampleContents().image(secondsSince1970: 1_700_000_000)
        #expect(once == again)
    }
}
