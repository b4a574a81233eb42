import ComputeModel
import Foundation
import HostDrivers
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("plans to domains and back")
struct DomainMappingTests {
    @Test("a plan's domain", arguments: KVMHostConfiguration.DomainType.allCases)
    func domain(_ type: KVMHostConfiguration.DomainType) throws {
        let plan = GuestPlan.sample(generation: 7)
        let domain = try plan.domain(type)
        #expect(domain.uuid.uuidString.lowercased() == plan.instanceID.text)
        #expect(domain.virtualization.rawValue == type.rawValue)
        #expect(domain.cpuMode == (type == .kvm ? .hostPassthrough : .maximum))
        #expect((domain.vcpus, domain.memoryMiB) == (2, 256))
        #expect(
            domain.disks == [
                .virtio(path: plan.disks[0].path, format: .qcow2, target: "vda"),
                .configDrive(path: plan.configDrivePath),
            ])
        #expect(domain.interfaces.map(\.characterDevicePath) == ["/dev/vhost-vdpa-0"])
        #expect(domain.interfaces.map(\.alias) == ["ua-0d6d2b7c-8e0f-4a9c-9d1e-5b6a7c8d9e0f"])
        #expect(domain.consoleLogPath == plan.consoleLogPath)

        let observed = try #require(
            try DomainDescription(xml: domain.xml()).observed(.sample(state: .running)))
        #expect(observed.instanceID == plan.instanceID)
        #expect(observed.generation == 7)
        #expect(observed.power == .running)
        #expect(observed.interfaces.map(\.portID) == plan.interfaces.map(\.portID))
        #expect(observed.interfaces.map(\.macAddress) == ["52:54:01:00:01:01"])
        #expect(observed.interfaces.map(\.characterDevice) == ["/dev/vhost-vdpa-0"])
    }

    @Test(
        "plans that no domain can carry out", arguments: ["id", "port", "format", "none", "many"])
    func refused(_ what: String) async {
        var plan = GuestPlan.sample()
        let disk = plan.disks[0]
        switch what {
        case "id": plan.instanceID = InstanceID("web1")
        case "port": plan.interfaces[0].portID = PortID("port1")
        case "format": plan.disks[0].format = "vmdk"
        case "none": plan.disks = []
        default: plan.disks = Array(repeating: disk, count: 27)
        }
        let bad = plan
        await expect(.refused) { _ = try bad.domain(.kvm) }
    }

    @Test("someone else's domain isn't a guest")
    func foreign() throws {
        let xml = """
            <domain type='kvm'><uuid>0d6d2b7c-8e0f-4a9c-9d1e-5b6a7c8d9e0f</uuid><name>x</name>
            <devices/></domain>
            """
        #expect(try DomainDescription(xml: xml).observed(.sample(state: .running)) == nil)
    }

    @Test(
        "power",
        arguments: [
            (.running, .running, true), (.shuttingDown, .running, true), (.paused, .paused, true),
            (.shutOff, .shutdown, false), (.crashed, .crashed, true),
            (.suspendedByGuest, .paused, true), (.unknown(99), .running, true),
        ] as [(DomainState, GuestPower, Bool)])
    func power(_ state: DomainState, _ power: GuestPower, isActive: Bool) {
        #expect(state.power == power)
        #expect(state.isActive == isActive)
    }

    private static let migration = job(.migrationOut)

    private static func job(
        _ operation: DomainJob.Operation, _ phase: DomainJob.Phase = .running
    ) -> DomainJob {
        var job = DomainJob(completed: [:])
        job.operation = operation
        job.phase = phase
        return job
    }

    @Test(
        "guests on their way",
        arguments: [
            (.sample(state: .running), nil, nil),
            (.sample(state: .paused), nil, nil),
            (.sample(state: .shutOff), nil, nil),
            (.sample(state: .running), migration, .leaving),
            // Stopped by force, or at the very end.
            (.sample(state: .paused), migration, .leaving),
            (.sample(state: .running), job(.backup), nil),
            (.sample(state: .running), job(.migrationOut, .completed), nil),
            (.sample(state: .paused, isPostCopy: true), nil, .leaving),
            (.sample(state: .paused, isPersistent: false), nil, .arriving),
            (.sample(state: .shutOff, isPersistent: false), nil, .arriving),
            (.sample(state: .running, isPostCopy: true, isPersistent: false), nil, .arriving),
            (.sample(state: .running, isPersistent: false), nil, nil),
        ] as [(DomainSummary, DomainJob?, GuestTransit?)])
    func transit(_ summary: DomainSummary, _ job: DomainJob?, _ transit: GuestTransit?) {
        #expect(summary.transit(job: job) == transit)
    }

    @Test("a guest whose memory is saved is suspended")
    func suspended() {
        #expect(DomainSummary.sample(state: .shutOff, hasManagedSave: true).power == .suspended)
        #expect(DomainSummary.sample(state: .shutOff).power == .shutdown)
    }
}

extension DomainSummary {
    static func sample(
        state: DomainState, isPostCopy: Bool = false, isPersistent: Bool = true,
        hasManagedSave: Bool = false
    ) -> DomainSummary {
        DomainSummary(
            uuid: UUID(), name: "m-1", state: state, isPostCopy: isPostCopy,
            hasManagedSave: hasManagedSave, isPersistent: isPersistent)
    }
}
