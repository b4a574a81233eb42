import Logging
import OVSDB

/// The Open vSwitch of this host, through its database only.
///
/// Every change is one guarded transaction, so that clients running at once can't make a
/// duplicate, and a process that dies at any moment leaves either all of it or nothing. After a
/// lost connection the next call connects anew.
public struct OpenVSwitch: Sendable {
    /// Where Open vSwitch's database listens unless the operator moved it.
    public static let defaultAddress = OVSDBAddress.unix(path: "/run/openvswitch/db.sock")
    /// The bridge that OVN programs.
    public static let integrationBridge = "br-int"
    /// How long a change waits for `ovs-vswitchd` when the caller doesn't say.
    public static let defaultApplyWait = ApplyWait.upTo(.seconds(30))
    /// How often a change is planned anew after others were quicker.
    static let maximumAttempts = 16

    let database: SwitchDatabase
    /// Folder with the bridges' OpenFlow sockets.
    let runDirectory: String
    let callTimeout: Duration
    let logger: Logger

    /// Remembers where the database is; the first call connects.
    ///
    /// - Parameters:
    ///   - address: The server of database `Open_vSwitch`.
    ///   - connectTimeout: The bound of each attempt to connect.
    ///   - callTimeout: The bound of each transaction.
    public init(
        address: OVSDBAddress = defaultAddress,
        connectTimeout: Duration = OVSDBConnection.defaultConnectTimeout,
        callTimeout: Duration = OVSDBConnection.defaultCallTimeout,
        logger: Logger
    ) {
        database = SwitchDatabase(
            address: address, connectTimeout: connectTimeout, logger: logger)
        runDirectory = Self.runDirectory(of: address)
        self.callTimeout = callTimeout
        self.logger = logger
    }

    /// Open vSwitch keeps all its sockets in one folder.
    private static func runDirectory(of address: OVSDBAddress) -> String {
        guard case .unix(let path) = address, let slash = path.lastIndex(of: "/") else {
            return "/run/openvswitch"
        }
        return String(path[..<slash])
    }

    /// Ends the connection; every later call fails with ``VirtualSwitchError/closed``.
    public func close() async {
        await database.close()
    }

    /// Puts a representor on a bridge for a network port, or corrects it if it is there.
    /// Repeating it changes nothing.
    ///
    /// - Parameters:
    ///   - representor: The representor's interface name.
    ///   - iface: Whose the port is; written to the interface's `external_ids`.
    ///   - bridge: Must exist: making it is the operator's decision.
    ///   - mtu: In bytes; `nil` leaves it to the switch.
    ///   - vlanTag: 0 to 4095; `nil` for a port without one.
    ///   - wait: With a time, the result is what `ovs-vswitchd` made of it.
    /// - Throws: ``VirtualSwitchError``. After ``VirtualSwitchError/notApplied(attempt:timeout:)``
    ///   and ``VirtualSwitchError/interfaceFailed(interface:bridge:reason:)`` the configuration is
    ///   committed and stays: repeat the plug, or unplug.
    public func plug(
        representor: String, iface: VIFIdentity, bridge: String = integrationBridge,
        mtu: Int? = nil, vlanTag: Int? = nil, wait: ApplyWait = defaultApplyWait
    ) async throws(VirtualSwitchError) -> PlugOutcome {
        try InterfaceName.check(representor)
        let request = PlugRequest(
            representor: representor, identity: iface, bridge: bridge, mtu: mtu,
            vlanTag: vlanTag)
        let attempt = "plug \(representor) into \(bridge)"
        let (change, configuration) =
            try await retryingRaces(attempt) {
                snapshot throws(VirtualSwitchError) in
                switch try PlugPlan(request, on: snapshot) {
                case .unchanged: (.unchanged, nil)
                case .reapply(let write): (.unchanged, write)
                case .create(let write): (.created, write)
                case .update(let write): (.updated, write)
                }
            } as (PlugOutcome.Change, Int64)
        try await waitUntilApplied(configuration, wait, attempt: attempt)
        let vif = try await readBack(request, attempt: attempt)
        if wait != .none { try checkApplied(vif) }
        return PlugOutcome(change: change, vif: vif)
    }

    /// Takes a representor off its bridge.
    ///
    /// - Returns: Whether it was there; an unknown one is fine.
    /// - Throws: ``VirtualSwitchError``; ``VirtualSwitchError/foreignInterface(interface:bridge:)``
    ///   for one that this system didn't plug.
    @discardableResult
    public func unplug(
        representor: String, wait: ApplyWait = defaultApplyWait
    ) async throws(VirtualSwitchError) -> Bool {
        try InterfaceName.check(representor)
        return try await unplug(.representor(representor), "unplug \(representor)", wait)
    }

    /// Takes whatever representors have this network port off their bridges.
    ///
    /// - Returns: Whether there was any.
    /// - Throws: As ``unplug(representor:wait:)``.
    @discardableResult
    public func unplug(
        portID: String, wait: ApplyWait = defaultApplyWait
    ) async throws(VirtualSwitchError) -> Bool {
        try await unplug(.portID(portID), "unplug port \(portID)", wait)
    }

    /// All interfaces on any bridge that carry a network port's id or our mark, by name.
    ///
    /// - Throws: ``VirtualSwitchError``.
    public func list() async throws(VirtualSwitchError) -> [PluggedVIF] {
        try await readSnapshot("list the interfaces of Open vSwitch").pluggedVIFs
    }

    /// Has the bridge see a frame from the guest of this network port, so that the network learns
    /// where its MAC is. The frame takes the way of the guest's own: the port's VLAN, the bridge's
    /// flows.
    ///
    /// - Throws: ``VirtualSwitchError``; ``VirtualSwitchError/portNotPlugged(portID:)`` if no
    ///   representor has the port.
    public func announce(portID: String) async throws(VirtualSwitchError) {
        let snapshot = try await readSnapshot("announce port \(portID)")
        let found = snapshot.placements(ofPort: portID).first {
            $0.interface.externalIDs[ExternalID.marker] == ExternalID.marked
        }
        guard let found, let number = found.interface.ofport, number > 0,
            let port = UInt32(exactly: number),
            let mac = found.interface.externalIDs[ExternalID.macAddress],
            let frame = ReverseARP.frame(macAddress: mac)
        else { throw .portNotPlugged(portID: portID) }
        try await PacketInjection(directory: runDirectory, bridge: found.bridge.name)
            .inject(frame, port: port)
    }

    private func unplug(
        _ target: UnplugPlan.Target, _ attempt: String, _ wait: ApplyWait
    ) async throws(VirtualSwitchError) -> Bool {
        let (removed, configuration) =
            try await retryingRaces(attempt) {
                snapshot throws(VirtualSwitchError) in
                switch try UnplugPlan(target, on: snapshot) {
                case .nothingPlugged: (false, nil)
                case .remove(let write): (true, write)
                }
            } as (Bool, Int64)
        try await waitUntilApplied(configuration, wait, attempt: attempt)
        return removed
    }

    private func readBack(
        _ request: PlugRequest, attempt: String
    ) async throws(VirtualSwitchError) -> PluggedVIF {
        let snapshot = try await readSnapshot(attempt)
        guard let found = snapshot.placements[request.representor],
            found.bridge.name == request.bridge
        else {
            throw .interfaceVanished(interface: request.representor, bridge: request.bridge)
        }
        return PluggedVIF(interface: found.interface, port: found.port, bridge: found.bridge)
    }

    /// `ovs-vswitchd` says through the row whether the datapath has the interface.
    private func checkApplied(_ vif: PluggedVIF) throws(VirtualSwitchError) {
        if let ofport = vif.ofport, ofport > 0, vif.error == nil { return }
        let found = vif.ofport.map { "ofport \($0)" } ?? "no ofport"
        throw .interfaceFailed(
            interface: vif.representor, bridge: vif.bridge, reason: vif.error ?? found)
    }
}
