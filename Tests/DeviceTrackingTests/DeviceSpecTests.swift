import ComputeModel
import DeviceTracking
import JSON
import Testing

@Suite struct DeviceSpecTests {
    private static func entry(_ members: [(String, JSONValue)]) throws -> DeviceSpecEntry {
        try DeviceSpecEntry(members.map { JSONValue.Member($0.0, $0.1) }, entry: 3)
    }

    @Test(arguments: [
        ("15b3", "15b3"), ("15B3", "15b3"), ("0x15b3", "15b3"), ("0X1AF4", "1af4"), ("7", "0007"),
        (" 15b3\t", "15b3"), ("0", "0000"), ("*", nil), (" * ", nil),
    ])
    func idsAreReadInAnyHexForm(text: String, id: String?) throws {
        #expect(try Self.entry([("vendor_id", .string(text))]).vendorID == id)
        #expect(try Self.entry([("product_id", .string(text))]).productID == id)
    }

    @Test(
        arguments: [
            .string(""), .string(" "), .string("0x"), .string("15b3a"), .string("0x015b3"),
            .string("xyz"),
            .string("15 3"), .string("-1"), .string("+1"), .string("1_5"), .string("１５b３"),
            .string("**"),
            .integer(15), .null, .bool(true), .array([]), .object([]),
        ] as [JSONValue])
    func otherIdsAreErrorsThatNameTheEntry(value: JSONValue) {
        for key in ["vendor_id", "product_id"] {
            let error = #expect(throws: DeviceSpecError.self) { try Self.entry([(key, value)]) }
            #expect(error?.entry == 3)
            let text = error?.description ?? ""
            #expect(text.hasPrefix("device_spec entry 3: '\(key)' is "))
            #expect(text.hasSuffix("expected a text of up to four hex digits, or '*'."))
        }
    }

    struct Glob: Sendable, CustomTestStringConvertible {
        var text: String
        var domain: UInt16?
        var bus: UInt8?
        var slot: UInt8?
        var function: UInt8?
        var testDescription: String { text }

        init(_ text: String, _ domain: UInt16?, _ bus: UInt8?, _ slot: UInt8?, _ last: UInt8?) {
            self.text = text
            self.domain = domain
            self.bus = bus
            self.slot = slot
            function = last
        }
    }

    @Test(arguments: [
        Glob("0000:06:00.3", 0, 6, 0, 3), Glob("FFFF:FF:1F.7", 0xffff, 0xff, 0x1f, 7),
        Glob("0:6:0.3", 0, 6, 0, 3), Glob("0x0000:0x06:0x00.0x3", 0, 6, 0, 3),
        Glob("0000:06:00.*", 0, 6, 0, nil), Glob("0000:06:00", 0, 6, 0, nil),
        Glob("06:00.3", nil, 6, 0, 3), Glob("06:00", nil, 6, 0, nil), Glob("0a", nil, nil, 10, nil),
        Glob("*:06:*.3", nil, 6, nil, 3), Glob(".3", nil, nil, nil, 3),
        Glob(":06:", nil, 6, nil, nil),
        Glob("1::.", 1, nil, nil, nil), Glob(" 0000:06: 00 . 3 ", 0, 6, 0, 3),
        Glob("", nil, nil, nil, nil), Glob("*", nil, nil, nil, nil),
        Glob("::.", nil, nil, nil, nil),
        Glob("*:*:*.*", nil, nil, nil, nil),
    ])
    func addressesAreAlignedAtTheRight(glob: Glob) throws {
        var wanted = SpecGlob()
        wanted.domain = glob.domain
        wanted.bus = glob.bus
        wanted.slot = glob.slot
        wanted.function = glob.function
        let place = try Self.entry([("address", .string(glob.text))]).place
        #expect(place == (wanted == SpecGlob() ? .anywhere : .glob(wanted)))
    }

    @Test(arguments: [
        "pci0", "0000:06:20.0", "0000:06:00.8", "10000:06:00.0", "0000:100:00.0", "0:0:06:00.0",
        "0000:06:00.[0-2]", "0000:06:00.0-2", "0000:06:00.?", "0000:06:0*.0", "06:00.0.0",
        "0000:06:00.00", "-1:00.0", "06:00.+1", "0_0:00.0", "06 00.0",
    ])
    func otherAddressesAreErrors(text: String) {
        let error = #expect(throws: DeviceSpecError.self) {
            try Self.entry([("address", .string(text))])
        }
        #expect(error?.description.contains("'address' is '\(text)', expected ") == true)
    }

    @Test func nothingSaidMeansEverything() throws {
        let open = try Self.entry([
            ("address", .object([])), ("physical_network", .null), ("vendor_id", .string("*")),
            ("remote_managed", .string("no")), ("traits", .string(" , ")),
        ])
        #expect(open == DeviceSpecEntry())
    }

    @Test(
        arguments: [
            (.string("true"), true), (.string("T"), true), (.string("1"), true),
            (.string("On"), true),
            (.string("yes"), true), (.string("Y"), true), (.bool(true), true), (.integer(1), true),
            (.string(" False "), false), (.string("f"), false), (.string("0"), false),
            (.string("OFF"), false), (.string("no"), false), (.string("n"), false),
            (.bool(false), false),
            (.integer(0), false), (.string("maybe"), nil), (.string(""), nil), (.string("01"), nil),
            (.integer(2), nil), (.null, nil), (.array([.bool(true)]), nil),
        ] as [(JSONValue, Bool?)])
    func flagsAreStrict(value: JSONValue, flag: Bool?) throws {
        let keys: [(String, (DeviceTags?) -> Bool?)] = [
            ("trusted", { $0?.trusted }), ("managed", { $0?.managed }),
            ("live_migratable", { $0?.liveMigratable }),
            ("remote_managed", { $0?.remoteManaged ?? false }),
        ]
        for (key, read) in keys {
            guard let flag else {
                #expect(throws: DeviceSpecError.self) { try Self.entry([(key, value)]) }
                continue
            }
            #expect(read(try Self.entry([(key, value)]).tags) == flag)
        }
    }

    @Test(arguments: [
        ("vcpu", "VCPU"), ("Memory_MB", "MEMORY_MB"), ("SRIOV_NET_VF", "SRIOV_NET_VF"),
        ("fast-nic", "CUSTOM_FAST_NIC"), ("CUSTOM_FAST", "CUSTOM_FAST"),
        ("custom_fast nic", "CUSTOM_FAST_NIC"), ("my  nic!", "CUSTOM_MY_NIC_"),
        ("vcpus", "CUSTOM_VCPUS"), (" gold ", "CUSTOM_GOLD"), ("ß5", "CUSTOM__5"), ("", nil),
        ("--", nil), ("CUSTOM_", nil), (String(repeating: "a", count: 248), "CUSTOM_"),
        (String(repeating: "a", count: 249), nil),
    ])
    func resourceClasses(text: String, name: String?) throws {
        guard let name else {
            #expect(throws: DeviceSpecError.self) {
                try Self.entry([("resource_class", .string(text))])
            }
            return
        }
        let found = try Self.entry([("resource_class", .string(text))]).tags?.resourceClass ?? ""
        #expect(name == "CUSTOM_" ? found.utf8.count == 255 : found == name)
    }

    @Test(arguments: [
        ("gold", ["CUSTOM_GOLD"]), ("hw_nic_sriov, Gold", ["CUSTOM_GOLD", "HW_NIC_SRIOV"]),
        ("gold,GOLD,,custom_gold,", ["CUSTOM_GOLD"]), ("", []),
        (
            "COMPUTE_A,MISC_B,OWNER_C,STORAGE_D,HW_",
            ["COMPUTE_A", "CUSTOM_HW_", "MISC_B", "OWNER_C", "STORAGE_D"]
        ),
    ])
    func traits(text: String, names: [String]) throws {
        #expect(try Self.entry([("traits", .string(text))]).tags?.traits ?? [] == names)
    }

    /// Members of an entry, and which of PF, VF and vDPA device it matches.
    struct Match: Sendable, CustomTestStringConvertible {
        let members: [String: String]
        let pf: Bool
        let vf: Bool
        let vdpa: Bool
        var testDescription: String { "\(members)" }
    }

    @Test(arguments: [
        Match(members: [:], pf: true, vf: true, vdpa: true),
        Match(members: ["vendor_id": "15b3"], pf: true, vf: true, vdpa: true),
        Match(members: ["vendor_id": "8086"], pf: false, vf: false, vdpa: false),
        Match(members: ["product_id": "101e"], pf: false, vf: true, vdpa: true),
        Match(members: ["product_id": "101d"], pf: true, vf: false, vdpa: false),
        Match(members: ["address": "0000:06:00.0"], pf: true, vf: true, vdpa: true),
        Match(members: ["address": "0000:06:00.1"], pf: false, vf: true, vdpa: false),
        Match(members: ["address": "06:00.0"], pf: true, vf: false, vdpa: false),
        Match(members: ["address": ".2"], pf: false, vf: false, vdpa: true),
        Match(
            members: ["address": "0000:06:00.0", "product_id": "101e"], pf: false, vf: true,
            vdpa: true),
        Match(members: ["address": "0000:07:00.0"], pf: false, vf: false, vdpa: false),
        Match(members: ["devname": "ens1"], pf: true, vf: true, vdpa: true),
        Match(members: ["devname": "ens1v0"], pf: false, vf: true, vdpa: false),
        Match(members: ["devname": "ens1v1"], pf: false, vf: false, vdpa: true),
        Match(members: ["devname": "ens2"], pf: false, vf: false, vdpa: false),
    ])
    func matching(match: Match) throws {
        let entry = try Self.entry(match.members.map { ($0.key, .string($0.value)) })
        let interfaces = [
            "ens1": Card.address(0), "ens1v0": Card.address(1), "ens1v1": Card.address(2),
        ]
        #expect(entry.matches(Card.pf(), interfaces: interfaces) == match.pf)
        #expect(entry.matches(Card.vf(0), interfaces: interfaces) == match.vf)
        #expect(entry.matches(Card.vdpa(1), interfaces: interfaces) == match.vdpa)
    }

    @Test("without a map a device's own netdev is known, and the map wins over it")
    func netdevs() throws {
        let spec = DeviceSpec(entries: [try Self.entry([("devname", .string("ens1"))])])
        var pf = Card.pf()
        pf.interfaceName = "ens1"
        #expect(spec.match(pf) != nil)
        #expect(spec.match(Card.vf(0)) == nil)
        #expect(spec.match(pf, interfaces: ["ens1": Card.address(1)]) == nil)
        #expect(spec.offered([pf, Card.vf(0)]).count == 2)
    }

    @Test func theFirstEntryDecidesAndTagsTheDevice() throws {
        let spec = DeviceSpec(entries: [
            try Self.entry([
                ("address", .string("0000:06:00.2")), ("physical_network", .string("physnet2")),
                ("trusted", .bool(true)),
            ]),
            try Self.entry([
                ("product_id", .string("101e")), ("physical_network", .string("physnet1")),
                ("live_migratable", .string("false")),
            ]),
        ])
        var stale = Card.vdpa(1, network: "stale")
        stale.tags = DeviceTags()
        stale.tags?.managed = true
        let offered = spec.offered([Card.pf(), Card.vf(0, network: nil), stale])
        #expect(offered.map(\.id) == [DeviceID("vf0"), DeviceID("vdpa1")])
        #expect(offered.map(\.physicalNetwork) == ["physnet1", "physnet2"])
        #expect(offered.map(\.tags?.trusted) == [nil, true])
        #expect(offered.map(\.tags?.managed) == [nil, nil])
        #expect(offered.map(\.tags?.liveMigratable) == [false, nil])
        #expect(spec.match(Card.pf()) == nil)
        #expect(DeviceSpec(entries: []).offered([stale]).isEmpty)
    }

    @Test("what remote-managed entries need, and what is wrong with those that can't work")
    func remoteManaged() throws {
        func problems(_ json: String) throws -> [DeviceSpecProblem] {
            try DeviceSpec(json: [json]).problems(against: SpecHost.devices)
        }
        let pf = SpecHost.devices[0].address
        let start = #"{"remote_managed":"yes","address":"0000:06:00.0""#
        #expect(try problems(start + "}") == [.remoteManagedPF(entry: 0, address: pf)])
        #expect(
            try problems(start + #","product_id":"101d"}"#)
                == [.remoteManagedPF(entry: 0, address: pf)])
        #expect(
            try problems(start + #","product_id":"0001"}"#)
                == [.remoteManagedIDs(entry: 0, address: pf)])
        #expect(
            try problems(start + #","product_id":"101e","vendor_id":"8086"}"#)
                == [.remoteManagedIDs(entry: 0, address: pf)])
        #expect(try problems(start + #","product_id":"101e"}"#).isEmpty)
        #expect(
            try problems(#"{"remote_managed":true,"vendor_id":"8086"}"#)
                == [.remoteManagedWithoutSerial(entry: 0)])
        #expect(try SpecHost.offered(#"{"remote_managed":true,"devname":"ens1"}"#).isEmpty)
        // Open fields name no PF: what is left is every VF whose card has a serial number.
        #expect(
            try SpecHost.offered(#"{"remote_managed":true}"#)
                == Array(SpecHost.mellanox[1...3]))
    }

    @Test func entriesThatDecideNothingAreReported() throws {
        let spec = try DeviceSpec(json: [
            #"[{"vendor_id":"15b3"},{"address":"0000:06:00.3"},{"vendor_id":"ffff"}]"#
        ])
        let problems = spec.problems(against: SpecHost.devices)
        #expect(problems == [.shadowed(entry: 1, by: 0), .idle(entry: 2)])
        for problem in problems {
            #expect("\(problem)".hasPrefix("device_spec entry \(problem.entry) "))
            #expect(!problem.isError)
        }
    }
}
