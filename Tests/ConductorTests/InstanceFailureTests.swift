import ComputeModel
import HostDrivers
import SimulatedDrivers
import Testing

@testable import Conductor

@Suite struct InstanceFailureTests {
    @Test func withoutADeviceTheInstanceSaysWhyAndHoldsNothing() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 0), .small("h2", devices: 0)]) { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            let failed = try await bed.settled(id, .error)
            #expect(
                failed.fault?.message
                    == "No valid host was found. 2 hosts: no free vdpa device on physnet1.")
            #expect(failed.fault?.code == 500)
            #expect(failed.fault?.details?.contains("h1: no free vdpa device") == true)
            #expect(failed.hostID == nil)
            #expect(failed.task == nil)
            #expect(try bed.isFree(port))
            #expect(try bed.remains(of: id) == [])
            let event = try #require(try bed.conductor.actions.list(id).first?.events.first)
            #expect(event.name == "conductor_schedule_and_build_instances")
            #expect(event.result == "Error")

            try await bed.delete(id)
            try await bed.settled(id, .deleted)
        }
    }

    /// Driver calls of a build. Each of them refuses for good.
    @Test(arguments: [
        SimulatedOperation.prepareRoot, .writeConfigDrive, .resolve, .setMAC, .plug, .define,
        .start,
    ])
    func aHostThatRefusesFailsTheBuildAndLetsGo(operation: SimulatedOperation) async throws {
        try await InstanceTestbed.run { bed in
            bed.fleet.hosts[0].set(.permanent(), on: operation)
            let port = try await bed.port()
            let id = try await bed.create([port])
            let failed = try await bed.settled(id, .error)
            let fault = try #require(failed.fault)
            #expect(!fault.message.isEmpty)
            #expect(!fault.message.contains("h1"))
            #expect(try bed.isFree(port))
            #expect(try bed.remains(of: id) == [])

            bed.fleet.hosts[0].heal()
            let next = try await bed.create([port])
            try await bed.settled(next, .active)
        }
    }

    @Test func aHostThatFailsForAWhileBuildsInTheEnd() async throws {
        try await InstanceTestbed.run { bed in
            let host = bed.fleet.hosts[0]
            for call in 1...3 { host.set(.transient(), on: .start, call: call) }
            let id = try await bed.create([try await bed.port()])
            let built = try await bed.settled(id, .active)
            #expect(built.fault == nil)
            #expect(host.calls.count { $0.operation == .start } == 4)
            #expect(host.snapshot.running == [id])
            #expect(try bed.claims().map(\.phase) == [.allocated])
        }
    }

    @Test func aHostThatIsSilentFailsTheBuild() async throws {
        try await InstanceTestbed.run(change: { $0.buildTimeout = .seconds(1) }) { bed in
            bed.fleet.hosts[0].set(.stall, on: .start)
            let port = try await bed.port()
            let id = try await bed.create([port])
            let failed = try await bed.settled(id, .error)
            #expect(
                failed.fault?.message == "The server was not running within the build time.")
            #expect(try bed.isFree(port))
            #expect(try bed.remains(of: id) == [])
        }
    }

    @Test func twentyForEightDevices() async throws {
        let hosts = [SimulatedHostSpec.small("h1", devices: 4), .small("h2", devices: 4)]
        try await InstanceTestbed.run(hosts) { bed in
            var ports: [NetworkPort] = []
            for _ in 0..<20 { ports.append(try await bed.port()) }
            let ids = try await withThrowingTaskGroup(of: InstanceID.self) { group in
                for port in ports { group.addTask { try await bed.create([port]) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            var active: Set<InstanceID> = []
            for id in ids {
                let last = try await Self.end(of: id, bed)
                if last.state == .active { active.insert(id) }
            }
            #expect(active.count == 8)
            let claims = try bed.claims()
            #expect(Set(claims.map(\.instanceID)) == active)
            #expect(claims.count == 8)
            #expect(claims.allSatisfy { $0.phase == .allocated })
            #expect(Set(claims.flatMap(\.devices).map(\.deviceID)).count == 8)
            for id in ids where !active.contains(id) {
                #expect(try bed.remains(of: id) == [])
                #expect(
                    try bed.instance(id).fault?.message.hasPrefix("No valid host was found.")
                        == true)
            }
            let bound = try ports.filter { try bed.port($0.id).binding != nil }
            #expect(bound.count == 8)
        }
    }

    private static func end(
        of id: InstanceID, _ bed: InstanceTestbed
    ) async throws -> Instance {
        try await bed.documents.wait(
            for: Instance.self, id.text, timeout: InstanceTestbed.patience
        ) { found in
            guard let found = found?.value, found.workflowID == nil else { return nil }
            return found
        }
    }

    /// What a build does when it is told to stop, and at which call it is then.
    @Test(arguments: [SimulatedOperation.prepareRoot, .plug, .define, .start])
    func anInstanceDeletedWhileItIsBuiltIsGone(operation: SimulatedOperation) async throws {
        try await InstanceTestbed.run { bed in
            let host = bed.fleet.hosts[0]
            host.set(.stall, on: operation)
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.until("\(operation) is called") {
                host.calls.contains { $0.operation == operation }
            }
            try await bed.delete(id)
            host.heal()
            try await bed.settled(id, .deleted)
            #expect(try bed.remains(of: id) == [])
            #expect(try bed.isFree(port))
        }
    }

    @Test func instancesDeletedAtOnceAreGone() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 8)]) { bed in
            var made: [(InstanceID, NetworkPort)] = []
            for number in 0..<8 {
                let port = try await bed.port()
                let id = try await bed.create([port])
                for _ in 0..<number * 3 { await Task.yield() }
                try await bed.delete(id, request: "req-\(number)")
                made.append((id, port))
            }
            for (id, port) in made {
                try await bed.settled(id, .deleted)
                #expect(try bed.remains(of: id) == [])
                #expect(try bed.isFree(port))
            }
            #expect(try bed.claims().isEmpty)
        }
    }
}
