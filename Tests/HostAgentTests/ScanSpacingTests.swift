import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import Synchronization
import Testing

/// Devices that signal when a test says so, and tell of each scan.
private final class WatchedDevices: DeviceInventory {
    let host: any DeviceInventory
    private let signals = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let scans = AsyncStream<Void>.makeStream()
    private let count = Mutex(0)

    init(_ host: any DeviceInventory) { self.host = host }

    /// Scans so far.
    var scanned: Int { count.withLock(\.self) }

    func signal() { signals.continuation.yield() }

    /// Waits for one more scan.
    func nextScan() async {
        for await _ in scans.stream { return }
    }

    func scan() async throws(DriverError) -> DeviceScan {
        count.withLock { $0 += 1 }
        scans.continuation.yield()
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

@Suite("looks at the devices keep a distance", .timeLimit(.minutes(1)))
struct ScanSpacingTests {
    private static let spacing = Duration.seconds(7)
    private let clock = RestClock(rest: spacing)
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
    private func withAgent(_ body: () async -> Void) async {
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
        await devices.nextScan()
        // The second poll comes after the first batch was taken over.
        await stage.plane.first { $0.polls >= 2 }
        await clock.resting(1)
        // Whatever signalled so far and this are one look.
        devices.signal()
        await clock.resting(2)
        clock.pass()
        await devices.nextScan()
        await clock.resting(1)
        clock.pass()
        await body()
        task.cancel()
        await task.value
    }

    @Test("a storm of events makes a look per spacing, and one after its end")
    func storm() async {
        await withAgent {
            let before = devices.scanned
            devices.signal()
            await devices.nextScan()
            for round in 1...10 {
                // The look has ended and rests, as do the devices' signals: nobody else looks.
                await clock.resting(2)
                for _ in 0..<100 { devices.signal() }
                #expect(devices.scanned == before + round)
                clock.pass()
                await devices.nextScan()
            }
            await clock.resting(2)
            #expect(devices.scanned == before + 11)
        }
    }

    @Test("a single event after a quiet time is served at once")
    func single() async {
        await withAgent {
            for round in 1...3 {
                let before = devices.scanned
                let began = clock.rested
                devices.signal()
                await devices.nextScan()
                #expect(devices.scanned == before + 1, "round \(round)")
                #expect(clock.rested == began)
                await clock.resting(2)
                clock.pass()
            }
        }
    }
}
