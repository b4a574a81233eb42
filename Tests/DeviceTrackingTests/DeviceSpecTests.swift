import ComputeModel
import DeviceTracking
import Testing

@Suite struct DeviceSpecTests {
    typealias Member = (key: String, value: String?)

    private static func entry(_ members: [Member]) throws(DeviceSpecError) -> DeviceSpecEntry {
        try DeviceSpecEntry(parsing: members, entry: 3)
    }

    @Test(arguments: [
        ("15b3", "15b3"), ("15B3", "15b3"), ("0x15b3", "15b3"), ("0X1AF4", "1af4"), ("7", "0007"),
        ("*", nil), (nil, nil),
    ])
    func idsAreReadInAnyHexForm(text: String?, id: String?) throws {
        #expect(try Self.entry([("vendor_id", text)]).vendorID == id)
        #expect(try Self.entry([("product_id", text)]).productID == id)
    }

    @Test(arguments: ["", "0x", "15b3a", "xyz", "15 3", "-1", "１５b３"])
    func otherIdsAreErrorsThatNameTheEntry(text: String) {
        let error = #expect(throws: DeviceSpecError.self) {
            try Self.entry([("vendor_id", text)])
        }
        #expect(
            error
                == .badValue(
                    entry: 3, key: "vendor_id", found: text,
                    expected: "up to four hex digits or '*'"))
        #expect(error?.description.hasPrefix("device_spec entry 3: 'vendor_id' is '") == true)
    }

    @Test(arguments: ["06:00.3", "0000:06:00.*", "", "pci0"])
    func otherAddressesAreErrors(text: String) {
        let error = #expect(throws: DeviceSpecError.self) { try Self.entry([("address", text)]) }
        guard case .badValue(entry: 3, key: "address", found: text, _)? = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
    }

    @Test func addressesAndNetworksAreRead() throws {
        let entry = try Self.entry([
            ("address", "0000:06:00.3"), ("physical_network", "physnet1"),
        ])
        #expect(entry.address == PCIAddress("0000:06:00.3"))
        #expect(entry.physicalNetwork == "physnet1")
        let any = try Self.entry([("address", "*"), ("physical_network", nil)])
        #expect(any == DeviceSpecEntry())
    }

    @Test(arguments: ["", String(repeating: "n", count: 65)])
    func networkNamesHaveALength(name: String) {
        #expect(throws: DeviceSpecError.self) { try Self.entry([("physical_network", name)]) }
    }

    @Test(arguments: [
        ("vendorid", "vendor_id"), ("vendor-id", "vendor_id"), ("adress", "address"),
        ("physical_net", "physical_network"), ("productid", "product_id"), ("zz", nil), ("", nil),
    ])
    func unknownKeysNameTheNearest(key: String, nearest: String?) {
        let error = #expect(throws: DeviceSpecError.self) { try Self.entry([(key, "1")]) }
        #expect(error == .unknownKey(entry: 3, key: key, nearest: nearest))
        let text = error?.description ?? ""
        #expect(text.contains("entry 3: unknown key '\(key)'"))
        #expect(text.contains("Did you mean") == (nearest != nil))
        #expect(text.contains("physical_network"))
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
        Match(
            members: ["address": "0000:06:00.0", "product_id": "101e"], pf: false, vf: true,
            vdpa: true),
        Match(members: ["address": "0000:07:00.0"], pf: false, vf: false, vdpa: false),
    ])
    func matching(match: Match) throws {
        let entry = try Self.entry(match.members.map { (key: $0.key, value: $0.value) })
        #expect(entry.matches(Card.pf()) == match.pf)
        #expect(entry.matches(Card.vf(0)) == match.vf)
        #expect(entry.matches(Card.vdpa(1)) == match.vdpa)
    }

    @Test func theFirstEntryDecidesAndTagsTheDevice() throws {
        let spec = DeviceSpec(entries: [
            try Self.entry([("address", "0000:06:00.2"), ("physical_network", "physnet2")]),
            try Self.entry([("product_id", "101e"), ("physical_network", "physnet1")]),
        ])
        let all = [Card.pf(), Card.vf(0, network: nil), Card.vdpa(1, network: "stale")]
        let offered = spec.offered(all)
        #expect(offered.map(\.id) == [DeviceID("vf0"), DeviceID("vdpa1")])
        #expect(offered.map(\.physicalNetwork) == ["physnet1", "physnet2"])
        #expect(spec.match(Card.pf()) == nil)
        #expect(DeviceSpec(entries: []).offered(all).isEmpty)
    }
}
