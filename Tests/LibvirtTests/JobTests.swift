import CLibvirt
import Foundation
import TestSupport
import Testing

@testable import Libvirt

@Suite("Jobs of domains and their parameters")
struct JobTests {
    private static func number(_ type: virDomainJobType) -> Int32 {
        Int32(bitPattern: type.rawValue)
    }

    @Test(
        "what libvirt says of a job's type",
        arguments: [
            (VIR_DOMAIN_JOB_NONE, nil), (VIR_DOMAIN_JOB_BOUNDED, .running),
            (VIR_DOMAIN_JOB_UNBOUNDED, .running), (VIR_DOMAIN_JOB_COMPLETED, .completed),
            (VIR_DOMAIN_JOB_FAILED, .failed), (VIR_DOMAIN_JOB_CANCELLED, .cancelled),
        ] as [(virDomainJobType, DomainJob.Phase?)])
    func phase(_ type: virDomainJobType, _ phase: DomainJob.Phase?) {
        #expect(DomainJob(type: Self.number(type), parameters: [:])?.phase == phase)
        #expect(DomainJob(type: 99, parameters: [:]) == nil)
    }

    @Test(
        "what is being done",
        arguments: [
            (5, .migrationOut), (4, .migrationIn), (9, .backup), (2, .save), (3, .restore),
            (1, .start), (6, .snapshot), (8, .dump), (77, .unknown(77)),
        ] as [(Int64, DomainJob.Operation)])
    func operation(_ number: Int64, _ operation: DomainJob.Operation) {
        let job = DomainJob(type: 1, parameters: ["operation": .integer(number)])
        #expect(job?.operation == operation)
    }

    @Test("amounts, with what is missing or no number as 0")
    func amounts() throws {
        let job = try #require(
            DomainJob(
                type: 2,
                parameters: [
                    "operation": .integer(5), "memory_total": .integer(8 << 30),
                    "memory_remaining": .integer(1 << 30), "disk_total": .integer(20 << 30),
                    "disk_remaining": .text("many"), "errmsg": .text("no luck"),
                ]))
        #expect(job.memoryTotalBytes == 8 << 30)
        #expect(job.memoryRemainingBytes == 1 << 30)
        #expect(job.diskTotalBytes == 20 << 30)
        #expect(job.diskRemainingBytes == 0)
        #expect(job.failure == "no luck")
    }

    @Test("the end of a job, as an event tells it")
    func completed() {
        #expect(DomainJob(completed: ["success": .boolean(true)]).phase == .completed)
        #expect(DomainJob(completed: ["success": .boolean(false)]).phase == .failed)
        #expect(DomainJob(completed: [:]).phase == .failed)
    }

    @Test("parameters through libvirt's own arrays and back")
    func parameters() throws {
        let values = TypedParameters.with(
            texts: [("destination_xml", "<domain/>"), ("migrate_uri", "tcp://host2")],
            numbers: [("bandwidth", 9_000_000_000)]
        ) { parameters, count in
            TypedParameters.values(parameters, count: Int32(count))
        }
        #expect(
            values == [
                "destination_xml": .text("<domain/>"), "migrate_uri": .text("tcp://host2"),
                "bandwidth": .integer(9_000_000_000),
            ])
        let name = String(repeating: "n", count: 100)
        #expect(TypedParameters.with(texts: [(name, "")], numbers: []) { _, _ in } == nil)
    }

    @Test("numbers and truth of every type")
    func types() {
        var parameters: virTypedParameterPtr?
        var count: Int32 = 0
        var capacity: Int32 = 0
        virTypedParamsAddInt(&parameters, &count, &capacity, "int", -3)
        virTypedParamsAddUInt(&parameters, &count, &capacity, "uint", 4)
        virTypedParamsAddLLong(&parameters, &count, &capacity, "llong", -5)
        virTypedParamsAddULLong(&parameters, &count, &capacity, "ullong", .max)
        virTypedParamsAddDouble(&parameters, &count, &capacity, "double", 1.5)
        virTypedParamsAddBoolean(&parameters, &count, &capacity, "boolean", 1)
        defer { virTypedParamsFree(parameters, count) }
        #expect(
            TypedParameters.values(parameters, count: count) == [
                "int": .integer(-3), "uint": .integer(4), "llong": .integer(-5),
                "ullong": .integer(.max), "double": .double(1.5), "boolean": .boolean(true),
            ])
        #expect(TypedParameters.values(nil, count: 0).isEmpty)
    }

    @Test("a backup of the root disk only, byte by byte")
    func backup() {
        let backup = DomainBackup(disks: [
            .init(target: "vda", path: "/var/lib/g/copy & more.qcow2"),
            .init(target: "sda", path: nil),
        ])
        #expect(
            backup.xml() == """
                <domainbackup mode='push'>
                  <disks>
                    <disk name='vda' backup='yes' type='file'>
                      <driver type='qcow2'/>
                      <target file='/var/lib/g/copy &amp; more.qcow2'/>
                    </disk>
                    <disk name='sda' backup='no'/>
                  </disks>
                </domainbackup>
                """)
    }

    @Test("a migration's parameters; no bandwidth is no limit")
    func migration() {
        var migration = DomainMigration(
            destinationURI: "qemu+tls://host2/system", flags: .wholeGuest)
        #expect(migration.texts.isEmpty)
        #expect(migration.numbers.isEmpty)
        migration.dataURI = "tcp://host2"
        migration.destinationXML = "<domain/>"
        migration.persistentXML = "<domain id='1'/>"
        migration.bandwidthMiBPerSecond = 100
        #expect(
            migration.texts.map(\.name) == ["migrate_uri", "destination_xml", "persistent_xml"])
        #expect(migration.numbers.map(\.value) == [100])
        migration.bandwidthMiBPerSecond = 0
        #expect(migration.numbers.isEmpty)
        // LIVE, PEER2PEER, PERSIST_DEST, UNDEFINE_SOURCE, NON_SHARED_INC, ABORT_ON_ERROR and
        // AUTO_CONVERGE, as libvirt counts them.
        #expect(
            MigrationFlags.wholeGuest.rawValue
                == 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 7 | 1 << 12 | 1 << 13)
    }
}

@Suite("Saved memory and jobs, against libvirt's test driver", .endsTheHung)
struct SavedMemoryTests {
    @Test("save, look, come back; save, discard")
    func life() async throws {
        try await TestNode.withConnection { connection in
            let wanted = DomainDefinition.sample()
            let uuid = wanted.uuid
            _ = try await connection.define(xml: wanted.xml())
            try await connection.start(uuid)
            #expect(try await !connection.hasManagedSave(uuid))
            try await connection.managedSave(uuid)
            #expect(try await connection.hasManagedSave(uuid))
            let saved = try #require(try await connection.summary(uuid))
            #expect(saved.state == .shutOff)
            #expect(saved.hasManagedSave)
            #expect(saved.isPersistent)
            try await connection.start(uuid)
            #expect(try await connection.summary(uuid)?.hasManagedSave == false)
            try await connection.managedSave(uuid)
            try await connection.discardManagedSave(uuid)
            #expect(try await connection.summary(uuid)?.hasManagedSave == false)
            await #expect(throws: LibvirtError.self) {
                try await connection.managedSave(uuid)
            }
        }
    }

    @Test("what the test driver can't do comes as unsupported")
    func unsupported() async throws {
        try await TestNode.withConnection { connection in
            let wanted = DomainDefinition.sample()
            let uuid = wanted.uuid
            _ = try await connection.define(xml: wanted.xml())
            try await connection.start(uuid)
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await connection.abortJob(uuid) },
                { try await connection.beginBackup(xml: "<domainbackup/>", of: uuid) },
                { try await connection.startPostCopy(uuid) },
                { try await connection.setMigrationDowntime(uuid, milliseconds: 300) },
                {
                    try await connection.migrate(
                        uuid,
                        DomainMigration(destinationURI: "test:///x", flags: .wholeGuest))
                },
            ]
            for call in calls {
                let error = await #expect(throws: LibvirtError.self) { try await call() }
                guard case .unsupported? = error else {
                    Issue.record("found \(String(describing: error))")
                    continue
                }
            }
        }
    }

    @Test("events of devices and jobs can be subscribed, repeatedly, and end with the connection")
    func subscriptions() async throws {
        let node = try TestNode()
        defer { withExtendedLifetime(node) {} }
        let connection = try await LibvirtConnection.open(uri: node.uri)
        var devices: [AsyncStream<DomainDeviceEvent>] = []
        var jobs: [AsyncStream<DomainJobEvent>] = []
        for _ in 0..<2 {
            devices.append(try await connection.domainDeviceEvents())
            jobs.append(try await connection.domainJobEvents())
        }
        await connection.close()
        for stream in devices { for await event in stream { Issue.record("\(event)") } }
        for stream in jobs { for await event in stream { Issue.record("\(event)") } }
    }
}
