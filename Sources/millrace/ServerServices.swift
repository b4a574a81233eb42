import Conductor
import Foundation
import Identity
import Logging
import ServiceLifecycle
import SimulatedDrivers

/// Runs the application's machinery: workflows left by a crash, the polls' wake-ups. Says on
/// standard output when the server is ready.
struct ConductorService: Service {
    let plane: ControlPlane
    /// The port that clients connect to, once it is open.
    let port: AsyncStream<Int>
    /// How long steps in flight may take to end.
    static let shutdownGrace: Duration = .seconds(5)

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            for await port in port { try await announce(port) }
        }
        guard !Task.isShuttingDownGracefully else { return }
        do {
            try await cancelWhenGracefulShutdown { try await plane.conductor.run() }
        } catch is CancellationError {
            plane.logger.debug("the conductor was cancelled")
        }
        await plane.conductor.shutdown(grace: Self.shutdownGrace)
    }

    private func announce(_ port: Int) async throws {
        let base =
            plane.configuration.publicURL
            ?? "http://\(plane.configuration.listen.reachableHost):\(port)"
        let outcome = try await Bootstrap(
            tokens: plane.tokens, stateDirectory: plane.configuration.stateDirectory
        ).run(authURL: "\(base)/identity/v3")
        StandardOutput.write("millrace \(Release.version) is ready at \(base)\n")
        switch outcome {
        case .created(let file):
            StandardOutput.write("the administrator's credentials are in \(file.path)\n")
        case .kept(let file), .addressChanged(let file):
            StandardOutput.write("clients find it by \(file.path)\n")
        case .credentialsLost(let file):
            StandardOutput.write(
                "\(file.path) is gone; 'millrace server --reset-admin-password' writes it anew\n"
            )
        }
    }
}

/// Lets held polls go as the first thing of a shutdown, so that nobody waits for them.
struct PollReleaseService: Service {
    let plane: ControlPlane

    func run() async throws {
        try await gracefulShutdown()
        plane.conductor.hub.board.close()
    }
}

/// Runs simulated hosts with their agents.
struct FleetService: Service {
    let fleet: SimulatedFleet

    func run() async throws {
        await cancelWhenGracefulShutdown { await fleet.run() }
    }
}

extension ListenAddress {
    /// How this machine reaches it: an address for all interfaces is no address to connect to.
    var reachableHost: String {
        switch host {
        case "0.0.0.0", "": "127.0.0.1"
        case "::": "[::1]"
        default: urlHost
        }
    }
}

/// Unbuffered standard output: who waits for a line sees it when it is written.
enum StandardOutput {
    static func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
