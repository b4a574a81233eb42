import ComputeModel
import Foundation
import Testing

@Suite struct PCIAddressTests {
    @Test(arguments: [
        ("0000:06:00.3", 0, 6, 0, 3),
        ("ffff:ff:1f.7", 0xffff, 0xff, 0x1f, 7),
        ("0001:C4:1A.0", 1, 0xc4, 0x1a, 0),
    ])
    func readsTheFullForm(text: String, domain: UInt16, bus: UInt8, slot: UInt8, function: UInt8)
        throws
    {
        let address = try #require(PCIAddress(text))
        #expect(address.domain == domain)
        #expect(address.bus == bus)
        #expect(address.slot == slot)
        #expect(address.function == function)
        #expect(address.description == text.lowercased())
    }

    @Test(arguments: [
        "", "06:00.3", "0000:06:00", "0000:06:00.8", "0000:06:20.0", "10000:06:00.0",
        "0000:06:00.33", "0000-06-00.3", "0000:06:00:3", "000g:06:00.3", " 000:06:00.3",
        "0000:06:00.3 ", "0000:06:00.-", "+000:06:00.3", "００００:06:00.3", "0000:06:0\u{301}0.3",
    ])
    func refusesAnythingElse(text: String) {
        #expect(PCIAddress(text) == nil)
    }

    @Test(arguments: [(0x20, 0), (0, 8), (0xff, 0xff)])
    func refusesNumbersOutOfRange(slot: UInt8, function: UInt8) {
        #expect(PCIAddress(domain: 0, bus: 0, slot: slot, function: function) == nil)
    }

    @Test func ordersByDomainBusSlotFunction() throws {
        let texts = [
            "0000:00:00.0", "0000:00:00.7", "0000:00:01.0", "0000:01:00.0", "0000:ff:1f.7",
            "0001:00:00.0",
        ]
        let addresses = try texts.map { try #require(PCIAddress($0)) }
        #expect(addresses.shuffled().sorted() == addresses)
    }

    @Test func isWrittenAndReadAsText() throws {
        let address = try #require(PCIAddress("0000:C1:00.2"))
        let bytes = try JSONEncoder().encode([address])
        #expect(String(decoding: bytes, as: UTF8.self) == #"["0000:c1:00.2"]"#)
        #expect(try JSONDecoder().decode([PCIAddress].self, from: bytes) == [address])
    }

    @Test func aWrongTextIsShownWhenDecodingFails() throws {
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([PCIAddress].self, from: Data(#"["06:00.3"]"#.utf8))
        }
        guard case .dataCorrupted(let context)? = error else {
            Issue.record("expected corrupted data, found \(String(describing: error))")
            return
        }
        #expect(context.debugDescription.contains("'06:00.3'"))
    }
}
