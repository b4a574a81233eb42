import CLibvirt
import Foundation
import TestSupport
import Testing

@testable import Libvirt

@Suite("Events, against libvirt's test driver", .endsTheHung)
struct EventTests {
    @Test("a domain's life arrives in order")
    func domainEvents() async throws {
        try await TestNode.withConnection { connection in
            var events = try await connection.domainEvents().makeAsyncIterator()
            let wanted = DomainDefinition.sample()
            _ = try await connection.define(xml: wanted.xml())
            try await connection.start(wanted.uuid)
            try await connection.suspend(wanted.uuid)
            try await connection.resume(wanted.uuid)
            try await connection.destroy(wanted.uuid)
            try await connection.undefine(wanted.uuid, options: .managedSave)
            let kinds: [DomainEvent.Kind] = [
                .defined, .started, .suspended, .resumed, .stopped, .undefined,
            ]
            for kind in kinds {
                let event = try #require(await events.next())
                #expect(event.kind == kind)
                #expect(event.uuid == wanted.uuid)
                #expect(event.name == wanted.name)
            }
        }
    }

    @Test("each reader gets every event; one that stops doesn't disturb the others")
    func readers() async throws {
        try await TestNode.withConnection { connection in
            let first = try await connection.domainEvents()
            let second = try await connection.domainEvents()
            let wanted = DomainDefinition.sample()
            _ = try await connection.define(xml: wanted.xml())
            for await event in first {
                #expect(event.kind == .defined)
                break
            }
            try await connection.start(wanted.uuid)
            var events = second.makeAsyncIterator()
            #expect(await events.next()?.kind == .defined)
            #expect(await events.next()?.kind == .started)
        }
    }

    @Test("closing the connection ends the streams")
    func closing() async throws {
        let node = try TestNode()
        defer { withExtendedLifetime(node) {} }
        let connection = try await LibvirtConnection.open(uri: node.uri)
        let domains = try await connection.domainEvents()
        let devices = try await connection.nodeDeviceEvents()
        await connection.close()
        for await event in domains { Issue.record("unexpected \(event)") }
        for await event in devices { Issue.record("unexpected \(event)") }
        await #expect(throws: LibvirtError.self) { _ = try await connection.domainEvents() }
    }

    @Test("dropping the connection ends the streams")
    func dropping() async throws {
        let node = try TestNode()
        defer { withExtendedLifetime(node) {} }
        let events = try await LibvirtConnection.open(uri: node.uri).domainEvents()
        for await event in events { Issue.record("unexpected \(event)") }
    }

    /// The default node is shared by all connections of the process, so that this test can make a
    /// device behind the connection's back: a virtual host bus adapter, all the driver can make.
    @Test("a node device that comes and goes")
    func nodeDeviceEvents() async throws {
        let connection = try await LibvirtConnection.open(uri: "test:///default")
        var events = try await connection.nodeDeviceEvents().makeAsyncIterator()
        let name = try makeAndDestroyDevice()
        #expect(await events.next() == .some(.init(name: name, kind: .created)))
        #expect(await events.next() == NodeDeviceEvent(name: name, kind: .deleted))
        await connection.close()
    }

    private func makeAndDestroyDevice() throws -> String {
        let raw = try #require(virConnectOpen("test:///default"))
        defer { virConnectClose(raw) }
        let xml = """
            <device><parent>scsi_host1</parent><capability type='scsi_host'>
            <capability type='fc_host'><wwnn>2000000012341234</wwnn>
            <wwpn>1000000012341234</wwpn></capability></capability></device>
            """
        let device = try #require(virNodeDeviceCreateXML(raw, xml, 0))
        defer { virNodeDeviceFree(device) }
        let name = String(cString: try #require(virNodeDeviceGetName(device)))
        #expect(virNodeDeviceDestroy(device) == 0)
        return name
    }
}
