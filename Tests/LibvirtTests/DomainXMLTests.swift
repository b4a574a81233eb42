import Foundation
import Libvirt
import Testing

@Suite("Domain documents")
struct DomainXMLTests {
    static let uuid = UUID(
        uuid: (0xAB, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xEF))
    static let uuidText = "ab020304-0506-0708-090a-0b0c0d0e0fef"

    @Test("the whole document")
    func document() {
        #expect(DomainDefinition.sample(uuid: Self.uuid).xml() == Self.expected)
    }

    @Test(
        "virtualization and CPU",
        arguments: [
            (DomainDefinition.Virtualization.kvm, DomainDefinition.CPUMode.hostPassthrough),
            (.qemu, .maximum),
        ])
    func virtualization(
        type: DomainDefinition.Virtualization, mode: DomainDefinition.CPUMode
    ) throws {
        var definition = DomainDefinition.sample()
        definition.virtualization = type
        definition.cpuMode = mode
        let root = try XMLNode.parse(definition.xml())
        #expect(root["type"] == type.rawValue)
        #expect(root.first("cpu")?["mode"] == mode.rawValue)
    }

    @Test("one root port for each device and the spare ones", arguments: [0, 1, 14, -1])
    func rootPorts(spare: Int) throws {
        var definition = DomainDefinition.sample()
        definition.sparePCIePorts = spare
        let devices = try #require(try XMLNode.parse(definition.xml()).first("devices"))
        let ports = devices.all("controller").filter { $0["model"] == "pcie-root-port" }
        // One disk, one interface, the random number generator; the CD-ROM is on SATA.
        #expect(ports.count == 3 + max(0, spare))
        #expect(ports.map { $0["index"] } == (1...ports.count).map { "\($0)" })
    }

    @Test("hostile names stay text")
    func escaping() throws {
        let hostile = "</name><devices><disk file='/etc/shadow'/></devices>\n&amp;"
        var definition = DomainDefinition.sample(name: hostile)
        definition.title = hostile
        definition.consoleLogPath = "/log'/><x a='"
        definition.interfaces[0].characterDevicePath = "/dev/\"'<>&"
        let xml = definition.xml()
        let root = try XMLNode.parse(xml)
        #expect(root.first("name")?.text == hostile)
        #expect(root.first("title")?.text.contains("\n") == false)
        #expect(root.all("devices").count == 1)
        let found = try DomainDescription(xml: xml)
        #expect(found.interfaces[0].sourceDevice == "/dev/\"'<>&")
    }

    @Test(
        "metadata is known by its namespace",
        arguments: [
            ("<m:guest xmlns:m='urn:millrace:guest:1' instance='\(uuidText)' generation='7'/>", 7),
            ("<guest xmlns='urn:millrace:guest:1' instance='\(uuidText)' generation='8'/>", 8),
            (
                "<x/><g:guest xmlns:g='urn:millrace:guest:1' instance='\(uuidText)' "
                    + "generation='0'/>",
                0
            ),
            ("<m:guest xmlns:m='urn:other' instance='\(uuidText)' generation='7'/>", nil),
            ("<guest instance='\(uuidText)' generation='7'/>", nil),
            ("<m:guest xmlns:m='urn:millrace:guest:1' instance='nope' generation='7'/>", nil),
            (
                "<m:guest xmlns:m='urn:millrace:guest:1' instance='\(uuidText)' generation='x'/>",
                nil
            ),
            ("<m:guest xmlns:m='urn:millrace:guest:1'/>", nil),
            ("", nil),
        ] as [(String, Int?)])
    func metadata(content: String, generation: Int?) throws {
        let found = try DomainDescription(
            xml: """
                <domain><name>n</name><uuid>\(Self.uuidText)</uuid>
                <metadata>\(content)</metadata></domain>
                """)
        #expect(
            found.metadata
                == generation.map { GuestMetadata(instanceID: Self.uuid, generation: $0) })
    }

    @Test(
        "documents that aren't domains",
        arguments: [
            "<network/>", "<domain/>", "<domain><name>n</name></domain>",
            "<domain><uuid>\(uuidText)</uuid></domain>",
            "<domain><name/><uuid>\(uuidText)</uuid></domain>",
            "<domain><name>n</name><uuid>not one</uuid></domain>",
        ])
    func notDomains(xml: String) {
        #expect(throws: XMLError.self) { try DomainDescription(xml: xml) }
    }

    @Test("interfaces of others, and the alias of a port")
    func interfaces() throws {
        let found = try DomainDescription(
            xml: """
                <domain type='kvm' id='3'><name>n</name><uuid>\(Self.uuidText)</uuid><devices>
                <interface type='bridge'><mac address='52:54:00:AA:BB:CC'/>
                  <source bridge='br0'/><alias name='net0'/></interface>
                <interface type='vdpa'><source dev='/dev/vhost-vdpa-3'/>
                  <alias name='ua-\(Self.uuidText)'/></interface>
                <interface/></devices></domain>
                """)
        #expect(found.metadata == nil)
        #expect(found.interfaces.map(\.type) == ["bridge", "vdpa", ""])
        #expect(found.interfaces.map(\.portID) == [nil, Self.uuid, nil])
        #expect(found.interfaces.map(\.macAddress) == ["52:54:00:aa:bb:cc", nil, nil])
        #expect(found.interfaces.map(\.sourceDevice) == [nil, "/dev/vhost-vdpa-3", nil])
    }

    @Test("an interface alone, for hot plug")
    func interface() throws {
        let interface = VDPAInterface(
            portID: Self.uuid, macAddress: "52:54:00:00:00:01",
            characterDevicePath: "/dev/vhost-vdpa-1")
        #expect(interface.alias == "ua-" + Self.uuidText)
        #expect(
            interface.xml() == """
                <interface type='vdpa'>
                  <mac address='52:54:00:00:00:01'/>
                  <source dev='/dev/vhost-vdpa-1'/>
                  <model type='virtio'/>
                  <alias name='ua-\(Self.uuidText)'/>
                </interface>
                """)
    }

    private static let expected = """
        <domain type='test'>
          <uuid>\(uuidText)</uuid>
          <name>instance-1</name>
          <title>web &amp; db &lt;1&gt;</title>
          <metadata>
            <millrace:guest xmlns:millrace='urn:millrace:guest:1' instance='\(uuidText)' \
        generation='3'/>
          </metadata>
          <memory unit='MiB'>512</memory>
          <memoryBacking>
            <allocation mode='immediate'/>
          </memoryBacking>
          <vcpu placement='static'>2</vcpu>
          <os>
            <type arch='x86_64' machine='q35'>hvm</type>
            <boot dev='hd'/>
          </os>
          <features>
            <acpi/>
            <apic/>
          </features>
          <cpu mode='host-passthrough'/>
          <clock offset='utc'/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>destroy</on_crash>
          <devices>
            <disk type='file' device='disk'>
              <driver name='qemu' type='qcow2' cache='none' io='native'/>
              <source file='/var/lib/guest/root.qcow2'/>
              <target dev='vda' bus='virtio'/>
            </disk>
            <disk type='file' device='cdrom'>
              <driver name='qemu' type='raw'/>
              <source file='/var/lib/guest/config.iso'/>
              <target dev='sda' bus='sata'/>
              <readonly/>
            </disk>
            <controller type='usb' model='none'/>
            <controller type='pci' index='0' model='pcie-root'/>
            <controller type='pci' index='1' model='pcie-root-port'/>
            <controller type='pci' index='2' model='pcie-root-port'/>
            <controller type='pci' index='3' model='pcie-root-port'/>
            <controller type='pci' index='4' model='pcie-root-port'/>
            <controller type='pci' index='5' model='pcie-root-port'/>
            <interface type='vdpa'>
              <mac address='52:54:00:00:01:01'/>
              <source dev='/dev/vhost-vdpa-0'/>
              <model type='virtio'/>
              <alias name='ua-01020304-0506-0708-090a-0b0c0d0e0f10'/>
            </interface>
            <serial type='file'>
              <source path='/var/log/guest/console.log' append='on'/>
              <target type='isa-serial' port='0'/>
            </serial>
            <console type='file'>
              <source path='/var/log/guest/console.log' append='on'/>
              <target type='serial' port='0'/>
            </console>
            <memballoon model='none'/>
            <rng model='virtio'>
              <backend model='random'>/dev/urandom</backend>
            </rng>
          </devices>
        </domain>
        """
}
