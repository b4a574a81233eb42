import ComputeModel
import DeviceTracking
import Persistence
import Placement
import Scheduler
import Workflow

/// Where instances go: turns what is stored of an instance into what it needs of a host, and lets
/// the placer choose and claim.
public struct Placements: Sendable {
    let context: ConductorContext
    /// Chooses and claims.
    public let placer: Placer

    /// Places among the hosts in `context`'s documents.
    public init(_ context: ConductorContext, liveness: HostLiveness) {
        self.context = context
        let settings = context.settings.placement
        placer = Placer(
            context.documents,
            index: FleetIndex(context.documents, vitals: liveness, settings: settings),
            settings: settings, now: context.now)
    }

    /// Places an accepted instance, and with it those that were asked for by the same request: a
    /// request is placed as a whole or not at all. In one transaction with the claims each of them
    /// gets its host.
    ///
    /// Throws `PlacementFailure`, the same one however often it is asked, when there is no room.
    func place(_ id: InstanceID, _ workflow: WorkflowID) async throws {
        while true {
            try throwIfRefused(workflow, context.documents.snapshot())
            guard try context.documents.require(Instance.self, id.text).value.hostID == nil else {
                return
            }
            do {
                try await claim(id, workflow)
                return
            } catch let failure as PlacementFailure {
                if try await refuse(id, failure) { throw failure }
            }
        }
    }

    /// What an instance needs, as `snapshot` shows it.
    func request(
        for instance: Instance, _ snapshot: DocumentSnapshot
    ) throws -> PlacementRequest {
        let ports = try instance.interfaces.map {
            try snapshot.require(NetworkPort.self, $0.portID.text).value
        }
        let image = try snapshot.get(Image.self, instance.imageID.text)?.value
        return try request(for: instance, ports: ports, image: image, snapshot)
    }

    /// What an instance with these ports and this image needs.
    func request(
        for instance: Instance, ports: [NetworkPort], image: Image?, _ snapshot: DocumentSnapshot
    ) throws -> PlacementRequest {
        let flavor = instance.flavor
        let imageGiB = ((image?.virtualSizeBytes ?? 0) + (1 << 30) - 1) >> 30
        var request = PlacementRequest(
            capacity: HostCapacity(
                vcpus: flavor.vcpus, memoryMiB: flavor.memoryMiB,
                diskGiB: flavor.diskGiB > 0 ? flavor.diskGiB : Int(imageGiB)),
            devices: try devices(instance, ports, image, snapshot),
            zone: instance.requestedZone, hostName: instance.requestedHost)
        request.vnicTypes = Set(ports.map(\.vnicType))
        request.topology = try Self.topology(flavor, image)
        request.aggregateSpecs = Self.aggregateSpecs(flavor)
        if let image { request.image = ImageDemand(image) }
        try applyHints(instance, &request, snapshot)
        return request
    }

    private func devices(
        _ instance: Instance, _ ports: [NetworkPort], _ image: Image?,
        _ snapshot: DocumentSnapshot
    ) throws -> [DeviceRequest] {
        var networks: [NetworkID: Network] = [:]
        for port in ports where networks[port.networkID] == nil {
            networks[port.networkID] =
                try snapshot.get(Network.self, port.networkID.text)?.value
        }
        return try DeviceRequests.requests(
            flavor: instance.flavor, ports: ports, networks: networks, image: image,
            aliases: context.settings.deviceAliases)
    }

    /// The guest's NUMA wishes. Throws `invalid` for those that contradict themselves.
    static func topology(_ flavor: Flavor, _ image: Image?) throws -> GuestTopology? {
        do {
            return try GuestTopology.parse(
                extraSpecs: flavor.extraSpecs, imageProperties: image?.properties ?? [:],
                vcpus: flavor.vcpus, memoryMiB: flavor.memoryMiB)
        } catch {
            throw DomainError.invalid(.flavor, field: "flavorRef", "\(error)")
        }
    }

    /// Extra specs that are compared with aggregates: scoped ones, and those without a scope.
    private static func aggregateSpecs(_ flavor: Flavor) -> [String: String] {
        let scope = "aggregate_instance_extra_specs:"
        var specs: [String: String] = [:]
        for (key, value) in flavor.extraSpecs {
            if key.hasPrefix(scope) {
                specs[String(key.dropFirst(scope.count))] = value
            } else if !key.contains(":") {
                specs[key] = value
            }
        }
        return specs
    }

    func group(
        of instance: Instance, _ snapshot: DocumentSnapshot
    ) throws -> GroupDemand? {
        guard let id = instance.serverGroupID,
            let group = try snapshot.get(ServerGroup.self, id.text)?.value
        else { return nil }
        var members: [HostID: Int] = [:]
        for other in try snapshot.list(Instance.self).map(\.value)
        where other.serverGroupID == id && other.id != instance.id && other.state != .deleted {
            if let host = other.hostID { members[host, default: 0] += 1 }
        }
        return GroupDemand(
            policy: group.policy, maxPerHost: group.maxServersPerHost, members: members)
    }

    private func applyHints(
        _ instance: Instance, _ request: inout PlacementRequest, _ snapshot: DocumentSnapshot
    ) throws {
        func hosts(_ hint: String) throws -> Set<HostID>? {
            guard let ids = instance.schedulerHints?[hint], !ids.isEmpty else { return nil }
            return Set(try ids.compactMap { try snapshot.get(Instance.self, $0)?.value.hostID })
        }
        request.onlyHosts = try hosts("same_host")
        request.excludedHosts = try hosts("different_host") ?? []
    }
}

// MARK: - Claiming

extension Placements {
    /// The instances that are placed together with this one: those of the same request that have
    /// no host yet.
    private func members(
        _ id: InstanceID, _ snapshot: DocumentSnapshot
    ) throws -> [Versioned<Instance>] {
        let instance = try snapshot.require(Instance.self, id.text)
        guard instance.value.hostID == nil else { return [] }
        guard !instance.value.deletionRequested else { throw WorkflowFailure.cancelled }
        guard instance.value.requestedTogether ?? 1 > 1 else { return [instance] }
        return try snapshot.list(Instance.self).filter { other in
            let value = other.value
            return value.reservationID == instance.value.reservationID && value.hostID == nil
                && value.state == .building && value.workflowID != nil
                && !value.deletionRequested
        }.sorted { $0.value.launchIndex < $1.value.launchIndex }
    }

    private func claim(_ id: InstanceID, _ workflow: WorkflowID) async throws {
        try await placer.claim { snapshot in
            try self.throwIfRefused(workflow, snapshot)
            let members = try self.members(id, snapshot)
            let groups = try self.hardGroups(of: members.map(\.value), snapshot)
            let jobs = try self.jobs(members.map(\.value), snapshot)
            var exclusive = Set(groups.map(\.value.id.text))
            for member in members where member.value.requestedTogether != nil {
                exclusive.insert(member.value.reservationID)
            }
            return ClaimProposal(jobs: jobs, exclusive: exclusive) { candidates, transaction in
                for (member, candidate) in zip(members, candidates) {
                    try transaction.update(member, to: self.placed(member.value, on: candidate))
                }
                // Two members placed at the same time must see each other.
                for group in groups { try transaction.update(group, to: group.value) }
            }
        }
    }

    /// The jobs of instances of one request, which are all in the same group or in none.
    private func jobs(
        _ instances: [Instance], _ snapshot: DocumentSnapshot
    ) throws -> [PlacementJob] {
        let group = try instances.first.flatMap { try self.group(of: $0, snapshot) }
        return try instances.map { instance in
            var request = try request(for: instance, snapshot)
            request.group = group
            return PlacementJob(
                request: request, instanceID: instance.id, projectID: instance.projectID,
                workflowID: instance.workflowID ?? WorkflowID(""))
        }
    }

    private func placed(_ instance: Instance, on candidate: Candidate) -> Instance {
        var placed = instance
        placed.hostID = candidate.hostID
        placed.hostName = candidate.hostName
        placed.zone = placer.index.zone(of: candidate.hostID)
        placed.task = placed.deletionRequested ? .deleting : .networking
        placed.updatedAt = context.now()
        return placed
    }

    private func hardGroups(
        of instances: [Instance], _ snapshot: DocumentSnapshot
    ) throws -> [Versioned<ServerGroup>] {
        try Set(instances.compactMap(\.serverGroupID)).sorted().compactMap {
            try snapshot.get(ServerGroup.self, $0.text)
        }.filter { [.affinity, .antiAffinity].contains($0.value.policy) }
    }

    /// Writes down for all that are placed together that there is no room: from then on none of
    /// them gets a host. False when one of them changed meanwhile: look again.
    private func refuse(_ id: InstanceID, _ failure: PlacementFailure) async throws -> Bool {
        let snapshot = context.documents.snapshot()
        var transaction = context.documents.makeTransaction()
        let members = try members(id, snapshot)
        // Placed meanwhile, by another instance of the request: no refusal then.
        guard !members.isEmpty else { return false }
        for member in members {
            guard let workflow = member.value.workflowID else { continue }
            var record = failure.record
            if member.value.id != id { record.leaveOutRejections() }
            record.workflowID = workflow
            record.instanceID = member.value.id
            try transaction.require(member)
            try transaction.insert(record)
        }
        do {
            try await context.documents.commit(transaction)
            return true
        } catch {
            guard case .conflict = error else { throw error }
            try await context.documents.catchUp()
            return false
        }
    }

    private func throwIfRefused(
        _ workflow: WorkflowID, _ snapshot: DocumentSnapshot
    ) throws {
        if let record = try snapshot.get(PlacementRecord.self, workflow.text)?.value,
            record.chosen == nil
        {
            throw PlacementFailure(record: record)
        }
    }
}

extension HostLiveness: HostVitals {}
