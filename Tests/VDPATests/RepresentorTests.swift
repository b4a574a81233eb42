import Testing
import VDPA

@Suite("Representors")
struct RepresentorTests {
    @Test(
        "port names",
        arguments: [
            ("3", PortName.virtualFunction(index: 3, pf: nil)),
            ("0", .virtualFunction(index: 0, pf: nil)),
            ("vf3", .virtualFunction(index: 3, pf: nil)),
            ("pf0vf3", .virtualFunction(index: 3, pf: 0)),
            ("pf1vf127", .virtualFunction(index: 127, pf: 1)),
            ("p0", .uplink), ("p12", .uplink), ("p0s1", .uplink),
            ("pf0", .other), ("pf0sf7", .other), ("sf7", .other), ("pf0vf", .other),
            ("pf0vf3x", .other), ("pfvf3", .other), ("vf", .other), ("vf-1", .other),
            ("vf+1", .other), ("pf0vf 3", .other), ("c1pf0vf3", .other), ("", .other),
            ("p", .other), ("p0s", .other), ("p0s1s2", .other), ("-1", .other),
            ("99999999999999999999", .other), ("vf99999999999999999999", .other),
            ("\u{0663}", .other),
        ])
    func portNames(text: String, name: PortName) {
        #expect(PortName(text) == name)
    }

    static let first = PCIFunction.Address("0000:06:00.0")
    static let second = PCIFunction.Address("0000:06:00.1")

    @Test(
        "each function of a two-port card has its own",
        arguments: [
            (first, 0, "enp6s0f0npf0vf0"), (first, 1, "enp6s0f0npf0vf1"),
            (second, 0, "enp6s0f1npf1vf0"), (second, 1, "enp6s0f1npf1vf1"),
            (first, 2, nil), (first, 10, nil),
        ] as [(PCIFunction.Address?, Int, String?)])
    func mlx5(physical: PCIFunction.Address?, index: Int, name: String?) throws {
        let host = try FakeSysfs.mlx5()
        let interfaces = try host.tree.networkInterfaces()
        let found = try Representors.representor(
            ofVirtualFunction: index, of: try #require(physical), among: interfaces)
        #expect(found?.name == name)
    }

    @Test("the uplink is the port to the outside, not a representor")
    func uplinks() throws {
        let host = try FakeSysfs.mlx5()
        let interfaces = try host.tree.networkInterfaces()
        let uplink = Representors.uplink(of: try #require(Self.second), among: interfaces)
        #expect(uplink?.name == "enp6s0f1np1")
        #expect(uplink?.macAddress == "0c:42:a1:00:00:01")
        let other = try #require(PCIFunction.Address("0000:07:00.0"))
        #expect(Representors.uplink(of: other, among: interfaces) == nil)
    }

    /// Interfaces as (name, switch id, port name, PCI address), and the representor of VF 3 of
    /// `0000:06:00.1`; the physical function's own interface always has switch id "s".
    static let cases: [([(String, String?, String?, String?)], String?)] = [
        ([], nil),
        ([("r", "s", "3", nil)], "r"),
        ([("r", "s", "vf3", nil)], "r"),
        ([("r", "s", "pf1vf3", nil)], "r"),
        ([("r", "s", "pf0vf3", nil)], nil),
        ([("r", "other", "3", nil)], nil),
        ([("r", nil, "3", nil)], nil),
        ([("r", "s", nil, nil)], nil),
        ([("r", "s", "13", nil), ("q", "s", "31", nil)], nil),
        ([("r", "s", "pf1vf31", nil)], nil),
        ([("r", "s", "c1pf1vf3", nil)], nil),
        // Another card in the same switch that doesn't say whose its ports are.
        ([("r", "s", "3", "0000:06:00.1"), ("q", "s", "3", "0000:06:00.0")], "r"),
    ]

    @Test("rules", arguments: cases.indices)
    func rules(index: Int) throws {
        let (others, wanted) = Self.cases[index]
        let found = try Representors.representor(
            ofVirtualFunction: 3, of: try #require(Self.second), among: Self.interfaces(others))
        #expect(found?.name == wanted)
    }

    @Test("several that fit are refused")
    func ambiguous() throws {
        let interfaces = Self.interfaces([("r", "s", "3", nil), ("q", "s", "vf3", nil)])
        let physical = try #require(Self.second)
        #expect(
            throws: VDPAError.ambiguousRepresentor(
                virtualFunction: "VF 3 of 0000:06:00.1", interfaces: ["r", "q"])
        ) {
            try Representors.representor(ofVirtualFunction: 3, of: physical, among: interfaces)
        }
    }

    private static func interfaces(
        _ others: [(String, String?, String?, String?)]
    ) -> [NetworkInterface] {
        ([("uplink", "s", "p1", "0000:06:00.1")] + others).map { name, switchID, port, address in
            NetworkInterface(
                name: name, macAddress: nil, switchID: switchID,
                portName: port.map { PortName($0) },
                pciAddress: address.flatMap { PCIFunction.Address($0) })
        }
    }

    @Test(
        "PCI addresses",
        arguments: [
            ("0000:06:00.3", "0000:06:00.3"), ("0000:AF:1f.7", "0000:af:1f.7"),
            ("10000:e1:00.0", "10000:e1:00.0"), ("0000:06:20.0", nil), ("0000:06:00.8", nil),
            ("06:00.0", nil), ("0000:06:00", nil), ("0000:6:00.0", nil), ("0000:06:00.00", nil),
            ("+000:06:00.0", nil), ("0000:06:-1.0", nil), ("0000:06:00.0.1", nil), ("", nil),
            ("0000:06:00:0", nil), ("000000000:06:00.0", nil), ("00:06:00.0", nil),
            ("\u{FF10}000:06:00.0", nil), ("pci0000:00", nil),
        ] as [(String, String?)])
    func addresses(text: String, normal: String?) {
        #expect(PCIFunction.Address(text)?.description == normal)
    }
}
