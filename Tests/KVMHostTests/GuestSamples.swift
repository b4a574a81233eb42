import ComputeModel
import Foundation
import HostDrivers
import Logging
import TestSupport
import Testing

@testable import KVMHost
@testable import VDPA

extension GuestPlan {
    static func sample(
        _ instance: InstanceID = InstanceID(uuid: UUID()), generation: Int = 1
    ) -> GuestPlan {
        GuestPlan(
            instanceID: instance, generation: generation, name: "m-\(instance.text.prefix(8))",
            title: "web & <db>", vcpus: 2, memoryMiB: 256,
            disks: [PlannedDisk(path: "/var/lib/guests/1/disk.qcow2", format: "qcow2")],
            configDrivePath: "/var/lib/guests/1/config.iso",
            consoleLogPath: "/var/lib/guests/1/console.log",
            interfaces: [
                PlannedInterface(
                    portID: PortID("0d6d2b7c-8e0f-4a9c-9d1e-5b6a7c8d9e0f"),
                    macAddress: "52:54:01:00:01:01", characterDevice: "/dev/vhost-vdpa-0")
            ])
    }
}

extension KVMHypervisor {
    /// On libvirt's test driver, with a folder for its disks.
    static func onTestDriver(
        _ folder: TemporaryFolder, uri: String = "test:///default"
    ) async throws -> KVMHypervisor {
        let logger = Logger(label: "test")
        var configuration = KVMHostConfiguration(stateDirectory: folder.path + "/state")
        configuration.libvirtURI = uri
        configuration.domainType = .test
        let storage = try await KVMHost.storage(configuration, logger)
        return KVMHypervisor(
            session: LibvirtSession(uri: uri, logger: logger), configuration: configuration,
            facts: .read(), disks: storage.disks, clock: ContinuousClock(), logger: logger)
    }
}

/// The case of a driver error, for tables.
enum Kind: Equatable {
    case notFound, refused, timedOut, unavailable, failed, cancelled

    init(_ error: DriverError) {
        self =
            switch error {
            case .notFound: .notFound
            case .refused: .refused
            case .timedOut: .timedOut
            case .unavailable: .unavailable
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}

/// Runs `body`, which must throw a driver error of this kind.
func expect(
    _ kind: Kind, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    let error = await #expect(throws: DriverError.self, sourceLocation: sourceLocation) {
        try await body()
    }
    let found = error?.description ?? ""
    #expect(error.map(Kind.init) == kind, "\(found)", sourceLocation: sourceLocation)
}
