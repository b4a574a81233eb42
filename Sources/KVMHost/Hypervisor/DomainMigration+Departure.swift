internal import ComputeModel
internal import Foundation
internal import HostDrivers
internal import Libvirt

extension DomainMigration {
    /// Transports over which libvirts talk to each other encrypted.
    private static let encryptedSchemes: Set<String> = ["qemu+tls", "qemu+ssh"]

    /// A departure as libvirt is asked for it, with the documents as they are.
    ///
    /// - Parameter bandwidthMiBPerSecond: this host's own limit; the lower one counts.
    init(
        _ departure: GuestDeparture, allowsPostCopy: Bool, bandwidthMiBPerSecond limit: Int?,
        _ call: GuestCall
    ) throws(DriverError) {
        let uri = departure.destinationURI
        guard let parts = URLComponents(string: uri), let scheme = parts.scheme,
            let host = parts.host, !host.isEmpty
        else {
            throw .refused(
                call.fault(
                    "'\(uri)' is no libvirt URI with a host",
                    advice: "Correct migration.uri in the other host's configuration"))
        }
        if departure.isEncrypted, !Self.encryptedSchemes.contains(scheme) {
            throw .refused(
                call.fault(
                    "guests must travel encrypted, and '\(uri)' doesn't",
                    advice: "Set up qemu+tls on the other host, or migration.tls: false there"))
        }
        var flags = MigrationFlags.wholeGuest
        if departure.isEncrypted { flags.insert(.tls) }
        if allowsPostCopy { flags.insert(.postCopy) }
        // With the URI's own host nothing hangs on the name that the other host gives itself.
        let address = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        self.init(destinationURI: uri, flags: flags, dataURI: "tcp://\(address)")
        bandwidthMiBPerSecond = [departure.bandwidthMiBPerSecond, limit].compactMap(\.self).min()
    }
}

extension DomainPlacement {
    /// Where a guest lies on the host that it goes to: as if it were defined there.
    init(arrivingBy departure: GuestDeparture, _ call: GuestCall) throws(DriverError) {
        guard let cells = departure.hostCells, !cells.isEmpty else {
            self.init(arriving: departure.numa)
            return
        }
        do throws(Misplacement) {
            try self.init(of: departure.numa, on: cells)
        } catch {
            throw .refused(
                call.fault(
                    "on \(departure.destinationHostName): \(error.found)",
                    advice: "Compare dedicated_cpus and reserved_cpus there with 'virsh"
                        + " capabilities'"))
        }
    }

    /// The same by what releases tell that don't know the other host's cells; nil for a guest that
    /// floats.
    ///
    /// Only what was promised to the guest is known here, not which of the other host's CPUs are
    /// shared: QEMU's own threads run on the guest's CPUs, and vCPUs without a pin float, until the
    /// guest is defined anew.
    init(arriving numa: NUMAPlacement?) {
        self.init()
        guard let numa else { return }
        cells = numa.cells.map {
            Cell(
                vcpus: $0.vcpus, memoryMiB: $0.memoryMiB, hostNode: $0.hostCell,
                hugePageKiB: $0.pageSizeKiB)
        }
        pins = numa.cells.flatMap(\.pins).map { Pin(vcpu: $0.vcpu, hostCPUs: [$0.hostCPU]) }
            .sorted { $0.vcpu < $1.vcpu }
        emulatorCPUs = pins.isEmpty ? [] : numa.pinnedCPUs
    }
}
