import ComputeModel
import Foundation
import HostDrivers
import TestSupport
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("guests on libvirt's test driver", .endsTheHung)
struct HypervisorTests {
    private func power(
        _ plan: GuestPlan, _ hypervisor: KVMHypervisor
    ) async throws -> GuestPower? {
        try await hypervisor.guests().first { $0.instanceID == plan.instanceID }?.power
    }

    @Test("every call may be repeated")
    func idempotence() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let plan = GuestPlan.sample()
            let instance = plan.instanceID
            for _ in 0..<2 {
                try await hypervisor.define(plan)
                #expect(try await power(plan, hypervisor) == .shutdown)
            }
            for _ in 0..<2 {
                try await hypervisor.start(instance)
                #expect(try await power(plan, hypervisor) == .running)
            }
            for _ in 0..<2 {
                try await hypervisor.destroy(instance)
                #expect(try await power(plan, hypervisor) == .shutdown)
            }
            try await hypervisor.start(instance)
            for _ in 0..<2 {
                try await hypervisor.shutdown(instance, timeout: .seconds(20))
                #expect(try await power(plan, hypervisor) == .shutdown)
            }
            for _ in 0..<2 {
                try await hypervisor.undefine(instance)
                #expect(try await power(plan, hypervisor) == nil)
            }
            try await hypervisor.destroy(instance)
            try await hypervisor.shutdown(instance, timeout: .seconds(20))
        }
    }

    @Test("a definition is replaced when the guest is off, and only then")
    func redefinition() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            var plan = GuestPlan.sample()
            try await hypervisor.define(plan)
            plan.generation = 2
            plan.interfaces[0].characterDevice = "/dev/vhost-vdpa-5"
            try await hypervisor.define(plan)
            let found = try await hypervisor.guests().first { $0.instanceID == plan.instanceID }
            #expect(found?.generation == 2)
            #expect(found?.interfaces.map(\.characterDevice) == ["/dev/vhost-vdpa-5"])
            try await hypervisor.start(plan.instanceID)
            let running = plan
            await expect(.refused) { try await hypervisor.define(running) }
            await expect(.refused) { try await hypervisor.undefine(running.instanceID) }
            try await hypervisor.destroy(plan.instanceID)
            try await hypervisor.undefine(plan.instanceID)
        }
    }

    @Test("a paused guest runs on when it is started")
    func paused() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let plan = GuestPlan.sample()
            try await hypervisor.define(plan)
            try await hypervisor.start(plan.instanceID)
            let uuid = try #require(UUID(uuidString: plan.instanceID.text))
            try await hypervisor.session.connection().suspend(uuid)
            #expect(try await power(plan, hypervisor) == .paused)
            try await hypervisor.start(plan.instanceID)
            #expect(try await power(plan, hypervisor) == .running)
            try await hypervisor.destroy(plan.instanceID)
            try await hypervisor.undefine(plan.instanceID)
        }
    }

    /// The default node has a domain named `test`, which runs.
    @Test("others' domains are neither listed nor touched")
    func foreign() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let connection = try await hypervisor.session.connection()
            let other = try #require(try await connection.domains().first { $0.name == "test" })
            let instance = InstanceID(uuid: other.uuid)
            let guests = try await hypervisor.guests()
            #expect(!guests.contains { $0.instanceID == instance })
            await expect(.refused) { try await hypervisor.define(.sample(instance)) }
            await expect(.refused) { try await hypervisor.start(instance) }
            await expect(.refused) { try await hypervisor.destroy(instance) }
            await expect(.refused) { try await hypervisor.undefine(instance) }
            await expect(.refused) {
                try await hypervisor.shutdown(instance, timeout: .seconds(1))
            }
            #expect(try await connection.state(other.uuid) == other.state)
        }
    }

    @Test("what can't work says so")
    func refusals() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            await expect(.notFound) { try await hypervisor.start(InstanceID(uuid: UUID())) }
            await expect(.refused) { try await hypervisor.start(InstanceID("web1")) }
            let away = try await KVMHypervisor.onTestDriver(folder, uri: "test:///none.xml")
            await expect(.unavailable) { _ = try await away.guests() }
            await expect(.unavailable) { _ = try await away.probe() }
        }
    }

    @Test("a connection that broke is replaced by the next call")
    func reconnection() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let first = try await hypervisor.session.connection()
            await first.close()
            _ = try await hypervisor.guests()
            #expect(try await hypervisor.session.connection() !== first)
        }
    }

    @Test("events of guests, over a lost connection")
    func events() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            var events = hypervisor.events().makeAsyncIterator()
            #expect(await events.next() == .connectionChanged)
            let plan = GuestPlan.sample()
            try await hypervisor.define(plan)
            // Other tests share the default node.
            repeat {} while await events.next() != .guestChanged(plan.instanceID)
            let first = try await hypervisor.session.connection()
            await first.close()
            repeat {} while await events.next() != .connectionChanged
            #expect(await events.next() == .connectionChanged)
            try await hypervisor.undefine(plan.instanceID)
            repeat {} while await events.next() != .guestChanged(plan.instanceID)
        }
    }

    @Test(
        "the end of the console log",
        arguments: [
            ("", 10, ""), ("abcdef", 3, "def"), ("abcdef", 100, "abcdef"), ("abc", 0, ""),
            ("abc", -1, ""), ("é", 1, "\u{FFFD}"),
        ])
    func console(_ text: String, _ bytes: Int, _ expected: String) async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let instance = InstanceID(uuid: UUID())
            await expect(.notFound) {
                _ = try await hypervisor.consoleTail(instance, bytes: bytes)
            }
            try folder.write(text, to: "state/guests/\(instance)/console.log")
            #expect(try await hypervisor.consoleTail(instance, bytes: bytes) == expected)
        }
    }

    @Test("a console log that is a link or a folder is not read")
    func consoleLink() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let instance = InstanceID(uuid: UUID())
            try folder.write("secret", to: "secret")
            try folder.link("state/guests/\(instance)/console.log", to: "secret")
            await expect(.failed) { _ = try await hypervisor.consoleTail(instance, bytes: 10) }
            await expect(.refused) {
                _ = try await hypervisor.consoleTail(InstanceID("../x"), bytes: 10)
            }
        }
    }
}
