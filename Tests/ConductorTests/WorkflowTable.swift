import ComputeModel
import Persistence

@testable import Conductor

/// Every workflow of instances beside creating and deleting them.
enum WorkflowTable {
    static var rows: [MechanicalTests] { changes + interfaces + moves + shelving + rescues }

    /// A row of what is done to the guest where it is.
    private static func change(
        _ name: String, _ command: InstanceCommand, after: [InstanceCommand] = [],
        _ changes: [String: String?]
    ) -> WorkflowRow<ChangeGuest> {
        WorkflowRow(
            name: name, definition: \.change, request: perform(command), changes: changes,
            prepare: { try await $0.complete(after) }, crashStride: 3)
    }

    static func perform(
        _ command: InstanceCommand
    ) -> @Sendable (Scene, Instances) async throws -> Void {
        { try await $1.perform(command, on: $0.id, InstanceTestbed.adminOfMember) }
    }

    private static let stopped = [
        "state": "stopped", "wanted power": "stopped", "observed power": "shutdown",
        "guest here": "shutdown p1", "assigned here": "stopped p1",
    ]
    private static let running = [
        "state": "active", "wanted power": "running", "observed power": "running",
        "guest here": "running p1", "assigned here": "running p1", "definition here": "*",
        "p1 link": "up", "switch here": "p1",
    ]
    private static let suspended: [String: String?] = [
        "state": "suspended", "observed power": "suspended", "guest here": "suspended ",
        "assigned here": "suspended p1", "p1 link": "down", "switch here": nil,
    ]

    private static var changes: [MechanicalTests] {
        [
            change("stop", .stop, stopped),
            change("start", .start, after: [.stop], running),
            change("soft reboot", .reboot(.soft), running),
            change("hard reboot", .reboot(.hard), running),
            rebootOfSuspended,
            change(
                "pause", .pause,
                [
                    "state": "paused", "observed power": "paused", "guest here": "paused p1",
                    "assigned here": "paused p1",
                ]),
            change("unpause", .unpause, after: [.pause], running),
            change("suspend", .suspend, suspended),
            change("resume", .resume, after: [.suspend], running),
            change(
                "rescue", .rescue(image: nil),
                [
                    "state": "rescued", "assigned here": "running p1 rescued",
                    "rescue image": "yes", "definition here": "*", "guest disks here": "*",
                    "disks here": "*", "files here": "2 disks, config drive",
                ]),
            change(
                "unrescue", .unrescue, after: [.rescue(image: nil)],
                [
                    "state": "active", "assigned here": "running p1", "rescue image": "no",
                    "definition here": "*", "guest disks here": "*", "disks here": "*",
                    "files here": "1 disks, config drive",
                ]),
        ].map { MechanicalTests($0) } + [MechanicalTests(rebuild), MechanicalTests(snapshot)]
    }

    /// The saved memory is lost as soon as the guest is taken down: it is off then.
    private static var rebootOfSuspended: WorkflowRow<ChangeGuest> {
        var row = change(
            "hard reboot of a suspended guest", .reboot(.hard), after: [.suspend], running)
        row.traces = [
            "state": "stopped", "observed power": "shutdown", "guest here": "shutdown p1",
            "assigned here": "stopped p1", "switch here": "p1", "p1 link": "up",
            "definition here": "*",
        ]
        row.isReusable = false
        return row
    }

    private static var rebuild: WorkflowRow<ChangeGuest> {
        WorkflowRow(
            name: "rebuild", definition: \.change,
            request: { scene, instances in
                var request = RebuildRequest(imageID: scene.bed.image.id)
                request.name = "rebuilt"
                request.hostname = "rebuilt-host"
                _ = try await instances.rebuild(
                    scene.id, InstanceTestbed.adminOfMember, request)
            },
            changes: [
                "name": "rebuilt", "hostname": "rebuilt-host", "root": "*", "definition here": "*",
                "guest disks here": "*",
                "disks here": "*",
            ])
    }

    private static var snapshot: WorkflowRow<ChangeGuest> {
        WorkflowRow(
            name: "snapshot", definition: \.change,
            request: { scene, instances in
                _ = try await instances.createImage(
                    scene.id, InstanceTestbed.adminOfMember, name: "copy", properties: [:])
            },
            changes: [
                "images": "visible active, visible active", "image ids": "*", "image files": "2",
            ],
            traces: [:])
    }

    // MARK: Interfaces

    private static var interfaces: [MechanicalTests] {
        [
            MechanicalTests(attach("running", after: [], "running")),
            MechanicalTests(attach("stopped", after: [.stop], "shutdown")),
            MechanicalTests(detach("running", after: [], "running")),
            MechanicalTests(detach("stopped", after: [.stop], "shutdown")),
        ]
    }

    private static func attach(
        _ name: String, after: [InstanceCommand], _ power: String
    ) -> WorkflowRow<AttachInterface> {
        WorkflowRow(
            name: name, definition: \.attach,
            request: { scene, instances in
                _ = try await instances.attach(
                    scene.id, InstanceTestbed.adminOfMember,
                    AttachmentRequest(portID: scene.ports[1].id))
            },
            changes: [
                "interfaces": "p1 p2", "claim here": "allocated 1 vCPU 64 MiB 1 GiB p1 p2",
                "devices here": "*",
                "assigned here": power == "running"
                    ? "running p1 p2" : "stopped p1 p2",
                "definition here": "*", "guest here": "\(power) p1 p2", "switch here": "p1 p2",
                "p2 bound": "here", "p2 device": "*", "p2 link": "up", "p2 owned": "yes",
                "p2 MAC": "*",
            ],
            prepare: { try await $0.complete(after) })
    }

    private static func detach(
        _ name: String, after: [InstanceCommand], _ power: String
    ) -> WorkflowRow<DetachInterface> {
        WorkflowRow(
            name: name, definition: \.detach,
            request: { scene, instances in
                try await instances.detach(
                    scene.id, InstanceTestbed.adminOfMember, port: scene.ports[0].id)
            },
            changes: [
                "interfaces": "", "claim here": "allocated 1 vCPU 64 MiB 1 GiB ",
                "devices here": "[]",
                "assigned here": power == "running"
                    ? "running " : "stopped ",
                "definition here": "*", "guest here": "\(power) ", "switch here": nil,
                "p1 bound": "no", "p1 device": "none", "p1 link": "down", "p1 owned": "",
                "p1 MAC": "*",
            ],
            last: "release", prepare: { try await $0.complete(after) })
    }
}

extension Scene {
    /// Asks for one after the other, and waits for the end of each.
    func complete(_ commands: [InstanceCommand]) async throws {
        for command in commands {
            try await bed.perform(command, id, InstanceTestbed.adminOfMember)
            _ = try await bed.settled(id)
            try await bed.idle()
        }
    }
}
