import Foundation
import Testing

@testable import Libvirt

@Suite("documents for the host that a guest moves to")
struct PlacementRewritingTests {
    private static func xml(_ placement: DomainPlacement) -> String {
        var definition = DomainDefinition.sample(
            uuid: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)))
        definition.interfaces = []
        definition.placement = placement
        return definition.xml()
    }

    private static func pinned(_ cpus: [Int], node: Int) -> DomainPlacement {
        DomainPlacement(
            pins: cpus.enumerated().map { .init(vcpu: $0, hostCPUs: [$1]) }, emulatorCPUs: cpus,
            cells: [.init(vcpus: [0, 1], memoryMiB: 512, hostNode: node)])
    }

    private static let confined = DomainPlacement(cpuSet: [0, 1, 2, 3])

    /// Parsed elements have their attributes sorted, so only trees can be compared.
    private func tree(_ xml: String) throws -> XMLNode {
        try XMLNode.parse(try XMLNode.parse(xml).xml())
    }

    @Test(
        "the same as if it had been defined there",
        arguments: [
            (pinned([4, 5], node: 0), pinned([8, 9], node: 1)),
            (pinned([4, 5], node: 0), pinned([4, 5], node: 0)),
            (confined, DomainPlacement()), (confined, DomainPlacement(cpuSet: [7])),
            (DomainPlacement(), confined), (DomainPlacement(), DomainPlacement()),
        ])
    func moved(_ from: DomainPlacement, _ to: DomainPlacement) throws {
        let moved = try PlacementRewriting.document(Self.xml(from), to)
        let found = try tree(moved)
        let expected = try tree(Self.xml(to))
        func sorted(_ node: XMLNode) -> [String] { node.children.map { $0.xml() }.sorted() }
        #expect(sorted(found) == sorted(expected))
        #expect(found.attributes == expected.attributes)
    }

    @Test("what Millrace did not write stays")
    func others() throws {
        let xml = """
            <domain type='kvm'><uuid>x</uuid>
            <vcpu placement='static' cpuset='0-3' current='1'>2</vcpu>
            <cputune><shares>2048</shares><vcpupin vcpu='0' cpuset='1'/>
            <emulatorpin cpuset='2'/><iothreadpin iothread='1' cpuset='3'/></cputune>
            <numatune><memory mode='strict' nodeset='0'/></numatune>
            <devices><disk type='file'><source file='/a &amp; b'/></disk></devices></domain>
            """
        let moved = try XMLNode.parse(try PlacementRewriting.document(xml, DomainPlacement()))
        #expect(moved.first("vcpu")?["cpuset"] == nil)
        #expect(moved.first("vcpu")?["current"] == "1")
        #expect(moved.first("vcpu")?.text == "2")
        #expect(moved.first("cputune")?.children.map(\.name) == ["shares"])
        #expect(moved.first("numatune") == nil)
        #expect(moved.descendant(["devices", "disk", "source"])?["file"] == "/a & b")
    }

    @Test(
        "whether a guest is kept somewhere",
        arguments: [
            (pinned([4, 5], node: 0), true), (confined, true), (DomainPlacement(), false),
        ])
    func isPlaced(_ placement: DomainPlacement, _ isPlaced: Bool) throws {
        #expect(try PlacementRewriting.isPlaced(Self.xml(placement)) == isPlaced)
    }

    @Test("what is no domain is refused")
    func refused() {
        #expect(throws: XMLError.self) {
            try PlacementRewriting.document("<network/>", DomainPlacement())
        }
    }
}
