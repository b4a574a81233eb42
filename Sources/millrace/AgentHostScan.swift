import CLI
import ComputeModel
import DeviceTracking
import Foundation
import KVMHost

/// Looks at this host's devices for `millrace device match`, beside an agent that may be running.
struct AgentHostScan: HostScan {
    static func scan(
        agentConfiguration: String, softwareDevices: Set<String>
    ) async throws -> ScannedHost {
        let configuration = try AgentConfiguration(file: agentConfiguration)
        var host = configuration.host
        host.deviceSpec = DeviceSpec(
            entries: [DeviceSpecEntry()],
            softwareDevices: host.deviceSpec.softwareDevices.union(softwareDevices))
        // A state directory belongs to one process: the agent's own is left alone.
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-match-\(UUID().uuidString)")
        host.stateDirectory = directory.path
        // It may not have been made, and nothing is in it that anybody needs.
        defer { try? FileManager.default.removeItem(at: directory) }
        let found = try await devices(host)
        return ScannedHost(devices: found, spec: configuration.host.deviceSpec)
    }

    private static func devices(_ host: KVMHostConfiguration) async throws -> [Device] {
        let drivers = try await KVMHost.drivers(
            configuration: host, logger: Start.logger(.error))
        return try await drivers.devices.scan().devices
    }
}
