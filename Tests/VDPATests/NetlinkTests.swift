import Testing

@testable import VDPA

@Suite("Netlink frames")
struct NetlinkTests {
    /// Bytes from hexadecimal text; what follows a `;` in a line is a remark.
    static func bytes(_ text: String) -> [UInt8] {
        let digits = text.split(separator: "\n").flatMap { line in
            line.prefix { $0 != ";" }.filter { !$0.isWhitespace }
        }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
    }

    @Test("asking the controller for a family")
    func resolve() {
        #expect(
            GenericNetlink.resolve(name: "vdpa", sequence: 1).encoded()
                == Self.bytes(
                    """
                    20000000  ; length 32
                    1000      ; type 16, the controller
                    0100      ; flags: request
                    01000000  ; sequence
                    00000000  ; port
                    03 02 0000 ; CTRL_CMD_GETFAMILY, version 2
                    0900 0200 ; 9 bytes, CTRL_ATTR_FAMILY_NAME
                    76647061 00 000000 ; "vdpa", padded
                    """))
    }

    @Test("asking for all devices, and for one's configuration")
    func requests() {
        #expect(
            VDPANetlink.devicesRequest(family: 0x23, sequence: 7).encoded()
                == Self.bytes(
                    """
                    14000000 2300 0103 ; 20 bytes, family, request | dump
                    07000000 00000000
                    05 01 0000         ; VDPA_CMD_DEV_GET, version 1
                    """))
        #expect(
            VDPANetlink.configRequest(device: "vdpa10", family: 0x23, sequence: 8).encoded()
                == Self.bytes(
                    """
                    20000000 2300 0100 ; 32 bytes, family, request
                    08000000 00000000
                    06 01 0000         ; VDPA_CMD_DEV_CONFIG_GET, version 1
                    0b00 0400          ; 11 bytes, VDPA_ATTR_DEV_NAME
                    76647061 3130 00 00 ; "vdpa10", padded
                    """))
    }

    @Test("the controller's answer")
    func family() throws {
        let frames = try NetlinkFrame.decode(
            Self.bytes(
                """
                30000000 1000 0000 01000000 d2040000 ; 48 bytes, to port 1234
                01 02 0000                           ; CTRL_CMD_NEWFAMILY
                0900 0200 76647061 00 000000         ; name
                0600 0100 2300 0000                  ; CTRL_ATTR_FAMILY_ID: 0x23
                0800 0300 01000000                   ; version
                """))
        #expect(frames.count == 1)
        #expect(frames[0].port == 1234)
        #expect(try GenericNetlink.familyID(frames[0]) == 0x23)
    }

    /// Two devices and the end of the dump in one datagram, as the kernel sends them.
    static let dump = bytes(
        """
        64000000 2300 0200 07000000 d2040000 ; 100 bytes, multi
        03 01 0000                           ; VDPA_CMD_DEV_NEW
        0800 0100 70636900                   ; bus "pci"
        1100 0200 303030303a30313a30302e3100 000000 ; "0000:01:00.1"
        0a00 0400 766470613000 0000          ; name "vdpa0"
        0800 0500 01000000                   ; virtio device type 1: net
        0800 0600 f41a0000                   ; vendor 0x1af4
        0800 0700 03000000                   ; 3 virtqueues
        0600 0800 0001 0000                  ; 256 entries
        0600 0900 0100 0000                  ; 1 at least
        48000000 2300 0200 07000000 d2040000 ; 72 bytes
        03 01 0000
        1000 0200 7664706173696d5f6e657400   ; "vdpasim_net", without a bus
        0900 0400 73696d30 00 000000         ; "sim0"
        0800 0500 02000000                   ; 2: block
        0800 0680 00000000                   ; the type's upper bits don't count
        0800 0700 01000000
        14000000 0300 0200 07000000 d2040000 ; NLMSG_DONE
        00000000
        """)

    @Test("a list of devices")
    func devices() throws {
        var answers = NetlinkAnswers(sequence: 7, isDump: true, frameCountMax: 10)
        try answers.add(try NetlinkFrame.decode(Self.dump))
        #expect(answers.isComplete)
        #expect(!answers.isInterrupted)
        #expect(answers.errorNumber == nil)
        let devices = try answers.frames.map { try VDPANetlink.device($0) }
        #expect(
            devices == [
                .init(
                    name: "vdpa0", managementDevice: "pci/0000:01:00.1",
                    virtioDeviceID: VDPANetlink.VirtioDeviceID.net, vendorID: 0x1AF4,
                    queueCountMax: 3, queueSizeMax: 256),
                .init(
                    name: "sim0", managementDevice: "vdpasim_net",
                    virtioDeviceID: VDPANetlink.VirtioDeviceID.block, vendorID: 0,
                    queueCountMax: 1, queueSizeMax: nil),
            ])
    }

    @Test("a configuration with everything")
    func config() throws {
        let frame = try #require(
            try NetlinkFrame.decode(
                Self.bytes(
                    """
                    64000000 2300 0000 08000000 d2040000 ; 100 bytes
                    06 01 0000
                    0a00 0400 766470613000 0000  ; "vdpa0"
                    0800 0500 01000000           ; net
                    0a00 0a00 525401000201 0000  ; MAC address
                    0600 0b00 0100 0000          ; status: link up
                    0600 0c00 0400 0000          ; 4 queue pairs
                    0600 0d00 dc05 0000          ; MTU 1500
                    0c00 0e00 2000000001000000   ; negotiated: bits 5 and 32
                    0c00 1500 2300010001000000   ; offered: bits 0, 1, 5, 16, 32
                    """)
            ).first)
        let config = try VDPANetlink.config(frame)
        #expect(
            config
                == .init(
                    name: "vdpa0", macAddress: "52:54:01:00:02:01", status: 1,
                    queuePairCountMax: 4, mtuBytes: 1500, deviceFeatures: 0x1_0001_0023,
                    negotiatedFeatures: 0x1_0000_0020))
        #expect(config.status.map { $0 & 1 } == 1)
    }

    @Test("a configuration with next to nothing, and a MAC address of zeros")
    func bareConfig() throws {
        let frame = NetlinkFrame(
            type: 0x23, flags: 0, sequence: 1,
            payload: Self.bytes(
                """
                06 01 0000
                0a00 0400 766470613000 0000
                0a00 0a00 000000000000 0000
                """))
        let config = try VDPANetlink.config(frame)
        #expect(config.name == "vdpa0")
        #expect(config.macAddress == nil)
        #expect(config.status == nil)
        #expect(config.mtuBytes == nil)
        #expect(config.deviceFeatures == nil)
    }

    @Test("the kernel's refusal")
    func refusal() throws {
        var answers = NetlinkAnswers(sequence: 8, isDump: false, frameCountMax: 10)
        try answers.add(
            try NetlinkFrame.decode(
                Self.bytes(
                    """
                    24000000 0200 0000 08000000 d2040000 ; NLMSG_ERROR
                    edffffff                             ; -19, ENODEV
                    20000000 2300 0100 08000000 00000000 ; the request's header
                    """)))
        #expect(answers.isComplete)
        #expect(answers.errorNumber == 19)
    }

    @Test("late answers, interruptions, errors at the end, and too many messages")
    func answers() throws {
        let other = NetlinkFrame(type: 0x23, flags: 0, sequence: 1, payload: [])
        var late = NetlinkAnswers(sequence: 2, isDump: false, frameCountMax: 10)
        try late.add([other])
        #expect(!late.isComplete && late.frames.isEmpty)

        var frame = other
        frame.flags = NetlinkFrame.Flag.dumpInterrupted
        var interrupted = NetlinkAnswers(sequence: 1, isDump: true, frameCountMax: 10)
        try interrupted.add([frame])
        #expect(interrupted.isInterrupted && !interrupted.isComplete)

        var overrun = NetlinkAnswers(sequence: 1, isDump: true, frameCountMax: 10)
        try overrun.add([.init(type: 4, flags: 0, sequence: 1, payload: [])])
        #expect(overrun.isInterrupted && overrun.isComplete)

        var failed = NetlinkAnswers(sequence: 1, isDump: true, frameCountMax: 10)
        try failed.add([other, .init(type: 3, flags: 0, sequence: 1, payload: [0, 0, 0, 0x80])])
        #expect(failed.errorNumber == .max)

        var short = NetlinkAnswers(sequence: 1, isDump: true, frameCountMax: 10)
        #expect(throws: NetlinkFormatError.truncatedHeader(sizeBytes: 3)) {
            try short.add([.init(type: 2, flags: 0, sequence: 1, payload: [0, 0, 0])])
        }
        var many = NetlinkAnswers(sequence: 1, isDump: true, frameCountMax: 2)
        #expect(throws: NetlinkFormatError.self) { try many.add([other, other, other]) }
    }

    static let malformed: [(String, NetlinkFormatError)] = [
        ("00", .truncatedHeader(sizeBytes: 1)),
        ("14000000 1000 0000 01000000 000000", .truncatedHeader(sizeBytes: 15)),
        ("0f000000 1000 0000 01000000 00000000", .badLength(15, available: 16)),
        ("00000000 1000 0000 01000000 00000000", .badLength(0, available: 16)),
        ("11000000 1000 0000 01000000 00000000", .badLength(17, available: 16)),
        ("ffffffff 1000 0000 01000000 00000000", .badLength(0xFFFF_FFFF, available: 16)),
    ]

    @Test("messages that break the format", arguments: malformed)
    func malformedFrame(text: String, error: NetlinkFormatError) {
        #expect(throws: error) { try NetlinkFrame.decode(Self.bytes(text)) }
    }

    static let badAttributes: [(String, NetlinkFormatError)] = [
        ("", .missingAttribute(type: 4)),
        ("0400 0400", .missingAttribute(type: 4)),
        ("0300 0400", .badLength(3, available: 4)),
        ("0900 0400 76647061", .badLength(9, available: 8)),
        ("0600 0400 7600 0000 0900 0a00 0102030405 000000", .badAttribute(type: 10, sizeBytes: 5)),
        ("0600 0400 7600 0000 0500 0d00 01 000000", .badAttribute(type: 13, sizeBytes: 1)),
    ]

    @Test("attributes that break the format", arguments: badAttributes)
    func badAttribute(text: String, error: NetlinkFormatError) {
        let frame = NetlinkFrame(
            type: 0x23, flags: 0, sequence: 1, payload: [6, 1, 0, 0] + Self.bytes(text))
        #expect(throws: error) { try VDPANetlink.config(frame) }
    }

    @Test("a message too short for its own header")
    func shortPayload() {
        let frame = NetlinkFrame(type: 0x23, flags: 0, sequence: 1, payload: [6, 1])
        #expect(throws: NetlinkFormatError.truncatedHeader(sizeBytes: 2)) {
            try VDPANetlink.device(frame)
        }
    }

    @Test("no cut and no flipped byte of a dump traps")
    func mutations() {
        var read = 0
        for length in 0...Self.dump.count { read += Self.tryToRead(Self.dump.prefix(length)) }
        for index in Self.dump.indices {
            for value in [0x00, 0x01, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = Self.dump
                bytes[index] = value
                read += Self.tryToRead(bytes[...])
            }
        }
        #expect(read > 0)
    }

    /// The number of devices that could be read; any error will do.
    private static func tryToRead(_ bytes: ArraySlice<UInt8>) -> Int {
        do {
            return try NetlinkFrame.decode(Array(bytes)).map { try VDPANetlink.device($0) }.count
        } catch {
            return 0
        }
    }
}

@Suite("Netlink, against the kernel")
struct NetlinkKernelTests {
    @Test("the controller knows itself")
    func controller() async throws {
        #expect(try await VDPANetlinkClient().resolve(family: "nlctrl") == 16)
    }

    @Test("a family that isn't there", arguments: ["millrace-none", "longer-than-a-name-can-be"])
    func missing(name: String) async {
        await #expect(throws: VDPAError.noFamily(name)) {
            try await VDPANetlinkClient().resolve(family: name)
        }
    }

    /// Machines with and without vDPA both run this: either the module is missing, which is its
    /// own error, or the list can be read and no device has this name.
    @Test("a device that isn't there")
    func device() async throws {
        let name = "millrace-no-such-device"
        let error = await #expect(throws: VDPAError.self) {
            try await VDPANetlinkClient().config(device: name)
        }
        let wanted: [VDPAError] = [.noDevice(name), .noFamily(VDPANetlink.familyName)]
        #expect(error.map(wanted.contains) == true)
        do {
            let devices = try await VDPANetlinkClient().devices()
            #expect(!devices.map(\.name).contains(name))
        } catch {
            #expect(error == .noFamily(VDPANetlink.familyName))
        }
    }

    @Test("names that can't be a device's are not asked for")
    func names() async {
        for name in ["", String(repeating: "a", count: 70_000)] {
            await #expect(throws: VDPAError.noDevice(name)) {
                try await VDPANetlinkClient().config(device: name)
            }
        }
    }
}
