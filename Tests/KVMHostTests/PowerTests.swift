import ComputeModel
import Foundation
import HostDrivers
import TestSupport
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("pausing and saving on libvirt's test driver", .endsTheHung)
struct PowerTests {
    /// A running guest without NICs, removed at the end.
    private func withGuest(
        _ body: (KVMHypervisor, InstanceID) async throws -> Void
    ) async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            var plan = GuestPlan.sample()
            plan.interfaces = []
            try await hypervisor.define(plan)
            try await hypervisor.start(plan.instanceID)
            try await body(hypervisor, plan.instanceID)
            try await hypervisor.destroy(plan.instanceID)
            try await hypervisor.undefine(plan.instanceID)
            #expect(try await power(plan.instanceID, hypervisor) == nil)
        }
    }

    private func power(
        _ instance: InstanceID, _ hypervisor: KVMHypervisor
    ) async throws -> GuestPower? {
        try await hypervisor.guests().first { $0.instanceID == instance }?.power
    }

    @Test("pause and unpause, repeated")
    func pause() async throws {
        try await withGuest { hypervisor, instance in
            for _ in 0..<2 {
                try await hypervisor.pause(instance)
                #expect(try await power(instance, hypervisor) == .paused)
            }
            for _ in 0..<2 {
                try await hypervisor.unpause(instance)
                #expect(try await power(instance, hypervisor) == .running)
            }
        }
    }

    @Test("save, restore and discard, repeated")
    func save() async throws {
        try await withGuest { hypervisor, instance in
            for _ in 0..<2 {
                try await hypervisor.save(instance)
                #expect(try await power(instance, hypervisor) == .suspended)
            }
            for _ in 0..<2 {
                try await hypervisor.restore(instance)
                #expect(try await power(instance, hypervisor) == .paused)
            }
            try await hypervisor.unpause(instance)
            #expect(try await power(instance, hypervisor) == .running)
            try await hypervisor.save(instance)
            for _ in 0..<2 {
                try await hypervisor.discardSaved(instance)
                #expect(try await power(instance, hypervisor) == .shutdown)
            }
            await expect(.notFound) { try await hypervisor.restore(instance) }
            await expect(.notFound) { try await hypervisor.save(instance) }
            await expect(.notFound) { try await hypervisor.pause(instance) }
            await expect(.notFound) { try await hypervisor.unpause(instance) }
            // The definition goes with what is saved.
            try await hypervisor.start(instance)
            try await hypervisor.save(instance)
        }
    }

    @Test("a guest that isn't there")
    func missing() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let instance = InstanceID(uuid: UUID())
            await expect(.notFound) { try await hypervisor.pause(instance) }
            await expect(.notFound) { try await hypervisor.save(instance) }
            await expect(.notFound) { try await hypervisor.restore(instance) }
            try await hypervisor.discardSaved(instance)
            try await hypervisor.abortMigration(instance)
            try await hypervisor.detach(instance, PortID(uuid: UUID()), timeout: .seconds(1))
            await expect(.notFound) { try await hypervisor.copyRoot(instance, to: "/nowhere") }
            await expect(.notFound) { try await hypervisor.forceMigration(instance) }
        }
    }

    @Test("a vDPA NIC holds a guest where it is, and is found when it is there already")
    func interfaces() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let plan = GuestPlan.sample()
            let instance = plan.instanceID
            try await hypervisor.define(plan)
            await expect(.notFound) { try await hypervisor.attach(instance, plan.interfaces[0]) }
            try await hypervisor.start(instance)
            try await hypervisor.attach(instance, plan.interfaces[0])
            try await hypervisor.detach(instance, PortID(uuid: UUID()), timeout: .seconds(1))
            await expect(.refused) { try await hypervisor.save(instance) }
            await expect(.refused) {
                try await hypervisor.migrate(instance, .sample()) { _ in }
            }
            // The test driver can't plug.
            var other = plan.interfaces[0]
            other.portID = PortID(uuid: UUID())
            let missing = other
            await expect(.refused) { try await hypervisor.attach(instance, missing) }
            await expect(.refused) {
                try await hypervisor.detach(
                    instance, plan.interfaces[0].portID, timeout: .seconds(1))
            }
            other.portID = PortID("port1")
            let unnamed = other
            await expect(.refused) { try await hypervisor.attach(instance, unnamed) }
            try await hypervisor.destroy(instance)
            try await hypervisor.undefine(instance)
        }
    }

    @Test("what the test driver can't do leaves the guest running")
    func unsupported() async throws {
        try await withGuest { hypervisor, instance in
            await expect(.refused) { try await hypervisor.migrate(instance, .sample()) { _ in } }
            #expect(try await power(instance, hypervisor) == .running)
            await expect(.notFound) { try await hypervisor.forceMigration(instance) }
            try await hypervisor.abortMigration(instance)
            // Its disk is not in the agent's folder.
            await expect(.refused) { try await hypervisor.copyRoot(instance, to: "/nowhere") }
        }
    }
}

extension GuestDeparture {
    static func sample(uri: String = "qemu+tls://host2/system") -> GuestDeparture {
        GuestDeparture(
            migrationID: MigrationID(uuid: UUID()), destinationURI: uri,
            destinationHostName: "host2", numa: nil, isEncrypted: true,
            bandwidthMiBPerSecond: nil, downtimeMS: 300, timeoutMS: 60_000)
    }
}
