import ComputeModel
import ControlPlaneState
import Persistence

extension Ports {
    /// Changes a port.
    ///
    /// Throws `conflict(.portBound)` for what can't change while the port is bound (MAC, vNIC
    /// type, profile, device requirements), `conflict(.portInUse)` for its user while that is an
    /// instance, and what `create(_:_:)` throws.
    public func update(
        _ id: PortID, _ caller: Caller, _ change: PortChange
    ) async throws -> NetworkPort {
        try await context.changing(.port) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            var port = current.value
            let network = try snapshot.get(Network.self, port.networkID.text)?.value
            try authorize(change, network, caller)
            try changeUser(&port, change, snapshot)
            try changeBinding(&port, change)
            var allocation = PortAllocation(context, snapshot)
            if port.vnicType == .vdpa, current.value.vnicType != .vdpa {
                try allocation.count(.vdpaPorts, of: port.projectID, in: &transaction)
            }
            try changeMAC(&port, change, &allocation, in: &transaction)
            try changeAddresses(&port, change, &allocation, in: &transaction)
            if let enabled = change.portSecurityEnabled { port.portSecurityEnabled = enabled }
            if let pairs = change.allowedAddressPairs { port.allowedAddressPairs = pairs }
            if let named = change.securityGroups {
                port.securityGroups = try groups(
                    named, for: port, caller, &allocation, in: &transaction)
            }
            try checkSecurity(port)
            copyPlainFields(of: change, to: &port)
            return try write(port, over: current, in: &transaction)
        }
    }

    private func authorize(
        _ change: PortChange, _ network: Network?, _ caller: Caller
    ) throws(DomainError) {
        guard !caller.isAdmin else { return }
        try Self.refuse(change.userProfile != nil, "binding:profile", "an administrator")
        try Self.refuse(change.macAddress != nil, "mac_address", "an administrator")
        guard network?.projectID != caller.projectID else { return }
        let owner = "the owner of the network"
        try Self.refuse(
            change.fixedIPs?.contains { $0.address != nil } ?? false, "fixed_ips:ip_address",
            owner)
        try Self.refuse(change.portSecurityEnabled != nil, "port_security_enabled", owner)
        try Self.refuse(change.allowedAddressPairs != nil, "allowed_address_pairs", owner)
        try Self.refuse(
            change.deviceOwner?.hasPrefix("network:") ?? false, "device_owner", owner)
    }

    private func changeUser(
        _ port: inout NetworkPort, _ change: PortChange, _ snapshot: DocumentSnapshot
    ) throws {
        let deviceID = change.deviceID ?? port.deviceID
        let owner = change.deviceOwner ?? port.deviceOwner
        guard deviceID != port.deviceID || owner != port.deviceOwner else { return }
        if let instance = try instanceUsing(port, snapshot) {
            throw DomainError.conflict(
                .port, .portInUse,
                "Port \(port.id) is used by server \(instance); remove it from the server first.")
        }
        try refuseServer(deviceID, snapshot)
        port.deviceID = deviceID
        port.deviceOwner = owner
    }

    /// Only a server's own request makes a port that server's.
    func refuseServer(_ deviceID: String, _ snapshot: DocumentSnapshot) throws {
        guard isObjectID(deviceID), try snapshot.get(Instance.self, deviceID) != nil else {
            return
        }
        throw DomainError.conflict(
            .port, .portInUse,
            "A port can't be given to server \(deviceID) here; add it to the server through the"
                + " compute API.")
    }

    private func changeBinding(
        _ port: inout NetworkPort, _ change: PortChange
    ) throws(DomainError) {
        if let type = change.vnicType, type != port.vnicType {
            try refuseIfBound(port, "binding:vnic_type")
            port.vnicType = type
        }
        if let profile = change.userProfile, profile != port.userProfile {
            try refuseIfBound(port, "binding:profile")
            port.userProfile = profile
        }
        if let requirements = change.deviceRequirements,
            requirements != port.deviceRequirements
        {
            try refuseIfBound(port, "device_requirements")
            port.deviceRequirements = requirements
        }
    }

    private func refuseIfBound(
        _ port: NetworkPort, _ attribute: String
    ) throws(DomainError) {
        guard let binding = port.binding else { return }
        throw .conflict(
            .port, .portBound,
            "Unable to complete operation on port \(port.id), port is already bound to host"
                + " \(binding.hostName): '\(attribute)' can't change. Remove it from its server"
                + " first.")
    }

    private func changeMAC(
        _ port: inout NetworkPort, _ change: PortChange, _ allocation: inout PortAllocation,
        in transaction: inout DocumentTransaction
    ) throws {
        guard let mac = change.macAddress, "\(mac)" != port.macAddress else { return }
        try refuseIfBound(port, "mac_address")
        try reserve(mac: "\(mac)", for: port, &allocation, in: &transaction)
        try transaction.release(
            .mac(port.ownMACAddress, on: port.networkID, of: port.id),
            seenIn: allocation.snapshot)
        port.macAddress = "\(mac)"
        port.ownMACAddress = port.macAddress
        port.macChosenByUser = true
    }

    private func changeAddresses(
        _ port: inout NetworkPort, _ change: PortChange, _ allocation: inout PortAllocation,
        in transaction: inout DocumentTransaction
    ) throws {
        let requests: [FixedIPRequest]
        var kept = port.fixedIPs
        if let asked = change.fixedIPs {
            requests = asked
        } else if change.macAddress != nil {
            // Addresses made from the MAC change with it; the others stay.
            let automatic = try Set(
                Subnets.of(port.networkID, in: allocation.snapshot)
                    .filter(\.isAutoAddressed).map(\.id))
            requests = port.fixedIPs.map { ip in
                FixedIPRequest(
                    subnetID: ip.subnetID,
                    address: automatic.contains(ip.subnetID) ? nil : ip.address)
            }
            kept.removeAll { automatic.contains($0.subnetID) }
        } else {
            return
        }
        let before = port.fixedIPs
        port.fixedIPs = try addresses(
            requests, for: port, keeping: kept, &allocation, in: &transaction)
        for ip in before where !port.fixedIPs.contains(ip) {
            try transaction.release(
                .address(ip, of: port.id), seenIn: allocation.snapshot)
        }
    }

    private func copyPlainFields(of change: PortChange, to port: inout NetworkPort) {
        if let name = change.name { port.name = name }
        if let description = change.description { port.description = description }
        if let up = change.adminStateUp { port.adminStateUp = up }
        if let policy = change.numaAffinityPolicy { port.numaAffinityPolicy = policy }
        if let name = change.dnsName { port.dnsName = name }
    }
}
