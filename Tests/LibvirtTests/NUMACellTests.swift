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

    @Test("sockets, threads and huge pages")
    func hardware() throws {
        let cells = try NodeNUMACell.cells(
            capabilities: """
                <capabilities><host><topology><cells num='3'>
                <cell id='0'><memory unit='KiB'>4194304</memory>
                  <pages unit='KiB' size='4'>1015808</pages>
                  <pages unit='KiB' size='2048'>64</pages>
                  <pages unit='KiB' size='1048576'>0</pages>
                  <cpus num='5'>
                  <cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0,2'/>
                  <cpu id='1' socket_id='0' die_id='0' core_id='1' siblings='1,3'/>
                  <cpu id='2' socket_id='0' die_id='0' core_id='0' siblings='0,2'/>
                  <cpu id='3' socket_id='0' die_id='0' core_id='1' siblings='1,3'/>
                  <cpu id='4' socket_id='0' die_id='0' core_id='4' siblings='4'/></cpus></cell>
                <cell id='1'><pages unit='KiB' size='1048576'>2</pages>
                  <pages unit='KiB' size='2048'>5</pages><pages unit='KiB' size='4'>1</pages>
                  <pages unit='b' size='8192'>5</pages><pages unit='KiB' size='16'>x</pages>
                  <cpus num='2'><cpu id='5' socket_id='0' siblings='5-'/>
                  <cpu id='6' socket_id='1'/></cpus></cell>
                <cell id='2'><cpus num='1'><cpu id='7'/></cpus></cell>
                </cells></topology></host></capabilities>
                """)
        #expect(cells.map(\.socketID) == [0, nil, nil])
        #expect(cells.map(\.siblings) == [[[0, 2], [1, 3]], [], []])
        let pages = cells.map { $0.hugePages.map { [$0.sizeKiB, $0.count] } }
        #expect(pages == [[[2_048, 64]], [[2_048, 5], [1_048_576, 2]], []])
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
