import Foundation
import Libvirt
import TestSupport
import Testing

/// A host of libvirt's in-process test driver, with a file of its own: connections to the same
/// file share nothing with those of other tests.
struct TestNode {
    private let folder: TemporaryFolder
    var uri: String { "test://" + folder.file("node.xml") }

    /// `content` goes into the `<node>` element.
    init(content: String = "") throws {
        folder = try TemporaryFolder("libvirt")
        let node = """
            <node>
              <cpu><mhz>2000</mhz><model>test</model><active>8</active><nodes>2</nodes>
                <sockets>2</sockets><cores>2</cores><threads>1</threads></cpu>
              <memory>8388608</memory>
              \(content)
            </node>
            """
        try folder.write(node, to: "node.xml")
    }

    /// Opens a connection for `body` and closes it afterwards.
    static func withConnection(
        content: String = "", _ body: (LibvirtConnection) async throws -> Void
    ) async throws {
        let node = try TestNode(content: content)
        defer { withExtendedLifetime(node) {} }
        let connection = try await LibvirtConnection.open(uri: node.uri)
        do {
            try await body(connection)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}

extension DomainDefinition {
    /// A guest with all that Millrace writes, for the test driver.
    static func sample(
        uuid: UUID = UUID(), name: String = "instance-1", generation: Int = 3
    ) -> DomainDefinition {
        DomainDefinition(
            uuid: uuid, name: name, title: "web & db <1>", virtualization: .test, vcpus: 2,
            memoryMiB: 512,
            disks: [
                .virtio(
                    path: "/var/lib/guest/root.qcow2", format: .qcow2, target: "vda",
                    cache: DomainDisk.Cache.none, io: .native),
                .configDrive(path: "/var/lib/guest/config.iso"),
            ],
            interfaces: [
                VDPAInterface(
                    portID: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)),
                    macAddress: "52:54:00:00:01:01", characterDevicePath: "/dev/vhost-vdpa-0")
            ],
            consoleLogPath: "/var/log/guest/console.log", sparePCIePorts: 2,
            metadata: GuestMetadata(instanceID: uuid, generation: generation))
    }
}
