import ComputeModel
import DeviceTracking
import Foundation
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

@Suite struct FileRecordStoreTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("record") }

    private var record: LocalRecord {
        var record = LocalRecord(hostID: Fixture.hostID, revision: 42)
        record[Fixture.instance] = RecordedGuest(
            generation: 3, goal: .running, phase: .failed, failure: "f", detail: "d",
            wasBuilt: true)
        return record
    }

    @Test func nothingSavedIsNothing() async throws {
        #expect(try await FileRecordStore(directory: folder.path).load() == nil)
    }

    @Test func comesBackAsSaved() async throws {
        let store = FileRecordStore(directory: folder.path)
        try await store.save(LocalRecord(revision: 1))
        try await store.save(record)
        #expect(try await FileRecordStore(directory: folder.path).load() == record)
        let files = try folder.names()
        #expect(files == ["assignments.json"])
    }

    @Test func aRecordOfAnEarlierReleaseIsReadable() async throws {
        let text = #"{"guests":{},"hostID":"host-id","revision":7}"#
        try folder.write(text, to: "assignments.json")
        let record = try await FileRecordStore(directory: folder.path).load()
        #expect(record == LocalRecord(hostID: Fixture.hostID, revision: 7))
        #expect(record?.devices == nil)
    }

    @Test func guestsOfAnEarlierReleaseAreReadable() async throws {
        let text = #"""
            {"guests":{"i1":{"detail":"","generation":3,"goal":"running","phase":"settled",
            "wasBuilt":true}},"revision":7}
            """#
        try folder.write(text, to: "assignments.json")
        let record = try await FileRecordStore(directory: folder.path).load()
        var guest = try #require(record?[Fixture.instance])
        #expect(guest.hasData(in: .root(build: 0)))
        #expect(!guest.hasData(in: .root(build: 1)))
        #expect(!guest.hasData(in: .rescue))
        guest.noteData(inRoot: 1)
        #expect(guest.builtRoots == [0, 1])
    }

    @Test func migrationsAndCopiesComeBackAsSaved() async throws {
        var record = record
        record[Fixture.instance]?.exported = ImageID("copy")
        record[Fixture.instance]?.migration = RecordedMigration(migrationID: MigrationID("m"))
        record[Fixture.instance]?.migration?.hasBegun = true
        record[Fixture.instance]?.migration?.networkLostAt = Fixture.now
        let store = FileRecordStore(directory: folder.path)
        try await store.save(record)
        #expect(try await store.load() == record)
    }

    @Test func devicesComeBackAsSaved() async throws {
        var record = record
        var memory = DeviceMemory()
        memory.observe(
            SimulatedHost(Fixture.spec).snapshot.devices, owned: [], at: Fixture.now)
        record.devices = memory
        let store = FileRecordStore(directory: folder.path)
        try await store.save(record)
        #expect(try await store.load() == record)
    }

    @Test func aDraftLeftByAKillIsIgnored() async throws {
        let store = FileRecordStore(directory: folder.path)
        try await store.save(record)
        try folder.write("{", to: "assignments.json.new")
        #expect(try await store.load() == record)
        try await store.save(LocalRecord(revision: 2))
        #expect(try await store.load() == LocalRecord(revision: 2))
    }

    @Test func aBrokenFileIsAnError() async throws {
        try folder.write("{", to: "assignments.json")
        let store = FileRecordStore(directory: folder.path)
        await #expect {
            _ = try await store.load()
        } throws: {
            if case LocalRecordError.unreadable = $0 { true } else { false }
        }
    }

    @Test func aMissingDirectoryIsAnError() async throws {
        let store = FileRecordStore(directory: folder.path + "/none")
        await #expect {
            try await store.save(LocalRecord())
        } throws: {
            if case LocalRecordError.unwritable = $0 { true } else { false }
        }
    }
}
