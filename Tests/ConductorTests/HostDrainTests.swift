import ComputeModel
import Foundation
import Persistence
import SimulatedDrivers
import Synchronization
import Testing

@testable import Conductor

@Suite struct HostDrainTests {
    private static let parallel = 6
    private static let begin = Date(timeIntervalSince1970: 0)

    @Test func aHundredServersLeaveAFewAtATime() async throws {
        let hosts = [("h1", 100), ("h2", 60), ("h3", 60)].map { name, devices in
            var host = SimulatedHostSpec.small(name, devices: devices)
            host.cpus = 128
            return host
        }
        try await InstanceTestbed.run(hosts, change: { $0.liveMigrationsPerHostMax = 4 }) { bed in
            var ids: [InstanceID] = []
            for _ in 0..<100 {
                let port = try await bed.port()
                ids.append(
                    try await bed.create([port], InstanceTestbed.admin) { $0.hostName = "h1" })
            }
            for id in ids { try await bed.settled(id, .active) }
            let host = try bed.hostID("h1")
            // Some are off, so both ways of moving are needed.
            for id in ids.prefix(10) { try await bed.complete(.stop, id, expecting: .stopped) }
            var begun = 0
            var most = 0
            while true {
                let progress = try await bed.conductor.drains.advance(
                    host, parallel: Self.parallel, since: Self.begin, cold: false,
                    InstanceTestbed.admin)
                #expect(progress.blocked.isEmpty)
                begun += progress.begun
                most = max(most, progress.moving)
                if progress.remaining == 0 { break }
                try await Self.untilOneHasEnded(bed, moving: progress.moving)
            }
            try await bed.idle()
            #expect(most == Self.parallel)
            // Each moved once; those that were off were confirmed besides.
            #expect(begun == 110)
            #expect(try bed.freeDevices("h1") == 100)
            #expect(try bed.host("h1").snapshot.guests.isEmpty)
            #expect(try bed.conductor.hosts.show(host).host.disabled)
            for (number, id) in ids.enumerated() {
                let state = try bed.instance(id).state
                #expect(state == (number < 10 ? .stopped : .active))
            }
            try await bed.audit()
        }
    }

    @Test func whatCantLeaveIsNamedWithWhatToDo() async throws {
        let hosts: [SimulatedHostSpec] = [.small("h1", devices: 4), .small("h2", devices: 4)]
        try await InstanceTestbed.run(hosts) { bed in
            let states: [(InstanceCommand, InstanceState, String)] = [
                (.pause, .paused, "unpause it first"), (.suspend, .suspended, "resume it first"),
                (.rescue(image: nil), .rescued, "unrescue it first"),
            ]
            var wanted: [InstanceID: String] = [:]
            for (command, state, reason) in states {
                let port = try await bed.port()
                let id = try await bed.create([port], InstanceTestbed.admin) {
                    $0.hostName = "h1"
                }
                try await bed.settled(id, .active)
                try await bed.complete(command, id, expecting: state)
                wanted[id] = reason
            }
            let progress = try await bed.conductor.drains.advance(
                try bed.hostID("h1"), parallel: Self.parallel, since: Self.begin, cold: false,
                InstanceTestbed.admin)
            #expect(progress.begun == 0 && progress.moving == 0 && progress.remaining == 3)
            #expect(progress.blocked.count == 3)
            for blocked in progress.blocked {
                #expect(blocked.reason.contains(wanted[blocked.instanceID] ?? "?"))
            }
        }
    }

    @Test func aMoveThatFailedIsToldAndNotRepeated() async throws {
        try await InstanceTestbed.run([.small("h1"), .small("h2", devices: 0)]) { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let host = try bed.hostID("h1")
            let drain = { () async throws in
                try await bed.conductor.drains.advance(
                    host, parallel: 1, since: Self.begin, cold: true, InstanceTestbed.admin)
            }
            #expect(try await drain().begun == 1)
            try await bed.settled(id, .active)
            try await bed.idle()
            let told = try await drain()
            #expect(told.begun == 0)
            #expect(told.blocked.first?.reason.hasPrefix("its move failed: ") == true)
            #expect(try bed.hostName(id) == "h1")
            try await bed.audit()
        }
    }

    private static func untilOneHasEnded(_ bed: InstanceTestbed, moving: Int) async throws {
        try await bed.documents.wait(
            watching: [Instance.self], timeout: InstanceTestbed.patience
        ) { snapshot -> Void? in
            let busy = try snapshot.list(Instance.self).count { $0.value.workflowID != nil }
            #expect(busy <= parallel)
            return busy < moving || moving == 0 ? () : nil
        }
    }
}
