import ComputeModel
import Foundation
import Persistence
import TestSupport
import Testing

@testable import Networking

/// Quotas on vDPA ports, and wishes for a port's device.
@Suite struct PortWishTests {
    private typealias Bed = NetworkTestbed

    private static func refusals(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async -> [Refusal?] {
        await withTaskGroup(of: Refusal?.self) { tasks in
            for number in 0..<count {
                tasks.addTask { await Refusal.of { try await body(number) } }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func theQuotaOfVDPAPortsHoldsAgainstManyAtOnce() async throws {
        let bed = try await Bed { $0.vdpaPortsPerProjectMax = 5 }
        let (network, _) = try await bed.network()
        let outcomes = await Self.refusals(20) { _ in
            _ = try await bed.port(on: network) { $0.vnicType = .vdpa }
        }
        #expect(outcomes.count { $0 == nil } == 5)
        #expect(outcomes.count { $0 == .overQuota("vdpa_port") } == 15)
        #expect(try bed.ports.list(Bed.member).count == 5)
        _ = try await bed.port(on: network)
    }

    @Test func portsBecomeVDPAOnlyWithinTheQuota() async throws {
        let bed = try await Bed { $0.vdpaPortsPerProjectMax = 2 }
        let (network, _) = try await bed.network()
        var ports: [NetworkPort] = []
        for _ in 0..<6 { ports.append(try await bed.port(on: network)) }
        let made = ports
        let outcomes = await Self.refusals(made.count) { number in
            var change = PortChange()
            change.vnicType = .vdpa
            _ = try await bed.ports.update(made[number].id, Bed.member, change)
        }
        #expect(outcomes.count { $0 == nil } == 2)
        #expect(outcomes.count { $0 == .overQuota("vdpa_port") } == 4)
        var again = PortChange()
        again.vnicType = .vdpa
        let vdpa = try #require(try bed.ports.list(Bed.member).first { $0.vnicType == .vdpa })
        _ = try await bed.ports.update(vdpa.id, Bed.member, again)
        try await bed.ports.delete(vdpa.id, Bed.member)
        _ = try await bed.port(on: network) { $0.vnicType = .vdpa }
    }

    @Test func aBulkRequestIsCountedAsAWhole() async throws {
        let bed = try await Bed { $0.vdpaPortsPerProjectMax = 4 }
        let (network, _) = try await bed.network()
        var request = PortRequest(networkID: network.id)
        request.vnicType = .vdpa
        let requests = Array(repeating: request, count: 5)
        let refusal = await Refusal.of { _ = try await bed.ports.create(requests, Bed.member) }
        #expect(refusal == .overQuota("vdpa_port"))
        #expect(try bed.ports.list(Bed.member).isEmpty)
        #expect(try await bed.ports.create(Array(requests.dropLast()), Bed.member).count == 4)
    }

    @Test func theQuotaOfAllPortsHoldsAgainstManyAtOnce() async throws {
        let bed = try await Bed { $0.portsPerProjectMax = 3 }
        let (network, _) = try await bed.network()
        let outcomes = await Self.refusals(10) { _ in _ = try await bed.port(on: network) }
        #expect(outcomes.count { $0 == nil } == 3)
        #expect(outcomes.count { $0 == .overQuota("port") } == 7)
    }

    @Test func wishesAreFixedWhileThePortIsBound() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        var wanted = DeviceRequirements()
        wanted.mtuMinBytes = 9_000
        let stored = wanted
        let port = try await bed.port(on: network) {
            $0.vnicType = .vdpa
            $0.deviceRequirements = stored
        }
        #expect(port.deviceRequirements == wanted)
        let binding = PortBinding(
            hostID: .init("h"), hostName: "h1", deviceID: .init("d"), pciVendorInfo: nil,
            pciSlot: nil, physicalNetwork: nil)
        _ = try await bed.transact { transaction in
            _ = try bed.ports.bind(
                bed.stored(port.id), binding: binding, adoptedMAC: nil, in: &transaction)
        }
        var change = PortChange()
        change.deviceRequirements = .some(wanted)
        _ = try await bed.ports.update(port.id, Bed.member, change)
        change.deviceRequirements = .some(nil)
        let clearing = change
        let refusal = await Refusal.of {
            _ = try await bed.ports.update(port.id, Bed.member, clearing)
        }
        #expect(refusal == .conflict(.port, .portBound))
        _ = try await bed.transact { transaction in
            _ = try bed.ports.unbind(bed.stored(port.id), keepDevice: false, in: &transaction)
        }
        let cleared = try await bed.ports.update(port.id, Bed.member, clearing)
        #expect(cleared.deviceRequirements == nil)
    }
}
