import Testing

@testable import Libvirt

@Suite("Node device documents")
struct NodeDeviceTests {
    @Test("a physical function of an mlx5 card")
    func physicalFunction() throws {
        let device = try NodeDevice(xml: Self.mlx5PhysicalFunction)
        #expect(device.name == "pci_0000_06_00_0")
        #expect(device.parent == "pci_0000_00_02_0")
        #expect(device.path == "/sys/devices/pci0000:00/0000:00:02.0/0000:06:00.0")
        #expect(device.driver == "mlx5_core")
        guard case .pci(let pci) = device.capability else {
            Issue.record("not a PCI function: \(device.capability)")
            return
        }
        #expect(pci.address.description == "0000:06:00.0")
        #expect(pci.vendor == .init(id: 0x15B3, name: "Mellanox Technologies"))
        #expect(pci.product.id == 0x101D)
        #expect(pci.numaNode == 1)
        #expect(pci.iommuGroup == 15)
        #expect(pci.serialNumber == "MT2113X00000")
        guard case .physical(let functions, let countMax) = pci.role else {
            Issue.record("not a physical function: \(pci.role)")
            return
        }
        #expect(functions.map(\.description) == ["0000:06:00.2", "0000:06:00.3"])
        #expect(countMax == 8)
    }

    @Test("a virtual function, named in hexadecimal by its parent's attributes")
    func virtualFunction() throws {
        let device = try NodeDevice(xml: Self.virtualFunction)
        guard case .pci(let pci) = device.capability else {
            Issue.record("not a PCI function: \(device.capability)")
            return
        }
        #expect(pci.address.description == "0000:af:12.3")
        #expect(
            pci.role
                == .virtual(
                    physicalFunction: .init(domain: 0, bus: 0xAF, slot: 0x10, function: 1)))
        #expect(pci.vendor == .init(id: 0x1AF4, name: nil))
        #expect(pci.numaNode == nil)
        #expect(pci.iommuGroup == nil)
        #expect(pci.serialNumber == nil)
        #expect(device.driver == "vp-vdpa")
    }

    @Test("a function with no virtual functions yet is a physical one all the same")
    func noVirtualFunctionsYet() throws {
        let device = try NodeDevice(
            xml: Self.pci("<capability type='virt_functions' maxCount='7'/>"))
        guard case .pci(let pci) = device.capability else {
            Issue.record("not a PCI function: \(device.capability)")
            return
        }
        #expect(pci.role == .physical(virtualFunctions: [], countMax: 7))
    }

    @Test("a PCI domain of 32 bits")
    func wideDomain() throws {
        let xml = Self.pci("").replacing("<domain>0<", with: "<domain>65536<")
        guard case .pci(let pci) = try NodeDevice(xml: xml).capability else {
            Issue.record("not a PCI function")
            return
        }
        #expect(pci.address.description == "10000:06:00.0")
        #expect(pci.role == .none)
    }

    @Test(
        "other capabilities",
        arguments: [
            (
                "<capability type='vdpa'><chardev>/dev/vhost-vdpa-3</chardev></capability>",
                NodeDevice.Capability.vdpa(characterDevicePath: "/dev/vhost-vdpa-3")
            ),
            (
                "<capability type='net'><interface>ens1</interface>"
                    + "<address>52:54:00:AA:00:01</address><link state='up'/></capability>",
                .net(interface: "ens1", macAddress: "52:54:00:aa:00:01")
            ),
            (
                "<capability type='net'><interface>lo</interface></capability>",
                .net(interface: "lo", macAddress: nil)
            ),
            (
                "<capability type='storage'><block>/dev/sda</block></capability>",
                .other("storage")
            ),
        ])
    func capabilities(element: String, capability: NodeDevice.Capability) throws {
        let device = try NodeDevice(xml: "<device><name>x</name>\(element)</device>")
        #expect(device.capability == capability)
        #expect(device.parent == nil)
        #expect(device.driver == nil)
    }

    @Test("a vDPA device and its parent")
    func vdpa() throws {
        let device = try NodeDevice(
            xml: """
                <device><name>vdpa_vdpa0</name>
                <path>/sys/devices/pci0000:00/0000:00:03.0/0000:01:00.1/vdpa0</path>
                <parent>pci_0000_01_00_1</parent><driver><name>vhost_vdpa</name></driver>
                <capability type='vdpa'><chardev>/dev/vhost-vdpa-0</chardev></capability></device>
                """)
        #expect(device.name == "vdpa_vdpa0")
        #expect(device.parent == "pci_0000_01_00_1")
        #expect(device.driver == "vhost_vdpa")
        #expect(device.capability == .vdpa(characterDevicePath: "/dev/vhost-vdpa-0"))
    }

    static let bad = [
        "", "<device/>", "<domain/>", "<device><name>x</name></device>",
        "<device><name>x</name><capability/></device>",
        "<device><name/><capability type='system'/></device>",
        "<device><name>x</name><capability type='vdpa'/></device>",
        "<device><name>x</name><capability type='vdpa'><chardev>a</chardev></capability></device>",
        "<device><name>x</name><capability type='net'/></device>",
        "<device><name>x</name><capability type='pci'/></device>",
        pci("").replacing("<slot>0<", with: "<slot>32<"),
        pci("").replacing("<function>0<", with: "<function>8<"),
        pci("").replacing("<bus>6<", with: "<bus>256<"),
        pci("").replacing("<domain>0<", with: "<domain>-1<"),
        pci("").replacing("<domain>0<", with: "<domain>4294967296<"),
        pci("").replacing("0x15b3", with: "0x115b3"),
        pci("").replacing("0x15b3", with: "mellanox"),
        pci("<capability type='phys_function'/>"),
        pci("<capability type='phys_function'><address domain='0x'/></capability>"),
        pci("<capability type='virt_functions'><address bus='0x1'/></capability>"),
    ]

    @Test("documents that can't be read", arguments: bad)
    func unreadable(xml: String) {
        #expect(throws: XMLError.self) { try NodeDevice(xml: xml) }
    }

    @Test("PCI functions listed through the test driver")
    func listed() async throws {
        try await TestNode.withConnection(content: Self.mlx5PhysicalFunction) { connection in
            let documents = try await connection.nodeDevices(.pci)
            #expect(documents.map(\.name) == ["pci_0000_06_00_0"])
            let device = try NodeDevice(xml: try #require(documents.first).xml)
            guard case .pci(let pci) = device.capability else {
                Issue.record("not a PCI function: \(device.capability)")
                return
            }
            #expect(pci.address.description == "0000:06:00.0")
            #expect(pci.vendor.id == 0x15B3)
            #expect(try await connection.nodeDevices([.net, .vdpa]).isEmpty)
        }
    }

    private static func pci(_ nested: String) -> String {
        """
        <device><name>pci_0000_06_00_0</name><capability type='pci'><class>0x020000</class>
        <domain>0</domain><bus>6</bus><slot>0</slot><function>0</function>
        <product id='0x101d'/><vendor id='0x15b3'/>\(nested)</capability></device>
        """
    }

    private static let mlx5PhysicalFunction = """
        <device>
          <name>pci_0000_06_00_0</name>
          <path>/sys/devices/pci0000:00/0000:00:02.0/0000:06:00.0</path>
          <parent>pci_0000_00_02_0</parent>
          <driver><name>mlx5_core</name></driver>
          <capability type='pci'>
            <class>0x020000</class>
            <domain>0</domain><bus>6</bus><slot>0</slot><function>0</function>
            <product id='0x101d'>MT2892 Family [ConnectX-6 Dx]</product>
            <vendor id='0x15b3'>Mellanox Technologies</vendor>
            <capability type='virt_functions' maxCount='8'>
              <address domain='0x0000' bus='0x06' slot='0x00' function='0x2'/>
              <address domain='0x0000' bus='0x06' slot='0x00' function='0x3'/>
            </capability>
            <capability type='vpd'>
              <name>ConnectX-6 Dx</name>
              <fields access='readonly'>
                <change_level>A1</change_level>
                <part_number>MCX623106AN-CDAT</part_number>
                <serial_number>MT2113X00000</serial_number>
              </fields>
            </capability>
            <iommuGroup number='15'>
              <address domain='0x0000' bus='0x06' slot='0x00' function='0x0'/>
            </iommuGroup>
            <numa node='1'/>
            <pci-express>
              <link validity='cap' port='0' speed='16' width='16'/>
              <link validity='sta' speed='8' width='16'/>
            </pci-express>
          </capability>
        </device>
        """

    private static let virtualFunction = """
        <device>
          <name>pci_0000_af_12_3</name>
          <parent>pci_0000_ae_00_0</parent>
          <driver><name>vp-vdpa</name></driver>
          <capability type='pci'>
            <class>0x020000</class>
            <domain>0</domain><bus>175</bus><slot>18</slot><function>3</function>
            <product id='0x1041'/>
            <vendor id='0x1af4'/>
            <capability type='phys_function'>
              <address domain='0x0000' bus='0xaf' slot='0x10' function='0x1'/>
            </capability>
            <numa node='-1'/>
          </capability>
        </device>
        """
}
