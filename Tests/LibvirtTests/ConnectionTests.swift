import Foundation
import Testing

@testable import Libvirt

@Suite("Connection, against libvirt's test driver")
struct ConnectionTests {
    @Test("versions, host name, processors and memory")
    func host() async throws {
        try await TestNode.withConnection { connection in
            let versions = try await connection.versions()
            #expect(versions.libvirt >= VDPAMinimums.libvirt)
            #expect(try await !connection.hostname().isEmpty)
            let info = try await connection.nodeInfo()
            #expect(info.cpuCount == 8)
            #expect(info.memoryMiB == 8192)
            #expect(info.numaCellCount == 2)
            #expect(info.coresPerSocket == 2)
            #expect(await connection.isAlive())
        }
    }

    @Test("NUMA cells, which only the default node has")
    func memory() async throws {
        let connection = try await LibvirtConnection.open(uri: "test:///default")
        let cells = try await connection.numaCells()
        #expect(!cells.isEmpty)
        #expect(cells.map(\.id) == Array(0..<cells.count))
        #expect(cells.allSatisfy { $0.memoryMiB > 0 && !$0.cpuIDs.isEmpty })
        await connection.close()
    }

    @Test("define, start, suspend, resume, shut down, undefine")
    func lifecycle() async throws {
        try await TestNode.withConnection { connection in
            let wanted = DomainDefinition.sample()
            let uuid = wanted.uuid
            let defined = try await connection.define(xml: wanted.xml())
            #expect(
                defined == DomainSummary(uuid: uuid, name: "instance-1", state: .shutOff))
            try await connection.start(uuid)
            #expect(try await connection.state(uuid) == .running)
            try await connection.suspend(uuid)
            #expect(try await connection.state(uuid) == .paused)
            try await connection.resume(uuid)
            #expect(try await connection.domains().map(\.state) == [.running])
            try await connection.shutdown(uuid)
            #expect(try await connection.state(uuid) == .shutOff)
            try await connection.start(uuid)
            try await connection.destroy(uuid)
            try await connection.undefine(uuid, options: .managedSave)
            #expect(try await connection.state(uuid) == nil)
            #expect(try await connection.domains().isEmpty)
        }
    }

    @Test("what libvirt keeps of a definition is what was defined")
    func description() async throws {
        try await TestNode.withConnection { connection in
            let wanted = DomainDefinition.sample()
            _ = try await connection.define(xml: wanted.xml())
            for isInactive in [true, false] {
                let xml = try await connection.xml(wanted.uuid, isInactive: isInactive)
                let found = try DomainDescription(xml: xml)
                #expect(found.uuid == wanted.uuid)
                #expect(found.name == wanted.name)
                #expect(found.metadata == wanted.metadata)
                #expect(found.disks.compactMap(\.path) == wanted.disks.map(\.path))
                let interface = try #require(found.interfaces.first)
                #expect(found.interfaces.count == 1)
                #expect(interface.type == "vdpa")
                #expect(interface.macAddress == "52:54:00:00:01:01")
                #expect(interface.sourceDevice == "/dev/vhost-vdpa-0")
                #expect(interface.alias == wanted.interfaces[0].alias)
                #expect(interface.portID == wanted.interfaces[0].portID)
            }
            let root = try XMLNode.parse(try await connection.xml(wanted.uuid))
            #expect(root.first("title")?.text == "web & db <1>")
        }
    }

    @Test("a new definition replaces the one with the same uuid")
    func redefinition() async throws {
        try await TestNode.withConnection { connection in
            let uuid = UUID()
            for generation in 1...3 {
                let wanted = DomainDefinition.sample(uuid: uuid, generation: generation)
                _ = try await connection.define(xml: wanted.xml())
            }
            let found = try DomainDescription(xml: try await connection.xml(uuid))
            #expect(found.metadata?.generation == 3)
            #expect(try await connection.domains().count == 1)
        }
    }

    @Test("errors carry the operation, the object and libvirt's code")
    func errors() async throws {
        try await TestNode.withConnection { connection in
            let uuid = UUID()
            let missing = await #expect(throws: LibvirtError.self) {
                try await connection.start(uuid)
            }
            guard case .noDomain(let failure)? = missing else {
                Issue.record("expected noDomain, got \(String(describing: missing))")
                return
            }
            #expect(failure.operation == "start domain")
            #expect(failure.object == uuid.uuidString.lowercased())
            #expect(failure.code == 42)
            #expect(!failure.message.isEmpty)

            _ = try await connection.define(xml: DomainDefinition.sample(uuid: uuid).xml())
            let idle = await #expect(throws: LibvirtError.self) {
                try await connection.destroy(uuid)
            }
            guard case .invalidState? = idle else {
                Issue.record("expected invalidState, got \(String(describing: idle))")
                return
            }
            let plug = await #expect(throws: LibvirtError.self) {
                let interface = DomainDefinition.sample().interfaces[0]
                try await connection.attachDevice(xml: interface.xml(), to: uuid, .config)
            }
            guard case .unsupported? = plug else {
                Issue.record("expected unsupported, got \(String(describing: plug))")
                return
            }
        }
    }

    @Test(
        "documents that libvirt can't read",
        arguments: ["", "<domain", "<domain type='test'/>", "<network/>", "\u{1}"])
    func invalidDocuments(xml: String) async throws {
        try await TestNode.withConnection { connection in
            let error = await #expect(throws: LibvirtError.self) {
                _ = try await connection.define(xml: xml)
            }
            switch error {
            case .invalidDocument?, .other?: break
            default: Issue.record("unexpected \(String(describing: error))")
            }
        }
    }

    @Test("a URI that nobody serves can't be opened", arguments: ["nosuch:///x", "test:///none"])
    func unreachable(uri: String) async {
        let error = await #expect(throws: LibvirtError.self) {
            _ = try await LibvirtConnection.open(uri: uri)
        }
        guard case .cannotConnect(let failure)? = error else {
            Issue.record("expected cannotConnect, got \(String(describing: error))")
            return
        }
        #expect(failure.object == uri)
        #expect(failure.code != 0)
    }

    @Test("after closing, calls say so, and closing again does nothing")
    func closed() async throws {
        let node = try TestNode()
        defer { withExtendedLifetime(node) {} }
        let connection = try await LibvirtConnection.open(uri: node.uri)
        await connection.close()
        await connection.close()
        await #expect(
            throws: LibvirtError.closed(operation: "list domains of", object: node.uri)
        ) { try await connection.domains() }
        #expect(await !connection.isAlive())
    }

    @Test("calls of a cancelled task are given up")
    func cancellation() async throws {
        try await TestNode.withConnection { connection in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try await connection.domains()
            }
            let result = await task.result
            guard case .failure(let error as LibvirtError) = result, case .cancelled = error else {
                Issue.record("expected cancelled, got \(result)")
                return
            }
        }
    }

    @Test("many calls at once on one connection")
    func concurrency() async throws {
        try await TestNode.withConnection { connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let wanted = DomainDefinition.sample(name: "guest-\(number)")
                        _ = try await connection.define(xml: wanted.xml())
                        try await connection.start(wanted.uuid)
                        #expect(try await connection.state(wanted.uuid) == .running)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await connection.domains().count == 40)
        }
    }
}
