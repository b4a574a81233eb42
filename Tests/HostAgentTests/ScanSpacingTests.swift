import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import Synchronization
import TestSupport
import Testing

/// Devices that signal when a test says so, and tell of each scan.
private final class WatchedDevices: DeviceInventory {
    let host: any DeviceInventory
    private let signals = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let count = Watched(0)
    private let awaited = Mutex(0)

    init(_ host: any DeviceInventory) { self.host = host }

    /// Scans so far.
    var scanned: Int { count.state }

    func signal() { signals.continuation.yield() }

    /// Waits for one more scan.
    func nextScan(line: Int = #line) async throws {
        let wanted = awaited.withLock { awaited in
            awaited += 1
            return awaited
        }
        try await awaiting("scan \(wanted)", in: count.states(), line: line) { $0 >= wanted }
    }

    func scan() async throws(DriverError) -> DeviceScan {
        count.change { $0 += 1 }
        return try await host.scan()
    }

    func changes() -> AsyncStream<Void> { signals.stream }

    func resolve(_ device: DeviceID) async throws(DriverError) -> ResolvedDevice {
        try await host.resolve(device)
    }

    func setMAC(_ device: DeviceID, _ macAddress: String) async throws(DriverError) {
        try await host.setMAC(device, macAddress)
    }
}

@Suite("looks at the devices keep a distance", .endsTheHung)
struct ScanSpacingTests {
    private static let spacing = Duration.seconds(7)
    private let clock = ManualClock(passing: spacing)
    private let stage = Stage()
    private let devices: WatchedDevices
    private let drivers: HostDriverSet

    init() {
        var drivers = stage.host.drivers()
        devices = WatchedDevices(drivers.devices)
        drivers.devices = devices
        self.drivers = drivers
    }

    /// Runs an agent, from its first scan on, with nothing left to be signalled.
    private func withAgent(_ body: () async throws -> Void) async throws {
        var settings = Stage.settings
        settings.scanSpacing = Self.spacing
        let agent = HostAgent(
            identity: AgentIdentity(
                hostName: "h", zone: "nova", agentVersion: "1", address: "192.0.2.1"),
            link: stage.plane.link(), drivers: drivers, recordStore: stage.record,
            settings: settings,
            environment: AgentEnvironment(
                clock: clock, now: { Fixture.now }, jitter: { 1 }),
            logger: Fixture.logger)
        let task = Task { await agent.run() }
        defer { task.cancel() }
        try await devices.nextScan()
        // The second poll comes after the first batch was taken over.
        try await stage.plane.awaiting("the second poll") { $0.polls >= 2 }
        try await resting(1)
        // Whatever signalled so far and this are one look.
        devices.signal()
        try await resting(2)
        clock.advance(by: Self.spacing)
        try await devices.nextScan()
        try await resting(1)
        clock.advance(by: Self.spacing)
        try await body()
        task.cancel()
        await task.value
    }

    /// Waits until so many keep the distance.
    private func resting(_ count: Int, line: Int = #line) async throws {
        try await clock.waitForSleepers(count, within: Self.spacing, line: line)
    }

    @Test("a storm of events makes a look per spacing, and one after its end")
    func storm() async throws {
        try await withAgent {
            let before = devices.scanned
            devices.signal()
            try await devices.nextScan()
            for round in 1...10 {
                // The look has ended and rests, as do the devices' signals: nobody else looks.
                try await resting(2)
                for _ in 0..<100 { devices.signal() }
                #expect(devices.scanned == before + round)
                clock.advance(by: Self.spacing)
                try await devices.nextScan()
            }
            try await resting(2)
            #expect(devices.scanned == before + 11)
        }
    }

    @Test("a single event after a quiet time is served at once")
    func single() async throws {
        try await withAgent {
            for round in 1...3 {
                let before = devices.scanned
                let began = clock.now
                devices.signal()
                try await devices.nextScan()
                #expect(devices.scanned == before + 1, "round \(round)")
                #expect(clock.now == began)
                try await resting(2)
                clock.advance(by: Self.spacing)
            }
        }
    }
}
