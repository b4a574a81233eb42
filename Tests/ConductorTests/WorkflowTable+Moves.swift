import ComputeModel
import Persistence

@testable import Conductor

extension WorkflowTable {
    private static let copied: [String: String?] = [
        "images": "internal active, visible active", "image ids": "*", "image files": "2",
        "root": "*",
    ]
    private static let guestThere: [String: String?] = [
        "host": "there", "claim there": "allocated 1 vCPU 64 MiB 1 GiB p1",
        "devices there": "*", "p1 bound": "there", "p1 device": "*", "p1 MAC": "*",
        "assigned there": "running p1", "definition there": "*", "guest there": "running p1",
        "guest disks there": "*", "files there": "1 disks, config drive", "disks there": "*",
        "switch there": "p1",
    ]
    private static let nothingHere: [String: String?] = [
        "claim here": nil, "devices here": nil, "assigned here": nil, "definition here": nil,
        "guest here": nil, "guest disks here": nil, "files here": nil, "disks here": nil,
        "switch here": nil,
    ]
    private static let offHere: [String: String?] = [
        "state": "resized", "assigned here": "stopped p1", "guest here": "shutdown p1",
    ]
    private static let bigThere: [String: String?] = [
        "flavor": "big", "claim there": "allocated 2 vCPU 128 MiB 2 GiB p1",
    ]
    private static let elsewhere: @Sendable (inout ConductorSettings) -> Void = {
        $0.resizesInPlace = false
    }
    private static var resize: InstanceCommand { .resize(InstanceTestbed.bigFlavor.id) }

    private static func all(_ changes: [String: String?]...) -> [String: String?] {
        changes.reduce(into: [:]) { $0.merge($1) { _, new in new } }
    }

    static var moves: [MechanicalTests] {
        [
            MechanicalTests(move("cold migration", .migrate(hostName: nil), moved)),
            MechanicalTests(
                move(
                    "resize to another host", resize, all(moved, bigThere),
                    settings: elsewhere)),
            MechanicalTests(
                move(
                    "resize in place", resize,
                    all(
                        copied,
                        [
                            "state": "resized", "flavor": "big", "resize": "to here",
                            "claim here": "allocated 2 vCPU 128 MiB 2 GiB p1",
                            "definition here": "*", "guest disks here": "*", "disks here": "*",
                            "files here": "2 disks, config drive",
                        ]))),
        ] + ends
    }

    private static var moved: [String: String?] {
        all(copied, guestThere, offHere, ["resize": "to there"])
    }

    private static func move(
        _ name: String, _ command: InstanceCommand, _ changes: [String: String?],
        settings: @escaping @Sendable (inout ConductorSettings) -> Void = { _ in }
    ) -> WorkflowRow<MoveInstance> {
        WorkflowRow(
            name: name, definition: \.move, request: perform(command), changes: changes,
            settings: settings, crashStride: 7)
    }

    // MARK: Confirming and reverting

    private static var ends: [MechanicalTests] {
        let confirmed: [String: String?] = ["state": "active", "resize": "no"]
        let reverted = all(
            guestThere.mapValues { _ in nil },
            [
                "state": "active", "resize": "no", "host": "here", "p1 bound": "here",
                "p1 device": "*", "p1 MAC": "*", "assigned here": "running p1",
                "definition here": "*", "guest here": "running p1", "guest disks here": "*",
                "switch here": "p1", "p1 link": "up",
                "root": "0 of image", "images": "visible active", "image ids": "*",
                "image files": "1", "flavor": "small",
            ])
        let grown: [String: String?] = ["claim here": "allocated 2 vCPU 128 MiB 2 GiB p1"]
        let shrunk = all(
            reverted,
            [
                "claim here": "allocated 1 vCPU 64 MiB 1 GiB p1", "disks here": "*",
                "files here": "1 disks, config drive",
            ])
        let migrate = InstanceCommand.migrate(hostName: nil)
        return [
            MechanicalTests(confirm("cold migration", migrate, all(confirmed, nothingHere))),
            MechanicalTests(
                confirm(
                    "resize in place", resize,
                    all(
                        confirmed, grown,
                        [
                            "disks here": "*", "files here": "1 disks, config drive",
                            "definition here": "*",
                        ]))),
            MechanicalTests(revert("cold migration", migrate, reverted)),
            MechanicalTests(revert("resize in place", resize, shrunk)),
            MechanicalTests(
                revert("resize to another host", resize, reverted, settings: elsewhere)),
        ]
    }

    private static func confirm(
        _ name: String, _ command: InstanceCommand, _ changes: [String: String?]
    ) -> WorkflowRow<ConfirmResize> {
        WorkflowRow(
            name: name, definition: \.confirm, request: perform(.confirmResize),
            changes: changes, last: "remove_source", prepare: { try await $0.complete([command]) })
    }

    private static func revert(
        _ name: String, _ command: InstanceCommand, _ changes: [String: String?],
        settings: @escaping @Sendable (inout ConductorSettings) -> Void = { _ in }
    ) -> WorkflowRow<RevertResize> {
        WorkflowRow(
            name: name, definition: \.revert, request: perform(.revertResize), changes: changes,
            last: "remove_destination", prepare: { try await $0.complete([command]) },
            settings: settings, crashStride: 7)
    }

    // MARK: Shelving

    static var shelving: [MechanicalTests] {
        let shelved: [String: String?] = [
            "state": "shelved", "shelved image": "yes", "wanted power": "stopped",
            "images": "visible active, visible active", "image ids": "*", "image files": "2",
            "assigned here": "stopped p1", "guest here": "shutdown p1",
            "observed power": "shutdown",
        ]
        let offloaded = all(
            nothingHere,
            [
                "state": "shelvedOffloaded", "host": "none", "observed power": "none",
                "p1 bound": "no", "p1 device": "none", "p1 link": "down", "p1 MAC": "*",
            ])
        let keep: @Sendable (inout ConductorSettings) -> Void = { $0.offloadsShelved = false }
        return [
            MechanicalTests(
                shelve("with offload", .shelve, all(shelved, offloaded), last: "remove_guest")),
            MechanicalTests(
                shelve("without offload", .shelve, shelved, last: "remove_guest", settings: keep)),
            MechanicalTests(
                shelve(
                    "offload of a shelved one", .shelveOffload, offloaded, after: [.shelve],
                    last: "remove_guest", settings: keep)),
            MechanicalTests(unshelve),
            MechanicalTests(
                WorkflowRow<ChangeGuest>(
                    name: "unshelve in place", definition: \.change,
                    request: perform(.unshelve(zone: nil, hostName: nil)),
                    changes: [
                        "state": "active", "shelved image": "no", "wanted power": "running",
                        "images": "visible active", "image ids": "*", "image files": "1",
                        "assigned here": "running p1", "guest here": "running p1",
                        "observed power": "running", "definition here": "*", "p1 link": "up",
                    ],
                    prepare: { try await $0.complete([.shelve]) }, settings: keep)),
        ]
    }

    private static func shelve(
        _ name: String, _ command: InstanceCommand, _ changes: [String: String?],
        after: [InstanceCommand] = [], last: String,
        settings: @escaping @Sendable (inout ConductorSettings) -> Void = { _ in }
    ) -> WorkflowRow<ShelveInstance> {
        WorkflowRow(
            name: name, definition: \.shelve, request: perform(command), changes: changes,
            last: last, prepare: { try await $0.complete(after) }, settings: settings,
            crashStride: 7)
    }

    private static var unshelve: WorkflowRow<UnshelveInstance> {
        WorkflowRow(
            name: UnshelveInstance.kind, definition: \.unshelve,
            request: perform(.unshelve(zone: nil, hostName: "h2")),
            changes: all(
                guestThere,
                [
                    "state": "active", "shelved image": "no", "wanted power": "running",
                    "images": "internal active, visible active", "image ids": "*",
                    "observed power": "running", "p1 link": "up", "root": "*",
                ]),
            prepare: { try await $0.complete([.shelve]) })
    }

    // MARK: Evacuating and live migration

    static var rescues: [MechanicalTests] {
        [MechanicalTests(evacuate), MechanicalTests(liveMigrate)]
    }

    private static var evacuate: WorkflowRow<EvacuateInstance> {
        WorkflowRow(
            name: EvacuateInstance.kind, definition: \.evacuate,
            request: perform(.evacuate(hostName: nil, endsStopped: false)),
            // The old host does not answer, so that what it has stays until it does.
            changes: all(
                guestThere,
                [
                    "assigned here": "absent p1", "claim here": "releasing 1 vCPU 64 MiB 1 GiB p1",
                    "p1 link": "up",
                ]),
            prepare: { scene in
                try await scene.bed.fleet.stopAgent(scene.here)
                try await scene.bed.declareDown(scene.here, true)
            },
            // A host that is down says nothing of a wire.
            traces: ["p1 link": "*"],
            retire: { scene in
                try await scene.bed.declareDown(scene.here, false)
                try await scene.bed.fleet.startAgent(scene.here)
                // It may never have been evacuated.
                let host = try scene.bed.documents.require(Instance.self, scene.id.text).value
                    .hostName
                guard host != scene.here else { return }
                try await scene.bed.until("the old host is clean") {
                    try scene.bed.freeDevices(scene.here) == 2
                        && scene.bed.power(scene.id, on: scene.here) == nil
                }
            }, crashStride: 7)
    }

    private static var liveMigrate: WorkflowRow<LiveMigrateInstance> {
        WorkflowRow(
            name: LiveMigrateInstance.kind, definition: \.liveMigrate,
            request: perform(.liveMigrate(hostName: nil)),
            changes: all(guestThere, nothingHere, ["p1 link": "up"]), last: "arrive",
            undecided: ["depart done", "arrive"], crashStride: 7)
    }
}
