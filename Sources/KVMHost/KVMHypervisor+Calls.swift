internal import ComputeModel
internal import Foundation
internal import HostDrivers
internal import Libvirt

/// What is being done to which guest, for errors.
struct GuestCall: Sendable {
    let operation: String
    let instance: InstanceID
    let uuid: UUID

    init(_ operation: String, _ instance: InstanceID) throws(DriverError) {
        guard let uuid = UUID(uuidString: instance.text) else {
            throw .refused(
                DriverFault(
                    operation: operation, object: "guest \(instance)",
                    found: "its id is no UUID, by which libvirt knows guests"))
        }
        self.operation = operation
        self.instance = instance
        self.uuid = uuid
    }

    var object: String { "guest \(instance)" }

    func fault(_ found: String, advice: String = "") -> DriverFault {
        DriverFault(operation: operation, object: object, found: found, advice: advice)
    }
}

extension KVMHypervisor {
    /// The guest's state, nil if it isn't defined. `refused` for a domain that isn't ours.
    func state(_ call: GuestCall) async throws(DriverError) -> DomainState? {
        let found: (DomainState, String)?
        do throws(LibvirtError) {
            found = try await session.run { connection throws(LibvirtError) in
                try await Self.look(call.uuid, connection)
            }
        } catch {
            throw error.driverError(call.operation, call.object)
        }
        guard let (state, xml) = found else { return nil }
        let description: DomainDescription
        do throws(XMLError) {
            description = try DomainDescription(xml: xml)
        } catch {
            throw .failed(call.fault("its domain's document can't be read: \(error)"))
        }
        guard description.metadata?.instanceID == call.uuid else {
            throw .refused(
                call.fault(
                    "the domain \(description.name) has its UUID and lacks Millrace's metadata",
                    advice: "Millrace doesn't touch what it did not make: remove or rename it"))
        }
        return state
    }

    private static func look(
        _ uuid: UUID, _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> (DomainState, String)? {
        guard let state = try await connection.state(uuid) else { return nil }
        do throws(LibvirtError) {
            return (state, try await connection.xml(uuid, isInactive: true))
        } catch .noDomain {
            return nil
        }
    }

    /// The host's NUMA cells as guests get them.
    func cells(_ call: GuestCall) async throws(DriverError) -> [NUMACell] {
        let answers: LibvirtHostAnswers
        do throws(LibvirtError) {
            answers = try await session.run(Self.ask)
        } catch {
            throw error.driverError(call.operation, call.object)
        }
        return HostCells(answers, configuration).cells
    }

    func run(
        _ call: GuestCall, advice: String = "",
        _ body: (LibvirtConnection) async throws(LibvirtError) -> Void
    ) async throws(DriverError) {
        do throws(LibvirtError) {
            try await session.run(body)
        } catch {
            throw error.driverError(call.operation, call.object, advice: advice)
        }
    }

    /// Runs `body`; when libvirt refuses because of the guest's state, what counts is whether
    /// that state is `goal` by now.
    func reach(
        _ call: GuestCall, advice: String = "", _ goal: (DomainState?) -> Bool,
        _ body: (LibvirtConnection) async throws(LibvirtError) -> Void
    ) async throws(DriverError) {
        do throws(LibvirtError) {
            try await session.run(body)
        } catch {
            switch error {
            case .noDomain, .invalidState:
                if goal(try await state(call)) { return }
            default: break
            }
            throw error.driverError(call.operation, call.object, advice: advice)
        }
    }
}
