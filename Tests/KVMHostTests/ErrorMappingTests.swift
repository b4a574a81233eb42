import ConfigDrive
import Glibc
import GuestDisks
import HostDrivers
import OVSDB
import Testing

@testable import KVMHost
@testable import Libvirt
@testable import VDPA
@testable import VirtualSwitch

@Suite("what other layers throw, in the agent's terms")
struct ErrorMappingTests {
    private static let failure = LibvirtFailure(
        operation: "start domain", object: "x", code: 1, domain: 10, message: "no")

    @Test(
        "libvirt",
        arguments: [
            (.cannotConnect(failure), .unavailable), (.connectionLost(failure), .unavailable),
            (.closed(operation: "x", object: "y"), .unavailable),
            (.timedOut(operation: "x", object: "y", limit: .seconds(1)), .timedOut),
            (.cancelled(operation: "x", object: "y"), .cancelled), (.noDomain(failure), .notFound),
            (.noNodeDevice(failure), .notFound), (.deviceMissing(failure), .notFound),
            (.invalidState(failure), .failed), (.invalidDocument(failure), .refused),
            (.unsupported(failure), .refused), (.other(failure), .failed),
        ] as [(LibvirtError, Kind)])
    func libvirt(_ error: LibvirtError, _ kind: Kind) {
        let mapped = error.driverError("start the guest", "guest 1", advice: "Look")
        #expect(Kind(mapped) == kind)
        #expect(mapped.fault.operation == "start the guest")
        #expect(mapped.fault.object == "guest 1")
        #expect(!mapped.fault.found.isEmpty)
    }

    @Test(
        "Open vSwitch",
        arguments: [
            (.invalidInterfaceName("a/b"), .refused), (.bridgeMissing(bridge: "br-int"), .refused),
            (
                .databaseFailed(
                    attempt: "x",
                    .connectFailed(address: .unix(path: "/x"), reason: "gone")), .unavailable
            ),
            (
                .databaseFailed(
                    attempt: "x", .callTimedOut(method: "transact", timeout: .seconds(1))),
                .timedOut
            ),
            (.databaseFailed(attempt: "x", .callCancelled(method: "transact")), .cancelled),
            (.databaseFailed(attempt: "x", .monitorOverrun(limit: 1)), .failed),
            (.databaseFailed(attempt: "x", .invalidAddress("x")), .refused),
            (.malformedRow(table: "Port", detail: "x"), .failed),
            (.interfaceOnOtherBridge(interface: "a", bridge: "b", wanted: "c"), .refused),
            (.portPluggedElsewhere(portID: "p", interface: "a"), .failed),
            (.interfaceSharesPort(interface: "a", port: "bond0"), .refused),
            (.foreignInterface(interface: "a", bridge: "b"), .refused),
            (.concurrentChanges(attempt: "x", attempts: 16), .failed),
            (.notApplied(attempt: "x", timeout: .seconds(30)), .unavailable),
            (.interfaceFailed(interface: "a", bridge: "b", reason: "x"), .failed),
            (.interfaceVanished(interface: "a", bridge: "b"), .failed),
            (.linkFailed(attempt: "set up", interface: "a", errno: ENODEV), .notFound),
            (.linkFailed(attempt: "set up", interface: "a", errno: EPERM), .refused),
            (.linkFailed(attempt: "set up", interface: "a", errno: EIO), .failed),
            (.closed, .unavailable),
        ] as [(VirtualSwitchError, Kind)])
    func virtualSwitch(_ error: VirtualSwitchError, _ kind: Kind) {
        #expect(Kind(error.driverError("plug", "port 1")) == kind)
    }

    @Test(
        "files",
        arguments: [
            (GuestDiskError.badName(kind: "instance id", found: "/"), .refused),
            (
                GuestDiskError.notEnoughSpace(directory: "/x", neededBytes: 2, freeBytes: 1),
                .refused
            ),
            (GuestDiskError.diskDiffers(path: "/x", found: "a", expected: "b"), .refused),
            (GuestDiskError.io(operation: "write", path: "/x", code: ENOSPC), .refused),
            (GuestDiskError.io(operation: "write", path: "/x", code: EIO), .failed),
            (GuestDiskError.downloadTimedOut(imageID: "x", limit: .seconds(1)), .timedOut),
            (GuestDiskError.downloadFailed(imageID: "x", reason: "y"), .failed),
            (GuestDiskError.toolTimedOut(command: "qemu-img", limit: .seconds(1)), .timedOut),
            (GuestDiskError.missingBaseImage(path: "/x"), .failed),
            (CancellationError(), .cancelled),
            (ConfigDriveError.vendorDataIsNoJSONObject, .refused),
            (DriverError.notFound(DriverFault(operation: "a", object: "b", found: "c")), .notFound),
        ] as [(any Error, Kind)])
    func files(_ error: any Error, _ kind: Kind) {
        let mapped = StorageCall(operation: "write", object: "guest 1").driverError(error)
        #expect(Kind(mapped) == kind)
        #expect(!mapped.fault.found.hasSuffix("."))
    }

    @Test(
        "the kernel's vDPA",
        arguments: [
            (.noDevice("vdpa0"), .notFound), (.timedOut(operation: "x"), .timedOut),
            (.missing(path: "/sys/x"), .failed), (.interrupted(operation: "x"), .failed),
            (.ambiguousRepresentor(virtualFunction: "x", interfaces: ["a", "b"]), .refused),
        ] as [(VDPAError, Kind)])
    func vdpa(_ error: VDPAError, _ kind: Kind) {
        #expect(Kind(error.driverError("scan", "host")) == kind)
    }
}
