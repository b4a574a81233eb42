internal import ComputeModel
internal import Foundation
internal import HostDrivers
internal import Libvirt

/// What libvirt gave of one guest, unread.
struct GuestDocuments: Sendable {
    let summary: DomainSummary
    let live: String
    let defined: String
}

/// A guest as libvirt has it.
struct GuestView: Sendable {
    let summary: DomainSummary
    /// The guest now; while it is off, as it is defined.
    let live: DomainDescription
    /// The guest at its next start.
    let defined: DomainDescription

    init(_ documents: GuestDocuments) throws(XMLError) {
        summary = documents.summary
        live = try DomainDescription(xml: documents.live)
        defined = try DomainDescription(xml: documents.defined)
    }

    var isActive: Bool { summary.state.isActive }

    /// NICs on vDPA devices, whoever made them: they hold a guest on its host.
    var vdpaInterfaces: [DomainDescription.Interface] {
        live.interfaces.filter { $0.type == "vdpa" }
    }
}

extension DomainDescription {
    /// The NIC that serves a port.
    func interface(of port: UUID) -> Interface? { interfaces.first { $0.portID == port } }
}

/// A domain of a list with what the agent wants to know of it.
struct ListedGuest: Sendable {
    let summary: DomainSummary
    let xml: String
    let job: DomainJob?
}

extension KVMHypervisor {
    /// All domains that carry Millrace's metadata; others are skipped unread.
    static func listed(
        _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> [ListedGuest] {
        var guests: [ListedGuest] = []
        for summary in try await connection.domains() {
            do throws(LibvirtError) {
                let xml = try await connection.xml(summary.uuid)
                guard xml.contains(GuestMetadata.namespace) else { continue }
                let job = summary.state.isActive ? try await job(summary.uuid, connection) : nil
                guests.append(ListedGuest(summary: summary, xml: xml, job: job))
            } catch {
                guard case .noDomain = error else { throw error }
            }
        }
        return guests
    }

    /// The guest's job. Nil also where libvirt doesn't say: a driver without jobs, a guest that
    /// went off or is just arriving, one whose QEMU doesn't answer. One such guest must not hide
    /// all the others.
    static func job(
        _ uuid: UUID, _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> DomainJob? {
        do throws(LibvirtError) {
            return try await connection.job(uuid)
        } catch {
            switch error {
            case .unsupported, .invalidState, .other: return nil
            default: throw error
            }
        }
    }
}
