import Testing

@testable import VDPA

@Suite("what vDPA devices are made on, and how fast links are")
struct ManagementDeviceTests {
    @Test("asking for all management devices")
    func request() {
        #expect(
            VDPANetlink.managementRequest(family: 0x23, sequence: 9).encoded()
                == NetlinkTests.bytes(
                    """
                    14000000 2300 0103 ; 20 bytes, family, request | dump
                    09000000 00000000
                    02 01 0000         ; VDPA_CMD_MGMTDEV_GET, version 1
                    """))
    }

    @Test("a VF of a card, with all that newer kernels say")
    func onBus() throws {
        let manager = try VDPANetlink.managementDevice(
            NetlinkFrame(
                type: 0x23, flags: 2, sequence: 9,
                payload: NetlinkTests.bytes(
                    """
                    01 01 0000                                   ; VDPA_CMD_MGMTDEV_NEW
                    0800 0100 70636900                           ; bus "pci"
                    1100 0200 303030303a30313a30302e3100 000000  ; "0000:01:00.1"
                    0c00 0300 0200000000000000                   ; classes: bit 1, net
                    0800 0f00 03000000                           ; 3 virtqueues
                    0c00 1000 2300010001000000                   ; features
                    """)))
        #expect(
            manager
                == .init(
                    name: "pci/0000:01:00.1", virtioDeviceIDs: 2, queueCountMax: 3,
                    features: 0x1_0001_0023))
        #expect(manager.makesNetworkCards)
    }

    @Test("a module, as older kernels tell of it")
    func module() throws {
        let manager = try VDPANetlink.managementDevice(
            NetlinkFrame(
                type: 0x23, flags: 2, sequence: 9,
                payload: NetlinkTests.bytes(
                    """
                    01 01 0000
                    1000 0200 7664706173696d5f626c6b00 ; "vdpasim_blk"
                    0c00 0300 0400000000000000         ; classes: bit 2, block
                    """)))
        #expect(manager.name == "vdpasim_blk")
        #expect(!manager.makesNetworkCards)
        #expect(manager.queueCountMax == nil && manager.features == nil)
    }

    @Test(
        "answers that lack what they must have",
        arguments: [
            ("0c00 0300 0200000000000000", NetlinkFormatError.missingAttribute(type: 2)),
            ("0800 0200 76313200", .missingAttribute(type: 3)),
            ("0800 0200 76313200 0800 0300 02000000", .badAttribute(type: 3, sizeBytes: 4)),
        ])
    func malformed(_ text: String, _ error: NetlinkFormatError) {
        let frame = NetlinkFrame(
            type: 0x23, flags: 0, sequence: 1, payload: [1, 1, 0, 0] + NetlinkTests.bytes(text))
        #expect(throws: error) { try VDPANetlink.managementDevice(frame) }
    }

    /// Machines with and without vDPA both run this.
    @Test("the kernel's list, or that there is no vDPA")
    func kernel() async throws {
        do {
            let managers = try await VDPANetlinkClient().managementDevices()
            #expect(managers.allSatisfy { !$0.name.isEmpty })
        } catch {
            #expect(error == .noFamily(VDPANetlink.familyName))
        }
    }

    @Test(
        "link speeds",
        arguments: [("25000", 25_000), ("-1", nil), ("0", nil), ("", nil), ("fast", nil)]
            as [(String, Int?)])
    func speed(_ text: String, _ expected: Int?) throws {
        let host = try FakeSysfs()
        try host.networkInterface("eth0", parent: nil, address: "52:54:00:00:00:01")
        try host.file("devices/virtual/net/eth0/speed", text)
        #expect(try host.tree.linkSpeedMbps(ofInterface: "eth0") == expected)
        #expect(try host.tree.linkSpeedMbps(ofInterface: "eth1") == nil)
        #expect(try host.tree.linkSpeedMbps(ofInterface: "../eth0") == nil)
    }
}
