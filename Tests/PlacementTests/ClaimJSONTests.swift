import ComputeModel
import DeviceTracking
import Foundation
import JSON
import Placement
import Scheduler
import Testing

@testable import Persistence

/// Ledgers and placement records are written by hand: byte by byte what the encoder writes, so
/// that a property that was forgotten there is found here.
@Suite struct ClaimJSONTests {
    private struct Envelope<Value: Encodable>: Encodable {
        let v: Int
        let d: Value
    }

    private static func expectAsEncoded<Value: StoredValue & Equatable>(_ value: Value) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let expected = try encoder.encode(Envelope(v: Value.schemaVersion, d: value))
        let key = try DocumentKey(collection: Value.collection, id: "any")
        let stored = try DocumentCoding.encode(value, key: key)
        #expect(
            String(decoding: stored, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
        #expect(try DocumentCoding.decode(Value.self, from: stored, key: key) == value)
    }

    private static func isByHand(_ value: some StoredValue) -> Bool {
        var json = JSONWriter(.compact)
        return value.write(to: &json)
    }

    @Test func ledgersAreWrittenAsEncoded() throws {
        var random = SeededNumbers()
        for count in 0..<200 {
            var ledger = HostLedger(hostID: HostID(Self.text(&random)))
            ledger.claims = (0..<count % 9).map { _ in Self.claim(&random) }
            try Self.expectAsEncoded(ledger)
            #expect(Self.isByHand(ledger))
        }
    }

    @Test func recordsAreWrittenAsEncoded() throws {
        var random = SeededNumbers()
        for _ in 0..<200 {
            var record = try Self.record()
            record.workflowID = WorkflowID(Self.text(&random))
            record.instanceID = InstanceID(Self.text(&random))
            record.decidedAt = Self.date(&random)
            record.conflicts = .random(in: 0...300, using: &random)
            record.isComplete = .random(using: &random)
            record.refusedCounts = Dictionary(
                (0..<Int.random(in: 0...4, using: &random)).map {
                    (Self.text(&random), $0)
                }
            ) { first, _ in first }
            record.chosen?.hostName = Self.text(&random)
            record.chosen?.devices = Self.devices(&random)
            record.chosen?.numa = Self.numa(&random)
            record.chosen?.weights[0].share = Self.date(&random).timeIntervalSinceReferenceDate
            if let chosen = record.chosen {
                record.alternates = Array(
                    repeating: chosen, count: .random(in: 0...2, using: &random))
            }
            if Bool.random(using: &random) { record.chosen = nil }
            try Self.expectAsEncoded(record)
            #expect(Self.isByHand(record))
            record.rejections = [
                HostRejection(hostID: HostID("h"), hostName: "h", reasons: [.down])
            ]
            try Self.expectAsEncoded(record)
            #expect(!Self.isByHand(record))
        }
    }

    /// As stored before there was anything written by hand.
    @Test func olderLedgersAreStillRead() throws {
        let text = """
            {"d":{"claims":[{"capacity":{"diskGiB":1,"memoryMiB":64,"vcpus":1},"createdAt":\
            811692800,"devices":[{"deviceID":"a\\/vf1","portID":"p"}],"instanceID":"i","phase":\
            "claimed","projectID":"p","workflowID":"w"}],"hostID":"h"},"v":1}
            """
        let key = try DocumentKey(collection: HostLedger.collection, id: "h")
        let ledger = try DocumentCoding.decode(HostLedger.self, from: Array(text.utf8), key: key)
        #expect(ledger.claims.first?.devices.map(\.deviceID.text) == ["a/vf1"])
        #expect(ledger.claims.first?.createdAt == PlacementTestbed.time)
    }

    // MARK: Random values

    private static func text(_ random: inout SeededNumbers) -> String {
        let pieces = [
            "a", "0", " ", "\"", "\\", "/", "\n", "\t", "\u{1}", "\u{1F}", "\u{7F}", "\u{E9}",
            "\u{2028}", "\u{1F600}", "port-", "\r\n",
        ]
        return (0..<Int.random(in: 0...12, using: &random)).map { _ in
            pieces.randomElement(using: &random) ?? ""
        }.joined()
    }

    private static func date(_ random: inout SeededNumbers) -> Date {
        let whole = Double(Int.random(in: -1_000_000...1_000_000_000, using: &random))
        let part = Bool.random(using: &random) ? Double.random(in: 0..<1, using: &random) : 0
        return Date(timeIntervalSinceReferenceDate: whole + part)
    }

    private static func devices(_ random: inout SeededNumbers) -> [DeviceClaim] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
            let id = DeviceID(text(&random))
            return Bool.random(using: &random)
                ? DeviceClaim(deviceID: id, portID: PortID(text(&random)))
                : DeviceClaim(deviceID: id, alias: text(&random))
        }
    }

    private static func numa(_ random: inout SeededNumbers) -> NUMAPlacement? {
        guard Bool.random(using: &random) else { return nil }
        return NUMAPlacement(
            cells: (0..<Int.random(in: 0...2, using: &random)).map { cell in
                var placed = NUMACellPlacement(
                    hostCell: cell, vcpus: Array(0..<cell * 2), memoryMiB: 512,
                    pageSizeKiB: Bool.random(using: &random) ? 2_048 : nil,
                    pins: (0..<cell).map { CPUPin(vcpu: $0, hostCPU: $0 + 4) })
                if Bool.random(using: &random) { placed.idleCPUs = [9, 11] }
                return placed
            })
    }

    private static func claim(_ random: inout SeededNumbers) -> Claim {
        var claim = Claim(
            instanceID: InstanceID(text(&random)), projectID: ProjectID(text(&random)),
            workflowID: WorkflowID(text(&random)),
            capacity: HostCapacity(
                vcpus: .random(in: 0...8, using: &random), memoryMiB: .max, diskGiB: -1),
            devices: devices(&random), createdAt: date(&random))
        claim.numa = numa(&random)
        claim.phase = [.claimed, .allocated, .releasing].randomElement(using: &random) ?? .claimed
        return claim
    }

    /// A record with a host and what it was ranked by.
    private static func record() throws -> PlacementRecord {
        let text = """
            {"workflowID":"w","instanceID":"i","decidedAt":0,"alternates":[],"conflicts":0,
            "hostCount":3,"isComplete":true,"refusedCounts":{},"rejections":[],
            "chosen":{"hostID":"h","hostName":"h","devices":[],"weights":[
            {"name":"memory","value":-5,"share":0.5},{"name":"cpu","value":0,"share":1}]}}
            """
        return try JSONDecoder().decode(PlacementRecord.self, from: Data(text.utf8))
    }
}

/// SplitMix64: the same numbers each time.
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64 = 20_260_801

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
