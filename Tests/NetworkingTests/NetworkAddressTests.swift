import ComputeModel
import Foundation
import Testing

@testable import Networking

@Suite struct NetworkAddressTests {
    @Test(arguments: [
        ("10.1.0.77", "10.1.0.77"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("fd00:2::", "fd00:2::"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
        ("FD00:0:0:1:0:0:0:1", "fd00:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:10.0.0.1", "::ffff:a00:1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ])
    func writesAddressesInTheirCanonicalForm(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(arguments: [
        "", "10.1.0", "10.1.0.256", "10.1.0.01", "10.1.0.1.1", "10.1.0.+1", "a.b.c.d",
        "10.1.0.1/24",
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::",
        "fe80::1%eth0",
        "::1.2.3", "1.2.3.4::", "1:2:3:4:5:6:7::8",
    ])
    func refusesWhatIsNoAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        // text, first, last, lowest and highest address for guests
        ("10.1.0.0/16", "10.1.0.0", "10.1.255.255", "10.1.0.1", "10.1.255.254"),
        ("10.1.2.3/16", "10.1.0.0", "10.1.255.255", "10.1.0.1", "10.1.255.254"),
        ("192.0.2.4/30", "192.0.2.4", "192.0.2.7", "192.0.2.5", "192.0.2.6"),
        ("192.0.2.4/31", "192.0.2.4", "192.0.2.5", "192.0.2.4", "192.0.2.5"),
        ("192.0.2.4", "192.0.2.4", "192.0.2.4", "192.0.2.4", "192.0.2.4"),
        (
            "fd00:2::/64", "fd00:2::", "fd00:2::ffff:ffff:ffff:ffff", "fd00:2::1",
            "fd00:2::ffff:ffff:ffff:ffff"
        ),
        (
            "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
        ),
    ])
    func knowsThePrefixesRange(
        text: String, first: String, last: String, low: String, high: String
    ) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(prefix.first.description == first)
        #expect(prefix.last.description == last)
        #expect(prefix.usable.lowerBound.description == low)
        #expect(prefix.usable.upperBound.description == high)
    }

    @Test(arguments: [
        "10.1.0.0/33", "10.1.0.0/-1", "10.1.0.0/", "/8", "10.1.0.0/8/8", "fd00::/129",
    ])
    func refusesWhatIsNoPrefix(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.9.0.0/16", true), ("10.9.0.0/16", "10.0.0.0/8", true),
        ("10.0.0.0/16", "10.1.0.0/16", false), ("10.0.0.0/8", "fd00::/8", false),
        ("fd00:1::/64", "fd00:1::/48", true),
    ])
    func tellsOverlaps(left: String, right: String, overlap: Bool) throws {
        #expect(try #require(IPPrefix(left)).overlaps(#require(IPPrefix(right))) == overlap)
    }

    @Test(arguments: [
        ("10.1.0.0/16", "10.1.0.1", ["10.1.0.2-10.1.255.254"]),
        ("10.1.0.0/29", "10.1.0.4", ["10.1.0.1-10.1.0.3", "10.1.0.5-10.1.0.6"]),
        ("10.1.0.0/29", "10.1.0.6", ["10.1.0.1-10.1.0.5"]),
        ("10.1.0.0/29", nil, ["10.1.0.1-10.1.0.6"]),
        ("fd00:2::/64", "fd00:2::", ["fd00:2::1-fd00:2::ffff:ffff:ffff:ffff"]),
        ("192.0.2.1/32", "192.0.2.1", []),
    ])
    func leavesTheGatewayOutOfThePools(cidr: String, gateway: String?, pools: [String]) throws {
        let prefix = try #require(IPPrefix(cidr))
        let made = AddressPools(of: prefix, gateway: gateway.flatMap { IPAddress($0) })
        #expect(made.stored.map { "\($0.start)-\($0.end)" } == pools)
    }

    @Test func givesAddressesOfTheWindowOnlyAndAllOfThem() throws {
        let prefix = try #require(IPPrefix("10.0.0.0/28"))
        let pools = AddressPools(of: prefix, gateway: IPAddress("10.0.0.1"))
        let taken: Set<IPAddress> = [try #require(IPAddress("10.0.0.2"))]
        let given = Set(
            (0..<8).compactMap { chance in
                pools.free(window: 4, chance: chance) { taken.contains($0) }?.description
            })
        #expect(given == ["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"])
        #expect(pools.free(window: 4, chance: 0) { _ in true } == nil)
    }

    @Test func findsTheOneFreeAddressOfALargeNetworkInOnePass() throws {
        let prefix = try #require(IPPrefix("10.0.0.0/16"))
        let pools = AddressPools(of: prefix, gateway: IPAddress("10.0.0.1"))
        let free = try #require(IPAddress("10.0.255.254"))
        var looks = 0
        let found = pools.free(window: 64, chance: 7) { address in
            looks += 1
            return address != free
        }
        #expect(found == free)
        #expect(looks == 65_533)
    }

    @Test func endsAtTheLastAddressThereIs() throws {
        let last = IPAddress(.v6, .max)
        let pools = AddressPools([last...last])
        #expect(pools.free(window: 4, chance: 3) { _ in false } == last)
    }

    @Test(arguments: [
        ("FA:16:3E:00:00:77", "fa:16:3e:00:00:77"), ("00-11-22-33-44-55", "00:11:22:33:44:55"),
    ])
    func readsMACs(text: String, canonical: String) {
        #expect(MACAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "fa:16:3e:00:00", "fa:16:3e:00:00:7", "fa:16:3e:00:00:77:88", "fa:16:3e:00:00:zz",
        "fa:16:3e:00:00:+7",
    ])
    func refusesWhatIsNoMAC(text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test func makesMACsUnderTheUsualPrefix() throws {
        let seed = try #require(UUID(uuidString: "00000000-0000-0000-0000-000000ABCDEF"))
        #expect(MACAddress(seed: seed).description == "fa:16:3e:ab:cd:ef")
        #expect(MACAddress(seed: seed).isUnicast)
        #expect(MACAddress("01:00:5e:00:00:01")?.isUnicast == false)
        #expect(MACAddress("00:00:00:00:00:00")?.isUnicast == false)
    }

    /// The pair that a real Neutron gave out.
    @Test func numbersGuestsByTheirMAC() throws {
        let mac = try #require(MACAddress("fa:16:3e:48:f3:41"))
        let prefix = try #require(IPPrefix("fd00:2::/64"))
        #expect(mac.slaacAddress(in: prefix)?.description == "fd00:2::f816:3eff:fe48:f341")
        #expect(mac.slaacAddress(in: try #require(IPPrefix("fd00:2::/48"))) == nil)
    }
}
