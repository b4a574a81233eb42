import ComputeModel
import SimulatedDrivers
import Testing

@testable import Conductor

/// Hosts whose agents are away.
@Suite struct InstanceHostLossTests {
    @Test func aDeletionDoesNotWaitForADeadHostAndKeepsItsDevice() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1)]) { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            let host = try bed.hostID()
            try await bed.fleet.stopAgent("h1")
            try bed.conductor.hub.liveness.lost(host)
            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            #expect(try bed.claims().map(\.phase) == [.releasing])
            #expect(try bed.isUnbound(port))
            #expect(bed.fleet.hosts[0].snapshot.running == [id])

            // It may come back with the guest still running: nobody else gets the device.
            try bed.conductor.hub.liveness.heard(host)
            let next = try await bed.create([try await bed.port()])
            let failed = try await bed.settled(next, .error)
            #expect(failed.fault?.message.contains("no free vdpa device") == true)

            try await bed.fleet.startAgent("h1")
            try await bed.documents.wait(
                for: HostLedger.self, host.text, timeout: InstanceTestbed.patience
            ) { $0?.value.claims.isEmpty == true ? () : nil }
            #expect(try bed.remains(of: id) == [])
            #expect(try bed.isFree(port))
            try await bed.settled(try await bed.create([port]), .active)
        }
    }

    @Test func aBuildOnAHostThatDiesFailsAndKeepsTheDevice() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1)]) { bed in
            bed.fleet.hosts[0].set(.stall, on: .start)
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.documents.wait(
                for: Instance.self, id.text, timeout: InstanceTestbed.patience
            ) { $0?.value.task == .spawning ? () : nil }
            try await bed.fleet.stopAgent("h1")
            try bed.conductor.hub.liveness.lost(try bed.hostID())
            let failed = try await bed.settled(id, .error)
            #expect(
                failed.fault?.message
                    == "The compute host stopped answering during the build.")
            #expect(try bed.claims().map(\.phase) == [.releasing])
            #expect(try bed.isUnbound(port))

            bed.fleet.hosts[0].heal()
            try await bed.fleet.startAgent("h1")
            try await bed.documents.wait(
                for: HostLedger.self, try bed.hostID().text, timeout: InstanceTestbed.patience
            ) { $0?.value.claims.isEmpty == true ? () : nil }
            #expect(try bed.remains(of: id) == [])
        }
    }

    @Test func anAgentThatStartsAgainFindsItsGuestsAsTheyWere() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let before = bed.fleet.hosts[0].snapshot
            for _ in 0..<3 {
                try await bed.fleet.killAgent("h1")
                try await bed.fleet.startAgent("h1")
            }
            try await bed.delete(try await bed.created(after: id))
            #expect(bed.fleet.hosts[0].snapshot.guests[id] == before.guests[id])
            #expect(try bed.instance(id).state == .active)
        }
    }

    /// An agent that ends in the middle of a look at its host knows nothing new about it.
    @Test func anAgentThatIsStoppedLeavesItsLastReportAsItWas() async throws {
        try await InstanceTestbed.run { bed in
            let host = bed.fleet.hosts[0]
            let scans = { host.calls.count { $0.operation == .scan } }
            let before = scans()
            host.set(.stall, on: .scan)
            host.renumberDevices(by: 1)
            try await bed.until("the devices are looked at") { scans() > before }
            try await bed.fleet.stopAgent("h1")
            let report = try bed.documents.require(HostReport.self, try bed.hostID().text)
            #expect(report.value.conditions == [])
            #expect(report.value.devices.count == 3)
        }
    }

    @Test func aHostThatIsDownIsNotChosen() async throws {
        try await InstanceTestbed.run { bed in
            try await bed.fleet.stopAgent("h1")
            try bed.conductor.hub.liveness.lost(try bed.hostID())
            let id = try await bed.create([try await bed.port()])
            let failed = try await bed.settled(id, .error)
            #expect(
                failed.fault?.message
                    == "No valid host was found. 1 host: compute host is down.")
        }
    }
}

extension InstanceTestbed {
    /// Whether nobody has the port, whatever its host may still have plugged.
    fileprivate func isUnbound(_ port: NetworkPort) throws -> Bool {
        let now = try self.port(port.id)
        return now.binding == nil && now.deviceID.isEmpty && now.macAddress == port.macAddress
    }

    /// Another instance, which runs: by then its host has worked after `earlier`.
    fileprivate func created(after earlier: InstanceID) async throws -> InstanceID {
        let id = try await create([try await port()])
        try await settled(id, .active)
        return id
    }
}
