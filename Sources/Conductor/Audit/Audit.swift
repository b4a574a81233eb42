import ComputeModel
import Persistence
import Workflow

/// Compares everything that the control plane has stored about instances with itself. Pure: one
/// consistent snapshot in, disagreements out. Instances that a workflow is changing are left out:
/// they are between two states on purpose.
struct Audit {
    let snapshot: DocumentSnapshot
    private let instances: [InstanceID: Instance]
    private let ledgers: [HostID: HostLedger]
    private let assignments: [Assignment]
    private let assigned: [String: AssignmentGoal]
    private let ports: [PortID: NetworkPort]
    private let workflows: [String: WorkflowStatus]

    init(_ snapshot: DocumentSnapshot) throws {
        self.snapshot = snapshot
        instances = Dictionary(
            uniqueKeysWithValues: try snapshot.list(Instance.self).map { ($0.value.id, $0.value) })
        ledgers = Dictionary(
            uniqueKeysWithValues: try snapshot.list(HostLedger.self)
                .map { ($0.value.hostID, $0.value) })
        assignments = try snapshot.list(Assignment.self).map(\.value)
        assigned = Dictionary(
            uniqueKeysWithValues: assignments.map { ($0.documentKey, $0.goal) })
        ports = Dictionary(
            uniqueKeysWithValues: try snapshot.list(NetworkPort.self)
                .map { ($0.value.id, $0.value) })
        workflows = Dictionary(
            uniqueKeysWithValues: try snapshot.list(WorkflowRecord.self)
                .map { ($0.value.id, $0.value.status) })
    }

    /// All disagreements, in a stable order.
    func findings() throws -> [AuditFinding] {
        var findings: [AuditFinding] = []
        for ledger in ledgers.values.sorted(by: { $0.hostID < $1.hostID }) {
            findings += claims(of: ledger)
        }
        for assignment in assignments { findings += self.assignment(assignment) }
        for id in instances.keys.sorted() {
            if let instance = instances[id] { findings += self.instance(instance) }
        }
        for id in ports.keys.sorted() {
            if let port = ports[id] { findings += self.port(port) }
        }
        return findings + (try migrations()) + (try images()) + stuckWorkflows()
    }

    /// Whether something is being done to it, so that it may be between two states.
    private func isMoving(_ instance: Instance) -> Bool {
        guard let workflow = instance.workflowID else { return false }
        return workflows[workflow.text].map { !$0.isFinished } ?? false
    }

    // MARK: Claims and assignments

    private func claims(of ledger: HostLedger) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var owners: [DeviceID: InstanceID] = [:]
        for claim in ledger.claims {
            for device in claim.devices {
                if let other = owners.updateValue(claim.instanceID, forKey: device.deviceID) {
                    findings.append(
                        AuditFinding(
                            .deviceOwnedTwice, "device \(device.deviceID)",
                            "host \(ledger.hostID): claimed by \(other) and"
                                + " \(claim.instanceID)"))
                }
            }
            guard !mayClaim(claim.instanceID, on: ledger.hostID) else { continue }
            findings.append(
                AuditFinding(
                    .claimOrphaned, "claim of \(claim.instanceID) on host \(ledger.hostID)",
                    "nothing is assigned there, and the instance is"
                        + " \(instances[claim.instanceID]?.hostID?.text ?? "gone")",
                    .claim(claim.instanceID, ledger.hostID)))
        }
        return findings
    }

    /// Whether a claim there has a reason: an assignment, or an instance that is, or moves, there.
    private func mayClaim(_ id: InstanceID, on host: HostID) -> Bool {
        if assigned[Assignment.key(host, id)] != nil { return true }
        guard let instance = instances[id], instance.state != .deleted else { return false }
        return isMoving(instance) || instance.hostID == host
    }

    private func assignment(_ assignment: Assignment) -> [AuditFinding] {
        guard assignment.goal != .absent else { return [] }
        let object = "assignment of \(assignment.instanceID) on host \(assignment.hostID)"
        guard let instance = instances[assignment.instanceID], instance.state != .deleted else {
            return [
                AuditFinding(
                    .assignmentOrphaned, object,
                    "its goal is \(assignment.goal.rawValue), and the instance is gone")
            ]
        }
        guard !isMoving(instance) else { return [] }
        let resize = instance.resize
        guard
            instance.hostID == assignment.hostID || resize?.oldHostID == assignment.hostID
        else {
            return [
                AuditFinding(
                    .assignmentOrphaned, object,
                    "its goal is \(assignment.goal.rawValue), and the instance is on"
                        + " \(instance.hostID?.text ?? "no host")")
            ]
        }
        let claim = ledgers[assignment.hostID]?.claim(of: assignment.instanceID)
        let claimed = Set(claim?.devices.compactMap(\.portID).map(\.text) ?? [])
        let wanted = Set(assignment.guest.interfaces.map(\.portID.text))
        guard claimed != wanted else { return [] }
        return [
            AuditFinding(
                .assignmentDiffers, object,
                "ports \(wanted.sorted()) are assigned, \(claimed.sorted()) have devices")
        ]
    }

    // MARK: Instances and ports

    private func instance(_ instance: Instance) -> [AuditFinding] {
        let object = "server \(instance.id)"
        if instance.state == .deleted { return [] }
        if isMoving(instance) { return [] }
        if instance.workflowID != nil || instance.task != nil {
            return [
                AuditFinding(
                    .taskWithoutWorkflow, object,
                    "task \(instance.task?.rawValue ?? "none"), and workflow"
                        + " \(instance.workflowID?.text ?? "none") is not under way",
                    .server(instance.id))
            ]
        }
        guard let host = instance.hostID else { return [] }
        var findings: [AuditFinding] = []
        if ledgers[host]?.claim(of: instance.id) == nil {
            findings.append(
                AuditFinding(
                    .claimMissing, object, "it is on host \(host), which has no claim of it"))
        }
        if (assigned[Assignment.key(host, instance.id)] ?? .absent) == .absent {
            findings.append(
                AuditFinding(
                    .assignmentMissing, object,
                    "it is on host \(host), where nothing is assigned"))
        }
        return findings
    }

    private func port(_ port: NetworkPort) -> [AuditFinding] {
        guard port.deviceOwner.hasPrefix("compute:") || port.binding != nil else { return [] }
        let object = "port \(port.id)"
        let id = InstanceID(port.deviceID)
        guard let instance = instances[id], instance.state != .deleted else {
            return [
                AuditFinding(.portOrphaned, object, "server \(id) is gone", .port(port.id))
            ]
        }
        guard !isMoving(instance) else { return [] }
        guard instance.interfaces.contains(where: { $0.portID == port.id }) else {
            return [
                AuditFinding(.portDiffers, object, "it says server \(id), which hasn't got it")
            ]
        }
        guard let binding = port.binding else { return [] }
        let claim = ledgers[binding.hostID]?.claim(of: id)
        let device = claim?.devices.first { $0.portID == port.id }?.deviceID
        guard binding.hostID == instance.hostID, device == binding.deviceID else {
            return [
                AuditFinding(
                    .portDiffers, object,
                    "bound to device \(binding.deviceID?.text ?? "none") on host"
                        + " \(binding.hostID); server \(id) is on"
                        + " \(instance.hostID?.text ?? "no host") and owns there"
                        + " \(device?.text ?? "none")")
            ]
        }
        guard port.inactiveBinding == nil else {
            return [
                AuditFinding(
                    .portDiffers, object, "it has an inactive binding, and nothing moves it")
            ]
        }
        return []
    }

    // MARK: The rest

    private func migrations() throws -> [AuditFinding] {
        try snapshot.list(Migration.self).map(\.value).compactMap { migration in
            guard !migration.status.isOver, migration.status != .finished,
                workflows[migration.workflowID.text]?.isFinished ?? true,
                instances[migration.instanceID]?.workflowID == nil
            else { return nil }
            return AuditFinding(
                .migrationWithoutWorkflow, "migration \(migration.id)",
                "it is \(migration.status.rawValue), and its workflow has ended",
                .migration(migration.id))
        }
    }

    private func images() throws -> [AuditFinding] {
        var needed: Set<ImageID> = []
        for instance in instances.values where instance.state != .deleted {
            let copies = [
                instance.rootImageID, instance.resize?.oldRootImageID, instance.shelvedImageID,
            ]
            needed.formUnion(copies.compactMap { $0 })
        }
        return try snapshot.list(Image.self).map(\.value).compactMap { image in
            guard image.ownerID == .millrace, !needed.contains(image.id),
                let owner = image.properties["instance_uuid"],
                instances[InstanceID(owner)].map({ !isMoving($0) }) ?? true
            else { return nil }
            return AuditFinding(
                .imageOrphaned, "image \(image.id)",
                "a copy of the disk of server \(owner) that nothing needs", .image(image.id))
        }
    }

    private func stuckWorkflows() -> [AuditFinding] {
        workflows.filter { $0.value == .stuck }.keys.sorted().map {
            AuditFinding(
                .workflowStuck, "workflow \($0)",
                "it could not be undone; it is tried again at the next start, and 'millrace"
                    + " operation show' tells why")
        }
    }
}
