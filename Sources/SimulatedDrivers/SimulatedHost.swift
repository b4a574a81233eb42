import ComputeModel
import HostDrivers
import Synchronization

/// A compute host in memory: hardware, guests, switch and disks, which outlive the agents that
/// drive them, and which work, fail, stall or lie on command.
///
/// Images are fetched and counted, and their digests are not computed: that is for real disks.
public final class SimulatedHost: Sendable {
    /// As many of the last calls are kept.
    public static let callsKept = 10_000
    /// As many bytes of a console log are kept.
    public static let consoleBytesKept = 1 << 20

    /// What it was made of.
    public let spec: SimulatedHostSpec
    let hardware: SimulatedHardware
    private let state: Mutex<SimulatedState>
    let guestEvents = Broadcast<HypervisorEvent>(limit: 256)
    let deviceEvents = Broadcast<Void>(limit: 1)
    let switchEvents = Broadcast<Void>(limit: 1)
    private let changed = Broadcast<Void>(limit: 1)
    private let observers = Mutex<[@Sendable (SimulatedHost) -> Void]>([])
    private let severances = Broadcast<Void>(limit: 1)
    let neighbours: SimulatedNeighbours

    /// A host without guests, in good health, that can send guests to its `neighbours`.
    public init(
        _ spec: SimulatedHostSpec, neighbours: SimulatedNeighbours = SimulatedNeighbours()
    ) {
        self.spec = spec
        self.neighbours = neighbours
        hardware = SimulatedHardware(spec)
        var state = SimulatedState()
        state.visible.devices = hardware.devices
        self.state = Mutex(state)
        neighbours.add(self)
    }

    /// Drivers for a new agent. Those of agents before are dead from now on, as if their process
    /// had been killed.
    public func drivers() -> HostDriverSet {
        let incarnation = state.withLock { state in
            state.incarnation += 1
            state.severAtCall = nil
            state.callCount = 0
            return state.incarnation
        }
        let gate = SimulatedGate(host: self, incarnation: incarnation)
        return HostDriverSet(
            hypervisor: SimulatedHypervisor(gate: gate), devices: SimulatedDevices(gate: gate),
            virtualSwitch: SimulatedSwitch(gate: gate), storage: SimulatedStorage(gate: gate))
    }

    /// Changes whenever the drivers handed out before die: by `drivers()` or by `sever`.
    public var incarnation: Int { state.withLock(\.incarnation) }

    // MARK: What is there

    /// Everything as it is now.
    public var snapshot: SimulatedSnapshot { state.withLock(\.visible) }

    /// The host as it is now, then after changes; changes may be merged.
    public func changes() -> AsyncStream<SimulatedSnapshot> {
        let signals = changed.stream(first: ())
        // Read when a signal is taken: two changes at once may signal in any order.
        return AsyncStream {
            for await _ in signals { return self.snapshot }
            return nil
        }
    }

    /// Calls `observer` at each change, before whoever made it goes on.
    public func observe(_ observer: @escaping @Sendable (SimulatedHost) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    /// The last calls of agents, oldest first.
    public var calls: [SimulatedCall] { state.withLock(\.calls) }

    // MARK: Faults

    /// Every call of `operation` from now on.
    public func set(_ fault: SimulatedFault, on operation: SimulatedOperation) {
        state.withLock { $0.faults.set(fault, operation) }
    }

    /// Only the `call`-th call of `operation` from now on, counted from 1.
    public func set(_ fault: SimulatedFault, on operation: SimulatedOperation, call: Int) {
        state.withLock { $0.faults.set(fault, operation, call: call) }
    }

    /// Takes the faults of one operation, or all, away; stalled calls go on.
    public func heal(_ operation: SimulatedOperation? = nil) {
        state.withLock { $0.faults.clear(operation) }
        for operation in operation.map({ [$0] }) ?? SimulatedOperation.allCases {
            release(operation)
        }
    }

    /// Lets stalled calls of `operation` go on; those that come later stall again until `heal`.
    public func release(_ operation: SimulatedOperation) {
        let stalled = state.withLock { $0.stalled.removeValue(forKey: operation) ?? [:] }
        for continuation in stalled.values { continuation.resume() }
    }

    /// The drivers handed out last die when their `call`-th call (from 1) arrives, before it has
    /// an effect: what a kill between two calls looks like from outside.
    public func sever(atCall call: Int) {
        state.withLock { $0.severAtCall = call }
    }

    /// The drivers handed out last die now.
    public func sever() {
        state.withLock { $0.incarnation += 1 }
        severances.send(())
    }

    /// One element whenever drivers die by `sever`; ask for it before.
    public func severed() -> AsyncStream<Void> { severances.stream() }

    // MARK: For the drivers

    /// Changes the state, unless that is refused, and tells those who watch.
    @discardableResult
    func attempt<Success: Sendable>(
        _ body: (inout SimulatedState) throws(DriverError) -> Success
    ) throws(DriverError) -> Success {
        let result = try state.withLock { state throws(DriverError) in try body(&state) }
        tell()
        return result
    }

    func change(_ body: (inout SimulatedState) -> Void) {
        state.withLock { body(&$0) }
        tell()
    }

    private func tell() {
        changed.send(())
        for observer in observers.withLock({ $0 }) { observer(self) }
    }

    func read<Success: Sendable>(_ body: (inout SimulatedState) -> Success) -> Success {
        state.withLock { body(&$0) }
    }

    func announceSeverance() { severances.send(()) }
}

extension SimulatedState {
    mutating func append(_ text: String, toConsoleOf instance: InstanceID) {
        let whole = consoles[instance, default: ""] + text
        consoles[instance] = String(
            decoding: whole.utf8.suffix(SimulatedHost.consoleBytesKept), as: UTF8.self)
    }
}
