import Testing

@testable import Libvirt

/// Documents as libvirt 11.3 wrote them on a lab host: QEMU's SR-IOV virtio card, vp_vdpa.
@Suite("Node device documents of the lab")
struct LabNodeDeviceTests {
    @Test("the physical function")
    func physicalFunction() throws {
        let device = try NodeDevice(xml: Self.physicalFunction)
        #expect(device.driver == "virtio-pci")
        guard case .pci(let pci) = device.capability else {
            Issue.record("not a PCI function: \(device.capability)")
            return
        }
        #expect(pci.vendor == .init(id: 0x1AF4, name: "Red Hat, Inc."))
        #expect(pci.product == .init(id: 0x1041, name: "Virtio 1.0 network device"))
        #expect(pci.numaNode == nil)
        #expect(pci.iommuGroup == 12)
        #expect(pci.serialNumber == nil)
        guard case .physical(let functions, 3) = pci.role else {
            Issue.record("unexpected \(pci.role)")
            return
        }
        #expect(functions.map(\.description) == ["0000:01:00.1", "0000:01:00.2", "0000:01:00.3"])
    }

    @Test("the chain from vDPA device to virtual to physical function")
    func chain() throws {
        let vdpa = try NodeDevice(xml: Self.vdpa)
        #expect(vdpa.capability == .vdpa(characterDevicePath: "/dev/vhost-vdpa-0"))
        #expect(vdpa.driver == "vhost_vdpa")
        let function = try NodeDevice(xml: Self.virtualFunction)
        #expect(vdpa.parent == function.name)
        guard case .pci(let pci) = function.capability,
            case .virtual(let physical) = pci.role
        else {
            Issue.record("not a virtual function: \(function.capability)")
            return
        }
        #expect(function.driver == "vp-vdpa")
        #expect(pci.address.description == "0000:01:00.1")
        #expect(physical.description == "0000:01:00.0")
        #expect(pci.iommuGroup == 13)
    }

    @Test("the network interface of the physical function")
    func net() throws {
        let device = try NodeDevice(xml: Self.net)
        #expect(device.parent == "pci_0000_01_00_0")
        #expect(device.capability == .net(interface: "pf0", macAddress: "52:54:01:00:01:00"))
    }

    private static let physicalFunction = """
        <device>
          <name>pci_0000_01_00_0</name>
          <path>/sys/devices/pci0000:00/0000:00:07.0/0000:01:00.0</path>
          <parent>pci_0000_00_07_0</parent>
          <driver>
            <name>virtio-pci</name>
          </driver>
          <capability type='pci'>
            <class>0x020000</class>
            <domain>0</domain>
            <bus>1</bus>
            <slot>0</slot>
            <function>0</function>
            <product id='0x1041'>Virtio 1.0 network device</product>
            <vendor id='0x1af4'>Red Hat, Inc.</vendor>
            <capability type='virt_functions' maxCount='3'>
              <address domain='0x0000' bus='0x01' slot='0x00' function='0x1'/>
              <address domain='0x0000' bus='0x01' slot='0x00' function='0x2'/>
              <address domain='0x0000' bus='0x01' slot='0x00' function='0x3'/>
            </capability>
            <iommuGroup number='12'>
              <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
            </iommuGroup>
            <pci-express>
              <link validity='cap' port='0' speed='2.5' width='1'/>
              <link validity='sta' speed='2.5' width='1'/>
            </pci-express>
          </capability>
        </device>

        """

    private static let virtualFunction = """
        <device>
          <name>pci_0000_01_00_1</name>
          <path>/sys/devices/pci0000:00/0000:00:07.0/0000:01:00.1</path>
          <parent>pci_0000_00_07_0</parent>
          <driver>
            <name>vp-vdpa</name>
          </driver>
          <capability type='pci'>
            <class>0x020000</class>
            <domain>0</domain>
            <bus>1</bus>
            <slot>0</slot>
            <function>1</function>
            <product id='0x1041'>Virtio 1.0 network device</product>
            <vendor id='0x1af4'>Red Hat, Inc.</vendor>
            <capability type='phys_function'>
              <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
            </capability>
            <iommuGroup number='13'>
              <address domain='0x0000' bus='0x01' slot='0x00' function='0x1'/>
            </iommuGroup>
          </capability>
        </device>

        """

    private static let vdpa = """
        <device>
          <name>vdpa_vdpa0</name>
          <path>/sys/devices/pci0000:00/0000:00:07.0/0000:01:00.1/vdpa0</path>
          <parent>pci_0000_01_00_1</parent>
          <driver>
            <name>vhost_vdpa</name>
          </driver>
          <capability type='vdpa'>
            <chardev>/dev/vhost-vdpa-0</chardev>
          </capability>
        </device>

        """

    private static let net = """
        <device>
          <name>net_pf0_52_54_01_00_01_00</name>
          <path>/sys/devices/pci0000:00/0000:00:07.0/0000:01:00.0/virtio5/net/pf0</path>
          <parent>pci_0000_01_00_0</parent>
          <capability type='net'>
            <interface>pf0</interface>
            <address>52:54:01:00:01:00</address>
            <link speed='4294967295' state='up'/>
            <feature name='rx'/>
            <feature name='gro'/>
            <capability type='80203'/>
          </capability>
        </device>

        """
}
