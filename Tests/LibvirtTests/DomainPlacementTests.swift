import Foundation
import Testing

@testable import Libvirt

@Suite("where a domain lies on its host")
struct DomainPlacementTests {
    private static func definition(_ placement: DomainPlacement) -> DomainDefinition {
        var definition = DomainDefinition.sample()
        definition.placement = placement
        return definition
    }

    private static func pin(_ vcpu: Int, _ cpus: [Int]) -> DomainPlacement.Pin {
        DomainPlacement.Pin(vcpu: vcpu, hostCPUs: cpus)
    }

    private static let dedicated = DomainPlacement(
        pins: [pin(0, [4]), pin(1, [12])], emulatorCPUs: [0, 1, 2, 3, 8],
        cells: [
            DomainPlacement.Cell(vcpus: [0], memoryMiB: 256, hostNode: 0, hugePageKiB: 2_048),
            DomainPlacement.Cell(vcpus: [1], memoryMiB: 256, hostNode: 1, hugePageKiB: 1_048_576),
        ])

    private static let floating = DomainPlacement(
        cpuSet: [0, 1, 2],
        cells: [DomainPlacement.Cell(vcpus: [0, 1], memoryMiB: 512, hostNode: 3)])

    @Test("dedicated CPUs and huge pages in two nodes, byte by byte")
    func document() throws {
        let xml = Self.definition(Self.dedicated).xml()
        #expect(
            try Self.part(of: xml, from: "  <memory unit", to: "  <os>") == """
                  <memory unit='MiB'>512</memory>
                  <memoryBacking>
                    <hugepages>
                      <page size='2048' unit='KiB' nodeset='0'/>
                      <page size='1048576' unit='KiB' nodeset='1'/>
                    </hugepages>
                    <allocation mode='immediate'/>
                  </memoryBacking>
                  <vcpu placement='static'>2</vcpu>
                  <cputune>
                    <vcpupin vcpu='0' cpuset='4'/>
                    <vcpupin vcpu='1' cpuset='12'/>
                    <emulatorpin cpuset='0-3,8'/>
                  </cputune>
                  <numatune>
                    <memory mode='strict' nodeset='0-1'/>
                    <memnode cellid='0' mode='strict' nodeset='0'/>
                    <memnode cellid='1' mode='strict' nodeset='1'/>
                  </numatune>

                """)
        #expect(
            try Self.part(of: xml, from: "  <cpu mode", to: "  <clock") == """
                  <cpu mode='host-passthrough'>
                    <numa>
                      <cell id='0' cpus='0' memory='256' unit='MiB'/>
                      <cell id='1' cpus='1' memory='256' unit='MiB'/>
                    </numa>
                  </cpu>

                """)
    }

    @Test("shared CPUs of one node")
    func shared() throws {
        let xml = Self.definition(Self.floating).xml()
        #expect(
            try Self.part(of: xml, from: "  <memory unit", to: "  <os>") == """
                  <memory unit='MiB'>512</memory>
                  <memoryBacking>
                    <allocation mode='immediate'/>
                  </memoryBacking>
                  <vcpu placement='static' cpuset='0-2'>2</vcpu>
                  <numatune>
                    <memory mode='strict' nodeset='3'/>
                    <memnode cellid='0' mode='strict' nodeset='3'/>
                  </numatune>

                """)
        #expect(
            try Self.part(of: xml, from: "  <cpu mode", to: "  <clock") == """
                  <cpu mode='host-passthrough'>
                    <numa>
                      <cell id='0' cpus='0-1' memory='512' unit='MiB'/>
                    </numa>
                  </cpu>

                """)
    }

    @Test("nodes on pages of one size are listed together, those on ordinary pages not at all")
    func pages() throws {
        let cells = [nil, 2_048, 2_048].map {
            DomainPlacement.Cell(vcpus: [0], memoryMiB: 1, hostNode: 0, hugePageKiB: $0)
        }
        let xml = Self.definition(DomainPlacement(cells: cells)).xml()
        let pages = try XMLNode.parse(xml).descendant(["memoryBacking", "hugepages"])?.all("page")
        #expect(pages?.map { $0["nodeset"] } == ["1-2"])
    }

    @Test("libvirt takes it and keeps it", arguments: [dedicated, floating])
    private func define(_ placement: DomainPlacement) async throws {
        try await TestNode.withConnection { connection in
            let wanted = Self.definition(placement)
            _ = try await connection.define(xml: wanted.xml())
            try await connection.start(wanted.uuid)
            let before = try XMLNode.parse(wanted.xml())
            let after = try XMLNode.parse(try await connection.xml(wanted.uuid))
            for path in [["cputune"], ["numatune"]] {
                #expect(
                    after.descendant(path).map(Self.facts)
                        == before.descendant(path).map(Self.facts))
            }
            #expect(after.first("vcpu")?["cpuset"] == before.first("vcpu")?["cpuset"])
            let cells = after.descendant(["cpu", "numa"])?.all("cell") ?? []
            #expect(cells.map { $0["memory"] } == placement.cells.map { "\($0.memoryMiB * 1_024)" })
            #expect(cells.map { $0["unit"] } == placement.cells.map { _ in "KiB" })
            let pages = after.descendant(["memoryBacking", "hugepages"])?.all("page") ?? []
            #expect(
                pages.map { $0["size"] }
                    == placement.cells.compactMap { $0.hugePageKiB.map { "\($0)" } })
        }
    }

    @Test(
        "lists of numbers",
        arguments: [
            ([], ""), ([5], "5"), ([3, 1, 2], "1-3"), ([0, 2, 3, 9, 9], "0,2-3,9"),
        ] as [([Int], String)])
    func lists(_ numbers: [Int], _ text: String) {
        #expect(NumberList.text(numbers) == text)
        guard !numbers.isEmpty else { return }
        #expect(NumberList.numbers(text) == Set(numbers).sorted())
    }

    @Test("what is no list", arguments: ["", "a", "1-", "2-1", "-1", "1,,2", "0-99999"])
    func noList(_ text: String) {
        #expect(NumberList.numbers(text) == nil)
    }

    private static func facts(_ node: XMLNode) -> [String] {
        node.children.map { child in
            ([child.name]
                + child.attributes.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value)" })
                .joined(separator: " ")
        }
    }

    private static func part(of xml: String, from: String, to: String) throws -> String {
        let start = try #require(xml.range(of: from))
        let end = try #require(xml.range(of: to))
        return String(xml[start.lowerBound..<end.lowerBound])
    }
}
