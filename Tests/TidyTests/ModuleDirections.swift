/// Which rooms a room may reach: the picture in the architecture's page as a table. An import that
/// is not in it fails, whether it is a module of ours or of somebody else's package; so a new edge
/// is a decision that is written down here, and there.
enum ModuleDirections {
    /// What a room may import: of ours, and of others.
    struct Reach: Sendable {
        let ours: Set<String>
        let others: Set<String>

        init(_ ours: Set<String> = [], others: Set<String> = []) {
            self.ours = ours
            self.others = others
        }
    }

    /// Comes with the language and reaches nothing by itself; what pure modules may do with it is
    /// a rule of its own.
    static let standard: Set<String> = ["Foundation", "FoundationEssentials", "Synchronization"]

    static let rooms: [String: Reach] = pure.merging(server) { $1 }
        .merging(entrances) { $1 }.merging(host) { $1 }

    private static let pure: [String: Reach] = [
        "JSON": Reach(),
        "ComputeModel": Reach(),
        "DeviceTracking": Reach(["ComputeModel", "JSON"]),
        "DiskFormats": Reach(),
        "Scheduler": Reach(["ComputeModel", "DeviceTracking"]),
        "Workflow": Reach(others: ["Logging"]),
        "AgentProtocol": Reach(["ComputeModel"]),
    ]

    /// The application. Identity, images and the network stand side by side and know nothing of
    /// each other, nor of compute, which uses two of them.
    private static let server: [String: Reach] = [
        "Persistence": Reach(
            ["JSON"], others: ["GRDB", "Glibc", "HashTreeCollections", "Logging"]),
        "ControlPlaneState": Reach(
            ["ComputeModel", "JSON", "Persistence", "Workflow"], others: ["Logging"]),
        "Placement": Reach([
            "ComputeModel", "ControlPlaneState", "JSON", "Persistence", "Scheduler",
        ]),
        "Identity": Reach(
            ["ComputeModel", "ControlPlaneState", "Persistence"],
            others: ["Crypto", "CryptoExtras", "JWTKit", "Logging"]),
        "ImageStore": Reach(
            ["ComputeModel", "ControlPlaneState", "DiskFormats", "Persistence"],
            others: ["Crypto", "Dispatch", "Logging"]),
        "Networking": Reach(
            ["ComputeModel", "ControlPlaneState", "JSON", "Persistence"], others: ["Logging"]),
        "Conductor": Reach(
            [
                "AgentProtocol", "ComputeModel", "ControlPlaneState", "DeviceTracking",
                "ImageStore", "JSON", "Networking", "Persistence", "Placement", "Scheduler",
                "Workflow",
            ], others: ["Logging"]),
    ]

    /// Those that ask the application. None reads the store: the application has read models.
    private static let entrances: [String: Reach] = [
        "RequestPipeline": Reach(
            ["ComputeModel", "JSON"],
            others: ["HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore"]),
        "OpenStackAPI": Reach(
            [
                "ComputeModel", "Conductor", "Identity", "ImageStore", "JSON", "Networking",
                "Placement", "RequestPipeline",
            ], others: ["Crypto", "HTTPTypes", "Hummingbird", "NIOCore"]),
        "OperatorAPI": Reach(
            [
                "ComputeModel", "Conductor", "DeviceTracking", "JSON", "Placement",
                "RequestPipeline", "Scheduler", "Workflow",
            ], others: ["HTTPTypes"]),
        "AgentAPI": Reach(
            ["AgentProtocol", "ComputeModel", "LinkCertificates"],
            others: [
                "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Logging", "NIOCore",
                "NIOSSL", "ServiceLifecycle",
            ]),
        "AgentClient": Reach(
            ["AgentProtocol", "ComputeModel", "LinkCertificates"],
            others: ["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL"]),
        "LinkCertificates": Reach(others: ["Crypto", "Glibc", "X509"]),
        "CLI": Reach(
            ["ComputeModel", "DeviceTracking", "JSON", "RequestPipeline"],
            others: [
                "ArgumentParser", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
                "Yams",
            ]),
        "millrace": Reach(
            [
                "AgentAPI", "AgentClient", "AgentProtocol", "CLI", "ComputeModel", "Conductor",
                "ControlPlaneState", "DeviceTracking", "HostAgent", "HostDrivers", "Identity",
                "ImageStore", "JSON", "KVMHost", "LinkCertificates", "Networking", "OpenStackAPI",
                "OperatorAPI", "Persistence", "RequestPipeline", "SimulatedDrivers",
            ],
            others: ["ArgumentParser", "Hummingbird", "Logging", "ServiceLifecycle", "Yams"]),
    ]

    /// The compute host. The agent knows drivers by their protocols; the real ones know the
    /// model, and what they stand on knows no word of ours.
    private static let host: [String: Reach] = [
        "HostDrivers": Reach(["ComputeModel"]),
        "HostAgent": Reach(
            ["AgentProtocol", "ComputeModel", "DeviceTracking", "HostDrivers"],
            others: ["Glibc", "Logging"]),
        "SimulatedDrivers": Reach(
            ["AgentProtocol", "ComputeModel", "HostAgent", "HostDrivers", "JSON"],
            others: ["Logging"]),
        "KVMHost": Reach(
            [
                "ComputeModel", "ConfigDrive", "DeviceTracking", "DiskFormats", "GuestDisks",
                "HostDrivers", "Libvirt", "OVSDB", "VDPA", "VirtualSwitch",
            ], others: ["Glibc", "Logging"]),
        "CLibvirt": Reach(),
        "Libvirt": Reach(["CLibvirt"], others: ["FoundationXML", "Glibc"]),
        "VDPA": Reach(others: ["Dispatch", "Glibc"]),
        "OVSDB": Reach(["JSON"], others: ["NIOCore", "NIOPosix"]),
        "VirtualSwitch": Reach(["OVSDB"], others: ["Dispatch", "Glibc", "Logging"]),
        "GuestDisks": Reach(
            ["DiskFormats"], others: ["Crypto", "Dispatch", "Glibc", "Logging", "Subprocess"]),
        "ConfigDrive": Reach(),
    ]

    static func check(_ tree: SourceTree) -> [Violation] {
        tree.swiftFiles.filter { $0.file.isIn("Sources") }.flatMap { file, swift -> [Violation] in
            guard let target = file.target else { return [] }
            guard let reach = rooms[target] else {
                return [
                    Violation(
                        path: file.path, line: 0,
                        message: "\(target) has no place in the picture of the rooms: say in"
                            + " ModuleDirections what it may import")
                ]
            }
            let allowed = standard.union(reach.ours).union(reach.others)
            // Musl is Glibc where a program is linked statically.
            let strange = swift.imports.filter { found in
                !allowed.contains(found.module == "Musl" ? "Glibc" : found.module)
            }
            return strange.map { found in
                Violation(
                    path: file.path, line: found.line,
                    message: "\(target) may not import \(found.module): "
                        + (rooms[found.module] == nil
                            ? "that package is for other rooms"
                            : "the rooms' directions don't lead there")
                        + " (ModuleDirections)")
            }
        }
    }
}
