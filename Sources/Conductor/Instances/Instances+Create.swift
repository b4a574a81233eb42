import ComputeModel
import Foundation
import Persistence
import Placement
import Workflow

extension Instances {
    /// Accepts a request for instances. Everything that can be refused is refused here, before
    /// anything is stored; what depends on hosts comes later and shows as the instance's fault.
    ///
    /// Throws `invalid` (400), `conflict` (409), `forbidden`, `overQuota`.
    public func create(
        _ request: InstanceRequest, _ caller: Caller
    ) async throws -> [Instance] {
        let accepted = try await context.retryingConflicts(.server) {
            try await accept(request, caller)
        }
        for (_, workflow) in accepted { try await operations.begin(workflow) }
        return accepted.map(\.0)
    }

    private func accept(
        _ request: InstanceRequest, _ caller: Caller
    ) async throws -> [(Instance, StoredWorkflow)] {
        guard request.countMax <= context.settings.instancesPerRequestMax else {
            throw DomainError.invalid(
                .server, field: "max_count",
                "One request makes at most \(context.settings.instancesPerRequestMax) servers,"
                    + " \(request.countMax) were asked for.")
        }
        try checkSize(request)
        let flavor = try checkedFlavor(request, caller)
        let image = try checkedImage(request.imageID, caller, flavor)
        _ = try Placements.topology(flavor, image)
        let keypair = try request.keyName.map { try checkedKey($0, caller) }
        try checkPlace(request, caller)
        try checkQuota(request.countMax, caller)
        let nics = try checkedNICs(request, caller)
        let reservation = "r-" + String(context.makeHexID().prefix(8))
        let instances = (0..<request.countMax).map { index in
            instance(
                request, index, flavor: flavor, image: image, keypair: keypair,
                reservation: reservation, caller)
        }
        return try await store(instances, nics, caller)
    }

    private func instance(
        _ request: InstanceRequest, _ index: Int, flavor: Flavor, image: Image,
        keypair: Keypair?, reservation: String, _ caller: Caller
    ) -> Instance {
        var instance = Instance(
            id: InstanceID(uuid: context.makeUUID()), projectID: caller.projectID,
            userID: caller.userID, name: name(request, index), hostname: "",
            flavor: flavor, imageID: image.id, reservationID: reservation,
            createdAt: context.now())
        instance.hostname = request.hostname ?? Self.hostname(instance.name, instance.id)
        instance.description = request.description
        instance.metadata = request.metadata
        instance.tags = request.tags
        instance.keyName = keypair?.name
        instance.keyPublic = keypair?.publicKey
        instance.userData = request.userData
        instance.configDrive = request.configDrive
        instance.requestedZone = request.zone
        instance.requestedHost = request.hostName
        instance.serverGroupID = request.serverGroupID
        instance.schedulerHints = request.schedulerHints.isEmpty ? nil : request.schedulerHints
        instance.launchIndex = index
        if request.countMax > 1 { instance.requestedTogether = request.countMax }
        instance.securityGroups = request.securityGroups
        instance.workflowID = WorkflowID(uuid: context.makeUUID())
        return instance
    }

    /// Stores all instances of a request in one transaction, so that none is left alone.
    private func store(
        _ instances: [Instance], _ nics: [(port: Versioned<NetworkPort>, tag: String?)],
        _ caller: Caller
    ) async throws -> [(Instance, StoredWorkflow)] {
        let instances = instances.map { instance in
            var instance = instance
            instance.interfaces = nics.map {
                InstanceInterface(
                    portID: $0.port.value.id, deletedWithInstance: false, tag: $0.tag)
            }
            return instance
        }
        let workflows = instances.map { instance in
            let id = instance.workflowID ?? WorkflowID(uuid: context.makeUUID())
            let state = CreateInstance.State(
                instanceID: instance.id, requestID: caller.requestID, workflowID: id)
            return (id: id, state: state, subject: instance.id.text)
        }
        let stored = try await operations.acceptTogether(
            self.workflows.create, workflows, requestID: caller.requestID
        ) { transaction in
            // A group that is deleted meanwhile must not get another member.
            if let group = instances.first?.serverGroupID {
                try transaction.requireExists(ServerGroup.self, group.text)
            }
            for instance in instances {
                try transaction.insert(instance)
                try actions.begin("create", instance, caller, in: &transaction)
                let zone = instance.requestedZone ?? context.settings.defaultZone
                for nic in nics {
                    try ports.reserve(nic.port, for: instance.id, zone: zone, in: &transaction)
                }
            }
        }
        return Array(zip(instances, stored))
    }

    private func name(_ request: InstanceRequest, _ index: Int) -> String {
        request.countMax == 1 ? request.name : "\(request.name)-\(index + 1)"
    }

    /// A host name made of a display name: letters, digits and dashes, at most 63 characters;
    /// `Server-<id>` when nothing is left, as Nova does.
    static func hostname(_ name: String, _ id: InstanceID) -> String {
        let kept = name.lowercased().map { character -> Character? in
            if character.isASCII, character.isLetter || character.isNumber { return character }
            return character == "-" || character == "_" || character == " " || character == "."
                ? "-" : nil
        }
        var text = String(kept.compactMap { $0 })
        while text.hasPrefix("-") { text.removeFirst() }
        text = String(text.prefix(63))
        while text.hasSuffix("-") { text.removeLast() }
        return text.isEmpty ? "server-\(id)" : text
    }
}

// MARK: - Checks

extension Instances {
    /// All servers of a request are stored, and placed, in one transaction.
    private func checkSize(_ request: InstanceRequest) throws {
        let bytes = (request.userData?.utf8.count ?? 0) * request.countMax
        let limit = context.settings.userDataPerRequestBytesMax
        guard bytes <= limit else {
            throw DomainError.invalid(
                .server, field: "user_data",
                "\(request.countMax) servers with this user_data are \(bytes) bytes; one request"
                    + " takes \(limit). Ask for fewer at a time.")
        }
    }

    private func checkedFlavor(
        _ request: InstanceRequest, _ caller: Caller
    ) throws -> Flavor {
        let flavor: Flavor
        do {
            flavor = try flavors.show(request.flavorID, caller)
        } catch DomainError.notFound {
            throw DomainError.invalid(
                .flavor, field: "flavorRef", "Flavor \(request.flavorID) could not be found.")
        }
        try FlavorWishes.check(flavor, aliases: context.settings.deviceAliases)
        return flavor
    }

    /// An image that may be booted from; nil for `flavor` doesn't ask whether it fits.
    func checkedImage(
        _ id: ImageID, _ caller: Caller, _ flavor: Flavor?
    ) throws -> Image {
        let found = try context.documents.get(Image.self, id.text)?.value
        guard let image = found, Self.maySee(image, caller) else {
            throw DomainError.invalid(
                .image, field: "imageRef", "Can not find requested image \(id)")
        }
        guard image.status == .active else {
            throw DomainError.invalid(
                .image, field: "imageRef",
                "Image \(image.id) is unacceptable: it is \(image.status.rawValue), not active.")
        }
        guard let flavor else { return image }
        _ = try DeviceRequests.numaPolicy(flavor, image)
        guard flavor.memoryMiB >= image.minMemoryMiB else {
            throw DomainError.invalid(
                .flavor, field: "flavorRef",
                "Flavor's memory is too small for requested image: \(flavor.memoryMiB) MiB,"
                    + " the image needs \(image.minMemoryMiB).")
        }
        let needed = max(Int64(image.minDiskGiB) << 30, image.virtualSizeBytes ?? 0)
        guard flavor.diskGiB == 0 || Int64(flavor.diskGiB) << 30 >= needed else {
            throw DomainError.invalid(
                .flavor, field: "flavorRef",
                "Flavor's disk is too small for requested image: \(flavor.diskGiB) GiB, the"
                    + " image needs \(needed) bytes.")
        }
        return image
    }

    private static func maySee(_ image: Image, _ caller: Caller) -> Bool {
        image.visibility == .public || image.visibility == .community
            || caller.maySee(image.ownerID)
    }

    func checkedKey(_ name: String, _ caller: Caller) throws -> Keypair {
        do {
            return try keypairs.show(name, caller.userID)
        } catch DomainError.notFound {
            throw DomainError.invalid(
                .keypair, field: "key_name", "Invalid key_name provided: '\(name)'.")
        }
    }

    private func checkPlace(_ request: InstanceRequest, _ caller: Caller) throws {
        try checkNeighbours(request, caller)
        let snapshot = context.documents.snapshot()
        let hosts = try snapshot.list(ComputeHost.self).map(\.value)
        let zones = try HostZones(snapshot)
        if let zone = request.zone, zone != context.settings.defaultZone,
            !hosts.contains(where: { zones.zone(of: $0) == zone })
        {
            throw DomainError.invalid(
                .availabilityZone, field: "availability_zone",
                "The requested availability zone '\(zone)' is not available")
        }
        guard let name = request.hostName else { return }
        guard caller.isAdmin else {
            throw DomainError.forbidden(
                "Policy doesn't allow a requested destination to be given.")
        }
        guard hosts.contains(where: { $0.name == name }) else {
            throw DomainError.invalid(.host, field: "host", "Compute host \(name) not found.")
        }
    }

    private func checkQuota(_ count: Int, _ caller: Caller) throws {
        let used = try context.documents.list(Instance.self).filter {
            $0.value.projectID == caller.projectID && $0.value.state != .deleted
        }.count
        let limit = context.settings.instancesPerProjectMax
        guard used + count <= limit else {
            throw DomainError.overQuota(
                resource: "instances", used: used, requested: count, limit: limit)
        }
    }

    private func checkedNICs(
        _ request: InstanceRequest, _ caller: Caller
    ) throws -> [(port: Versioned<NetworkPort>, tag: String?)] {
        let wishes: [NICRequest]
        switch request.networks {
        case .none: return []
        case .auto: wishes = try usualNetworks(caller)
        case .list(let listed): wishes = listed
        }
        var nics: [(port: Versioned<NetworkPort>, tag: String?)] = []
        for wish in wishes {
            switch wish {
            case .network(let network, _, _):
                throw try Self.networkRefusal(network, context, caller)
            case .port(let id, let tag):
                guard request.countMax == 1 else {
                    throw DomainError.invalid(
                        .port, field: "networks",
                        "Unable to launch multiple instances with a single configured port ID."
                            + " Please launch your instances one by one with different ports.")
                }
                guard !nics.contains(where: { $0.port.value.id == id }) else {
                    throw DomainError.invalid(
                        .port, field: "networks", "Port \(id) is given more than once.")
                }
                nics.append((try checkedPort(id, caller), tag))
            }
        }
        return nics
    }

    /// What a server gets whose request says nothing of networks: the only network there is, or
    /// no NIC where there is none. Throws `conflict(.ambiguous)` when there are several.
    private func usualNetworks(_ caller: Caller) throws -> [NICRequest] {
        let visible = try context.documents.list(Network.self).map(\.value).filter {
            $0.shared || $0.projectID == caller.projectID
        }
        guard visible.count <= 1 else {
            throw DomainError.conflict(
                .network, .ambiguous,
                "Multiple possible networks found, use a Network ID to be more specific.")
        }
        return visible.map { .network($0.id, fixedIP: nil, tag: nil) }
    }

    private func checkedPort(
        _ id: PortID, _ caller: Caller
    ) throws -> Versioned<NetworkPort> {
        let port: Versioned<NetworkPort>
        do {
            port = try ports.attachable(id, caller)
        } catch DomainError.notFound {
            throw DomainError.invalid(
                .port, field: "networks", "Port id \(id) could not be found.")
        }
        guard DeviceRequests.demand(of: port.value.vnicType) != nil else {
            throw DomainError.invalid(
                .port, field: "networks",
                "Port \(id) has vnic_type '\(port.value.vnicType.rawValue)'; servers boot on"
                    + " ports of vnic_type 'vdpa' here. Create one with --vnic-type vdpa.")
        }
        return port
    }

    /// Networks make `normal` ports, and those have no device: say what works instead.
    private static func networkRefusal(
        _ id: NetworkID, _ context: ConductorContext, _ caller: Caller
    ) throws -> DomainError {
        guard let network = try context.documents.get(Network.self, id.text)?.value,
            network.shared || caller.maySee(network.projectID)
        else {
            return .invalid(
                .network, field: "networks", "Network \(id) could not be found.")
        }
        return .invalid(
            .network, field: "networks",
            "A server on network \(id) without a port would get a NIC of vnic_type 'normal',"
                + " which is not available here. Create a port with --vnic-type vdpa on the"
                + " network and give it to the server.")
    }
}
