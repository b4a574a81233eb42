// swift-tools-version:6.2
import PackageDescription

/// Every target is built alike: warnings are errors.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

let libraries: [Target] = [
    // The model, and what is pure.
    .target(name: "JSON"),
    .target(name: "ComputeModel"),
    .target(name: "DeviceTracking", dependencies: ["ComputeModel", "JSON"]),
    .target(name: "Scheduler", dependencies: ["ComputeModel", "DeviceTracking"]),
    .target(
        name: "Workflow", dependencies: [.product(name: "Logging", package: "swift-log")]),
    .target(name: "AgentProtocol", dependencies: ["ComputeModel"]),

    // The server.
    .target(
        name: "Persistence",
        dependencies: [
            "JSON", .product(name: "GRDB", package: "GRDB.swift"),
            .product(name: "HashTreeCollections", package: "swift-collections"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .target(
        name: "ControlPlaneState",
        dependencies: [
            "ComputeModel", "JSON", "Persistence", "Workflow",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .target(
        name: "Placement",
        dependencies: [
            "ComputeModel", "ControlPlaneState", "JSON", "Persistence", "Scheduler",
        ]),
    .target(
        name: "Identity",
        dependencies: [
            "ComputeModel", "ControlPlaneState", "Persistence",
            .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "CryptoExtras", package: "swift-crypto"),
            .product(name: "JWTKit", package: "jwt-kit"),
        ]),
    .target(
        name: "ImageStore",
        dependencies: [
            "ComputeModel", "ControlPlaneState", "DiskFormats", "Persistence",
            .product(name: "Crypto", package: "swift-crypto"),
        ]),
    .target(
        name: "Networking",
        dependencies: ["ComputeModel", "ControlPlaneState", "JSON", "Persistence"]),
    .target(
        name: "Conductor",
        dependencies: [
            "AgentProtocol", "ComputeModel", "ControlPlaneState", "DeviceTracking", "ImageStore",
            "JSON", "Networking", "Persistence", "Placement", "Scheduler", "Workflow",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .target(
        name: "RequestPipeline",
        dependencies: [
            "ComputeModel", "JSON", .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
        ]),
    .target(
        name: "OpenStackAPI",
        dependencies: [
            "ComputeModel", "Conductor", "Identity", "ImageStore", "JSON", "Networking",
            "Placement", "RequestPipeline", .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "NIOCore", package: "swift-nio"),
        ]),
    .target(
        name: "OperatorAPI",
        dependencies: [
            "ComputeModel", "Conductor", "DeviceTracking", "JSON", "Placement", "RequestPipeline",
            "Scheduler", "Workflow",
        ]),
    .target(
        name: "LinkCertificates",
        dependencies: [
            .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "X509", package: "swift-certificates"),
        ]),
    .target(
        name: "AgentAPI",
        dependencies: [
            "AgentProtocol", "ComputeModel", "LinkCertificates",
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "HummingbirdTLS", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ]),

    // The compute host.
    .target(name: "HostDrivers", dependencies: ["ComputeModel"]),
    .target(
        name: "HostAgent",
        dependencies: [
            "AgentProtocol", "ComputeModel", "DeviceTracking", "HostDrivers",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .target(
        name: "AgentClient",
        dependencies: [
            "AgentProtocol", "ComputeModel", "LinkCertificates",
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ]),
    .target(
        name: "SimulatedDrivers",
        dependencies: [
            "AgentProtocol", "ComputeModel", "HostAgent", "HostDrivers", "JSON",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .systemLibrary(
        name: "CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),
    .target(name: "Libvirt", dependencies: ["CLibvirt"]),
    .target(name: "VDPA"),
    .target(
        name: "OVSDB",
        dependencies: [
            "JSON", .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
        ]),
    .target(
        name: "VirtualSwitch",
        dependencies: ["OVSDB", .product(name: "Logging", package: "swift-log")]),
    .target(name: "DiskFormats"),
    .target(name: "ConfigDrive"),
    .target(
        name: "GuestDisks",
        dependencies: [
            "DiskFormats", .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "Subprocess", package: "swift-subprocess"),
        ]),
    .target(
        name: "KVMHost",
        dependencies: [
            "ComputeModel", "ConfigDrive", "DeviceTracking", "DiskFormats", "GuestDisks",
            "HostDrivers", "Libvirt", "OVSDB", "VDPA", "VirtualSwitch",
            .product(name: "Logging", package: "swift-log"),
        ]),
]

let programs: [Target] = [
    .target(
        name: "CLI",
        dependencies: [
            "ComputeModel", "DeviceTracking", "JSON",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "Yams", package: "Yams"),
        ]),
    .executableTarget(
        name: "PlacementBenchmark",
        dependencies: [
            "ComputeModel", "DeviceTracking", "Persistence", "Placement", "Scheduler",
            .product(name: "Logging", package: "swift-log"),
        ], path: "Benchmarks/PlacementBenchmark"),
    .executableTarget(
        name: "LifecycleSimulation",
        dependencies: [
            "AgentProtocol", "ComputeModel", "Conductor", "ControlPlaneState", "HostAgent",
            "HostDrivers", "ImageStore", "Networking", "Persistence", "SimulatedDrivers",
            "TestSupport", "Workflow", .product(name: "Logging", package: "swift-log"),
        ], path: "Tests/LifecycleSimulation"),
    .executableTarget(
        name: "millrace",
        dependencies: [
            "AgentAPI", "AgentClient", "AgentProtocol", "CLI", "ComputeModel", "Conductor",
            "ControlPlaneState", "DeviceTracking", "HostAgent", "HostDrivers", "Identity",
            "ImageStore", "JSON", "KVMHost", "LinkCertificates", "Networking", "OpenStackAPI",
            "OperatorAPI", "Persistence", "RequestPipeline", "SimulatedDrivers",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            .product(name: "Yams", package: "Yams"),
        ]),
]

let tests: [Target] = [
    // What tests of several targets need; in no product.
    .target(
        name: "TestSupport",
        dependencies: ["ComputeModel"], path: "Tests/TestSupport"),
    // Mechanical fault tests of any workflow.
    .target(
        name: "WorkflowTesting",
        dependencies: [
            "TestSupport", "Workflow", .product(name: "Logging", package: "swift-log"),
        ], path: "Tests/WorkflowTesting"),
    .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"]),
    .testTarget(name: "JSONTests", dependencies: ["JSON"]),
    .testTarget(name: "ComputeModelTests", dependencies: ["ComputeModel"]),
    .testTarget(
        name: "DeviceTrackingTests",
        dependencies: ["ComputeModel", "DeviceTracking", "JSON", "TestSupport"]),
    .testTarget(
        name: "SchedulerTests",
        dependencies: ["ComputeModel", "DeviceTracking", "Scheduler", "TestSupport"]),
    .testTarget(
        name: "FuzzTests",
        dependencies: [
            "ComputeModel", "DeviceTracking", "JSON", "Libvirt", "TestSupport", "VDPA",
        ]),
    .testTarget(
        name: "PlacementTests",
        dependencies: [
            "ComputeModel", "DeviceTracking", "JSON", "Persistence", "Placement", "Scheduler",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "WorkflowTests",
        dependencies: [
            "TestSupport", "Workflow", "WorkflowTesting",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "PersistenceTests",
        dependencies: [
            "JSON", "Persistence", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "RequestPipelineTests",
        dependencies: [
            "ComputeModel", "JSON", "RequestPipeline",
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdTesting", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
        ]),
    .testTarget(
        name: "IdentityTests",
        dependencies: [
            "ComputeModel", "ControlPlaneState", "Identity", "Persistence", "TestSupport",
            .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "ImageStoreTests",
        dependencies: [
            "ComputeModel", "ControlPlaneState", "DiskFormats", "ImageStore", "Persistence",
            "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "NetworkingTests",
        dependencies: [
            "ComputeModel", "ControlPlaneState", "Networking", "Persistence", "TestSupport",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "ConductorTests",
        dependencies: [
            "AgentProtocol", "ComputeModel", "Conductor", "ControlPlaneState", "DeviceTracking",
            "HostAgent", "HostDrivers", "ImageStore", "Networking", "Persistence",
            "SimulatedDrivers", "TestSupport", "Workflow", "WorkflowTesting",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "OpenStackAPITests",
        dependencies: [
            "AgentProtocol", "ComputeModel", "Conductor", "ControlPlaneState", "Identity",
            "ImageStore", "JSON", "Networking", "OpenStackAPI", "OperatorAPI", "Persistence",
            "RequestPipeline", "SimulatedDrivers",
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdTesting", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
        ]),
    .testTarget(
        name: "OperatorAPITests",
        dependencies: [
            "ComputeModel", "Conductor", "ControlPlaneState", "ImageStore", "JSON", "Networking",
            "OperatorAPI", "Persistence", "RequestPipeline", "Workflow",
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdTesting", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "CLITests",
        dependencies: [
            "CLI", "ComputeModel", "Conductor", "ControlPlaneState", "Identity", "ImageStore",
            "JSON", "Networking", "OpenStackAPI", "OperatorAPI", "Persistence", "RequestPipeline",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdTesting", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "LinkCertificatesTests",
        dependencies: ["LinkCertificates", "TestSupport"]),
    .testTarget(
        name: "AgentLinkTests",
        dependencies: [
            "AgentAPI", "AgentClient", "AgentProtocol", "ComputeModel", "LinkCertificates",
            "TestSupport", .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ]),
    .testTarget(
        name: "HostAgentTests",
        dependencies: [
            "AgentProtocol", "ComputeModel", "DeviceTracking", "HostAgent", "HostDrivers",
            "SimulatedDrivers", "TestSupport",
        ]),
    .testTarget(
        name: "SimulatedDriversTests",
        dependencies: [
            "AgentProtocol", "ComputeModel", "HostAgent", "HostDrivers", "JSON",
            "SimulatedDrivers", "TestSupport",
        ]),
    .testTarget(name: "LibvirtTests", dependencies: ["CLibvirt", "Libvirt", "TestSupport"]),
    .testTarget(name: "VDPATests", dependencies: ["TestSupport", "VDPA"]),
    .testTarget(
        name: "OVSDBTests",
        dependencies: [
            "JSON", "OVSDB", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOEmbedded", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
        ]),
    .testTarget(
        name: "VirtualSwitchTests",
        dependencies: [
            "OVSDB", "TestSupport", "VirtualSwitch",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(name: "DiskFormatsTests", dependencies: ["DiskFormats", "TestSupport"]),
    .testTarget(name: "ConfigDriveTests", dependencies: ["ConfigDrive", "TestSupport"]),
    .testTarget(
        name: "GuestDisksTests",
        dependencies: [
            "DiskFormats", "GuestDisks", "TestSupport",
            .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(
        name: "KVMHostTests",
        dependencies: [
            "ComputeModel", "ConfigDrive", "DeviceTracking", "GuestDisks", "HostDrivers",
            "KVMHost", "Libvirt", "OVSDB", "TestSupport", "VDPA", "VirtualSwitch",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .testTarget(name: "millraceTests", dependencies: ["Conductor", "TestSupport", "millrace"]),
    .testTarget(name: "TidyTests"),
]

let targets = libraries + programs + tests
for target in targets where target.type != .system {
    target.swiftSettings = settings
}

let package = Package(
    name: "millrace",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: targets,
    swiftLanguageModes: [.v6]
)
