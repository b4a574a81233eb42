import Libvirt
import Testing

@Suite("NUMA cells of a capabilities document")
struct NUMACellTests {
    @Test("cells, memory and CPUs")
    func cells() throws {
        let cells = try NodeNUMACell.cells(
            capabilities: """
                <capabilities><host><topology><cells num='2'>
                <cell id='0'><memory unit='KiB'>4194304</memory>
                  <cpus num='2'><cpu id='0' socket_id='0'/><cpu id='2' socket_id='0'/></cpus></cell>
                <cell id='1'><memory unit='pages'>12</memory></cell>
                </cells></topology></host></capabilities>
                """)
        #expect(cells.map(\.id) == [0, 1])
        #expect(cells.map(\.memoryMiB) == [4096, 0])
        #expect(cells.map(\.cpuIDs) == [[0, 2], []])
    }

    @Test("a host that shows no topology has no cells")
    func none() throws {
        #expect(try NodeNUMACell.cells(capabilities: "<capabilities><host/></capabilities>") == [])
    }

    @Test(
        "documents that can't be read",
        arguments: [
            "", "<domain/>",
            "<capabilities><host><topology><cells><cell/></cells></topology></host></capabilities>",
        ])
    func unreadable(xml: String) {
        #expect(throws: XMLError.self) { try NodeNUMACell.cells(capabilities: xml) }
    }
}
