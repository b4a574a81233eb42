import ComputeModel
import ControlPlaneState
import Persistence

extension Ports {
    /// Adds one new port and its reservations to a transaction.
    func make(
        _ request: PortRequest, _ caller: Caller, _ allocation: inout PortAllocation,
        in transaction: inout DocumentTransaction
    ) throws -> NetworkPort {
        let network = try Networks.find(request.networkID, caller, in: allocation.snapshot).value
        try authorize(request, on: network, caller)
        try allocation.use(Network.self, .network, network.id.text, in: &transaction)
        let project = request.projectID ?? caller.projectID
        try allocation.count(.ports, of: project, in: &transaction)
        if request.vnicType == .vdpa {
            try allocation.count(.vdpaPorts, of: project, in: &transaction)
        }

        let id = PortID(uuid: context.makeUUID())
        let mac = try request.macAddress ?? allocation.freeMAC(on: network.id, for: id)
        var port = NetworkPort(
            id: id, networkID: network.id, projectID: project, name: request.name,
            macAddress: "\(mac)", macChosenByUser: request.macAddress != nil,
            vnicType: request.vnicType, createdAt: context.now())
        try reserve(mac: port.macAddress, for: port, &allocation, in: &transaction)
        port.fixedIPs = try addresses(
            request.fixedIPs, for: port, keeping: [], &allocation, in: &transaction)
        port.portSecurityEnabled = request.portSecurityEnabled ?? network.portSecurityEnabled
        port.securityGroups = try groups(
            request.securityGroups, for: port, caller, &allocation, in: &transaction)
        port.allowedAddressPairs = request.allowedAddressPairs
        try checkSecurity(port)
        copyPlainFields(of: request, to: &port)
        try NetworkText.checkTags(request.tags, .port)
        try transaction.insert(port)
        return port
    }

    private func copyPlainFields(of request: PortRequest, to port: inout NetworkPort) {
        port.description = request.description
        port.adminStateUp = request.adminStateUp
        port.deviceID = request.deviceID
        port.deviceOwner = request.deviceOwner
        port.userProfile = request.userProfile
        port.numaAffinityPolicy = request.numaAffinityPolicy
        port.deviceRequirements = request.deviceRequirements
        port.dnsName = request.dnsName
        port.tags = request.tags
    }

    /// Who may ask for what, as in Neutron's default policy: on a network of somebody else a
    /// project takes what it is given.
    private func authorize(
        _ request: PortRequest, on network: Network, _ caller: Caller
    ) throws(DomainError) {
        guard !caller.isAdmin else { return }
        if let project = request.projectID, project != caller.projectID {
            throw .invalid(
                .port, field: "project_id",
                "Only administrators may make ports for another project than their own.")
        }
        try Self.refuse(!request.userProfile.isEmpty, "binding:profile", "an administrator")
        guard network.projectID != caller.projectID else { return }
        if network.external, !network.shared {
            throw .forbidden(
                "Policy doesn't allow ports on the external network \(network.id); it is not"
                    + " shared with your project.")
        }
        let owner = "the owner of the network"
        try Self.refuse(request.macAddress != nil, "mac_address", owner)
        try Self.refuse(
            request.fixedIPs?.contains { $0.address != nil } ?? false, "fixed_ips:ip_address",
            owner)
        try Self.refuse(request.portSecurityEnabled != nil, "port_security_enabled", owner)
        try Self.refuse(!request.allowedAddressPairs.isEmpty, "allowed_address_pairs", owner)
        try Self.refuse(request.deviceOwner.hasPrefix("network:"), "device_owner", owner)
    }

    /// Throws `forbidden` if `isAsked`.
    static func refuse(
        _ isAsked: Bool, _ attribute: String, _ allowed: String
    ) throws(DomainError) {
        guard isAsked else { return }
        throw .forbidden("Policy lets only \(allowed) set '\(attribute)' of this port.")
    }

    /// Reserves a MAC on the port's network. Throws `conflict(.macInUse)`.
    package func reserve(
        mac: String, for port: NetworkPort, _ allocation: inout PortAllocation,
        in transaction: inout DocumentTransaction
    ) throws {
        let reservation = Reservation.mac(mac, on: port.networkID, of: port.id)
        guard try !allocation.isTaken(reservation) else { throw Self.macInUse(mac, port.networkID) }
        try allocation.reserve(reservation, in: &transaction)
    }

    static func macInUse(_ mac: String, _ network: NetworkID) -> DomainError {
        .conflict(
            .port, .macInUse,
            "Unable to complete operation for network \(network). The mac address \(mac) is in"
                + " use.")
    }

    /// The groups that `port` gets: those named, or the project's default group.
    func groups(
        _ named: [SecurityGroupID]?, for port: NetworkPort, _ caller: Caller,
        _ allocation: inout PortAllocation, in transaction: inout DocumentTransaction
    ) throws -> [SecurityGroupID] {
        guard let named else {
            guard port.portSecurityEnabled, !port.deviceOwner.hasPrefix("network:") else {
                return []
            }
            return [try allocation.defaultGroup(of: port.projectID, in: &transaction)]
        }
        guard named.count <= NetworkLimits.groupsPerPortMax else {
            throw DomainError.invalid(
                .port, field: "security_groups",
                "A port has at most \(NetworkLimits.groupsPerPortMax) security groups, not"
                    + " \(named.count).")
        }
        let ids = Set(named).sorted()
        for id in ids {
            _ = try SecurityGroups.find(id, caller, in: allocation.snapshot)
            try allocation.use(
                SecurityGroup.self, .securityGroup, id.text, in: &transaction)
        }
        return ids
    }

    /// What security groups and address pairs need.
    func checkSecurity(_ port: NetworkPort) throws(DomainError) {
        if !port.portSecurityEnabled {
            guard port.securityGroups.isEmpty else {
                throw .conflict(
                    .port, .state,
                    "Port \(port.id) has security groups, which need port security; give it no"
                        + " security groups to disable port security.")
            }
            guard port.allowedAddressPairs.isEmpty else {
                throw .conflict(
                    .port, .state,
                    "Port security must be enabled to have allowed address pairs on a port.")
            }
        }
        for pair in port.allowedAddressPairs {
            guard IPPrefix(pair.ipAddress) != nil else {
                throw .invalid(
                    .port, field: "allowed_address_pairs",
                    "'\(pair.ipAddress)' in allowed_address_pairs is not an address or CIDR.")
            }
        }
    }
}
