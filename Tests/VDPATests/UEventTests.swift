import Testing

@testable import VDPA

@Suite("uevents of the kernel")
struct UEventTests {
    /// A datagram as the kernel sends it: each text has a zero at its end.
    static func datagram(_ texts: String...) -> [UInt8] {
        texts.flatMap { Array($0.utf8) + [0] }
    }

    static let vdpaBind = datagram(
        "bind@/devices/pci0000:00/0000:00:07.0/0000:01:00.1/vdpa0", "ACTION=bind",
        "DEVPATH=/devices/pci0000:00/0000:00:07.0/0000:01:00.1/vdpa0", "SUBSYSTEM=vdpa",
        "DRIVER=vhost_vdpa", "SEQNUM=2391")

    @Test("byte for byte")
    func bytes() throws {
        let datagram = NetlinkTests.bytes(
            """
            616464402f642f76 00        ; "add@/d/v"
            414354494f4e3d616464 00    ; "ACTION=add"
            53554253595354454d3d76647061 00 ; "SUBSYSTEM=vdpa"
            5345514e554d3d37 00        ; "SEQNUM=7"
            """)
        let event = try UEvent(datagram)
        #expect(event.action == .add)
        #expect(event.path == "/d/v")
        #expect(event.subsystem == "vdpa")
        #expect(event.properties == ["ACTION": "add", "SUBSYSTEM": "vdpa", "SEQNUM": "7"])
        #expect(event.concernsDevices)
    }

    @Test("a vDPA device that is bound to vhost_vdpa")
    func bind() throws {
        let event = try UEvent(Self.vdpaBind)
        #expect(event.action == .bind)
        #expect(event.path.hasSuffix("/0000:01:00.1/vdpa0"))
        #expect(event.properties["DRIVER"] == "vhost_vdpa")
    }

    @Test(
        "what the kernel says happened",
        arguments: [
            ("add", .add), ("remove", .remove), ("change", .change), ("move", .move),
            ("bind", .bind), ("unbind", .unbind), ("offline", .other("offline")),
        ] as [(String, UEvent.Action)])
    func actions(_ word: String, _ action: UEvent.Action) throws {
        #expect(try UEvent(Self.datagram("\(word)@/devices/x", "ACTION=\(word)")).action == action)
    }

    @Test(
        "whom it concerns",
        arguments: [
            ("/devices/pci0000:00/0000:01:00.0", "SUBSYSTEM=pci", true),
            ("/devices/virtual/net/tap0", "SUBSYSTEM=net", true),
            ("/devices/pci0000:00/0000:01:00.1/vdpa0", "SUBSYSTEM=vdpa", true),
            ("/devices/pci0000:00/0000:01:00.1/vdpa0/vhost-vdpa-0", "MAJOR=511", true),
            ("/devices/virtual/misc/x", "DEVNAME=vhost-vdpa-3", true),
            ("/devices/virtual/misc/vhost-net", "SUBSYSTEM=misc", false),
            ("/devices/virtual/net/tap0/queues/rx-0", "SUBSYSTEM=queues", false),
            ("/devices/pci0000:00/ata1/block/sda", "SUBSYSTEM=block", false),
            ("/module/vhost_vdpa", "SUBSYSTEM=module", false),
        ])
    func concern(_ path: String, _ property: String, _ isDevice: Bool) throws {
        #expect(
            try UEvent(Self.datagram("change@\(path)", property)).concernsDevices == isDevice)
    }

    @Test(
        "what is no event of the kernel's",
        arguments: [
            ([], .unterminated),
            (Array("add@/x".utf8), .unterminated),
            (datagram("add@/x", "A=1").dropLast(), .unterminated),
            (datagram("libudev", "A=1"), .badHeader("libudev")),
            (datagram("@/x", "A=1"), .badHeader("@/x")),
            (datagram("add@x", "A=1"), .badHeader("add@x")),
            (datagram("add@/x", "A"), .badProperty("A")),
            (datagram("add@/x", "=1"), .badProperty("=1")),
            (datagram("add@/x", "", "A=1"), .badProperty("")),
            ([UInt8](repeating: 65, count: 8_193), .tooLong(sizeBytes: 8_193)),
            (datagram("add@/x") + [UInt8](repeating: 0, count: 200), .tooManyProperties),
        ] as [([UInt8], UEventFormatError)])
    func malformed(_ datagram: [UInt8], _ error: UEventFormatError) {
        #expect(throws: error) { try UEvent(datagram) }
    }

    @Test("no cut and no flipped byte traps")
    func mutations() {
        var read = 0
        for length in 0...Self.vdpaBind.count {
            read += Self.isReadable(Self.vdpaBind.prefix(length)) ? 1 : 0
        }
        for index in Self.vdpaBind.indices {
            for value in [0x00, 0x3D, 0x40, 0x80, 0xFF] as [UInt8] {
                var bytes = Self.vdpaBind
                bytes[index] = value
                read += Self.isReadable(bytes[...]) ? 1 : 0
            }
        }
        #expect(read > 0)
    }

    private static func isReadable(_ bytes: ArraySlice<UInt8>) -> Bool {
        do { return try !UEvent(bytes).path.isEmpty } catch { return false }
    }
}

@Suite("what becomes of uevents")
struct UEventIntakeTests {
    private static func received(_ bytes: [UInt8], port: UInt32 = 0) -> UEventIntake.Received {
        .datagram(bytes, size: bytes.count, senderPort: port)
    }

    @Test("good events pass, others' and other processes' don't")
    func passing() throws {
        var intake = UEventIntake()
        let event = try UEvent(UEventTests.vdpaBind)
        #expect(intake.take(Self.received(UEventTests.vdpaBind)) == .event(event))
        #expect(intake.take(Self.received(UEventTests.vdpaBind, port: 4711)) == nil)
        let block = UEventTests.datagram("add@/devices/sda", "SUBSYSTEM=block")
        #expect(intake.take(Self.received(block)) == nil)
    }

    @Test("lost events are told of once, until one comes again")
    func misses() throws {
        var intake = UEventIntake()
        let event = try UEvent(UEventTests.vdpaBind)
        #expect(intake.take(.overrun) == .missed)
        #expect(intake.take(.overrun) == nil)
        #expect(intake.take(Self.received(Array("nonsense".utf8))) == nil)
        #expect(intake.take(Self.received(UEventTests.vdpaBind)) == .event(event))
        #expect(intake.take(Self.received(Array("nonsense".utf8))) == .missed)
        #expect(intake.take(.datagram([1], size: 9_000, senderPort: 0)) == nil)
        let block = UEventTests.datagram("add@/devices/sda", "SUBSYSTEM=block")
        #expect(intake.take(Self.received(block)) == nil)
        #expect(intake.take(.datagram([1], size: 9_000, senderPort: 0)) == .missed)
    }
}
