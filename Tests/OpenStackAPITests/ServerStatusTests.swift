import Foundation
import RequestPipeline
import Testing

@testable import ComputeModel
@testable import Conductor
@testable import OpenStackAPI

/// The words for states and tasks.
@Suite struct ServerStatusTests {
    /// State, task, status, and whether it has a progress.
    static let rows: [(InstanceState, InstanceTask?, String, Bool)] = [
        (.building, .spawning, "BUILD", true), (.building, nil, "BUILD", true),
        (.active, nil, "ACTIVE", true), (.active, .suspending, "ACTIVE", true),
        (.active, .shelving, "ACTIVE", true), (.active, .imageSnapshot, "ACTIVE", true),
        (.active, .rescuing, "ACTIVE", true), (.active, .deleting, "ACTIVE", true),
        (.active, .rebooting, "REBOOT", false), (.active, .rebootingHard, "HARD_REBOOT", false),
        (.active, .rebuilding, "REBUILD", true), (.active, .migrating, "MIGRATING", true),
        (.active, .resizePrep, "RESIZE", true), (.active, .resizeMigrating, "RESIZE", true),
        (.active, .resizeMigrated, "RESIZE", true), (.active, .resizeFinish, "RESIZE", true),
        (.stopped, nil, "SHUTOFF", false), (.stopped, .poweringOn, "SHUTOFF", false),
        (.stopped, .resizePrep, "RESIZE", true), (.stopped, .rebuilding, "REBUILD", true),
        (.resized, nil, "VERIFY_RESIZE", true),
        (.resized, .resizeConfirming, "VERIFY_RESIZE", true),
        (.resized, .resizeReverting, "REVERT_RESIZE", false),
        (.paused, nil, "PAUSED", false), (.paused, .migrating, "MIGRATING", true),
        (.suspended, nil, "SUSPENDED", false), (.suspended, .resuming, "SUSPENDED", false),
        (.rescued, nil, "RESCUE", false), (.rescued, .unrescuing, "RESCUE", false),
        (.shelved, nil, "SHELVED", false), (.shelved, .shelvingOffloading, "SHELVED", false),
        (.shelvedOffloaded, nil, "SHELVED_OFFLOADED", false),
        (.shelvedOffloaded, .unshelving, "SHELVED_OFFLOADED", false),
        (.error, nil, "ERROR", false), (.error, .rebuilding, "REBUILD", true),
        (.deleted, nil, "DELETED", false),
    ]

    @Test(arguments: rows)
    func everyStateHasItsWord(
        state: InstanceState, task: InstanceTask?, status: String, progress: Bool
    ) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1") {
            $0.state = state
            $0.task = task
        }
        #expect(ServerStatus.of(instance) == status)
        try await bed.talk { client in
            let found = try await client.compute(
                .get, "/servers/detail?status=\(status.lowercased())", as: "admin")
            #expect(found.column("servers", "name") == ["s1"])
            #expect(found.text("servers", "0", "OS-EXT-STS:vm_state") == state.rawValue)
            #expect(found.text("servers", "0", "OS-EXT-STS:task_state") == task?.rawValue)
            #expect(found.keys("servers", "0").contains("progress") == progress)
        }
    }

    @Test func onlyAdministratorsAskForDeletedOnes() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.put("gone") { $0.state = .deleted }
        try await bed.talk { client in
            let owner = try await client.compute(.get, "/servers?status=DELETED")
            #expect(owner.status == 403)
        }
    }

    @Test(arguments: [
        (InstanceState.active, GuestPower.running, 1), (.paused, .paused, 3),
        (.stopped, .shutdown, 4), (.suspended, .suspended, 4), (.suspended, .shutdown, 4),
        (.shelvedOffloaded, .none, 4), (.building, .none, 0), (.error, .crashed, 6),
    ])
    func powerIsShownAsByTheReferenceSystem(
        state: InstanceState, observed: GuestPower, shown: Int
    ) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1") {
            $0.state = state
            $0.observed = observed
        }
        #expect(instance.shownPower == shown)
    }

    /// A resized server has its new flavor from the time it can be confirmed.
    @Test func aResizedServerShowsItsNewFlavor() async throws {
        let bed = try await ComputeAPITestbed()
        let larger = Flavor(
            id: FlavorID("f2"), name: "large", vcpus: 4, memoryMiB: 128, diskGiB: 2)
        let resize = InstanceResize(
            migrationID: MigrationID("m"), oldFlavor: ComputeAPITestbed.flavor,
            newFlavor: larger, oldHostID: HostID("h"), oldHostName: "h1", oldZone: "nova",
            newHostID: HostID("h2"), oldRootBuild: 0, oldBindings: [:], wasRunning: true)
        let instance = try await bed.put("s1") {
            $0.resize = resize
            $0.task = .resizeMigrating
        }
        try await bed.talk { client in
            let path = "/servers/\(instance.id)"
            let before = try await client.compute(.get, path, version: "2.47")
            #expect(before.text("server", "flavor", "original_name") == "small")
            try await bed.context.documents.mutate(Instance.self, instance.id.text) {
                $0.state = .resized
                $0.task = nil
            }
            let after = try await client.compute(.get, path, version: "2.47")
            #expect(after.text("server", "flavor", "original_name") == "large")
            #expect(after.json["server"]?["flavor"]?["vcpus"] == 4)
            let listed = try await client.compute(.get, "/servers?flavor=f2")
            #expect(listed.column("servers", "name") == ["s1"])
        }
    }

    @Test func aLiveMigrationShowsHowFarItIs() async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1") {
            $0.task = .migrating
            $0.migrationID = MigrationID("00000000-0000-4000-8000-000000000001")
        }
        var progress = GuestMigrationReport(
            migrationID: MigrationID("00000000-0000-4000-8000-000000000001"))
        progress.memoryTotalBytes = 600
        progress.memoryRemainingBytes = 200
        progress.diskTotalBytes = 400
        progress.diskRemainingBytes = 50
        try await bed.putMigration(1, of: instance) { [progress] in $0.progress = progress }
        try await bed.talk { client in
            let shown = try await client.compute(.get, "/servers/\(instance.id)")
            #expect(shown.json["server"]?["progress"] == 75)
        }
    }

    @Test func aFaultIsForgottenWithTheErrorItCaused() async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1") {
            $0.fault = InstanceFault(
                code: 500, message: "m", details: nil, created: ComputeAPITestbed.time)
        }
        try await bed.talk { client in
            let shown = try await client.compute(.get, "/servers/\(instance.id)")
            #expect(!shown.keys("server").contains("fault"))
        }
    }
}
