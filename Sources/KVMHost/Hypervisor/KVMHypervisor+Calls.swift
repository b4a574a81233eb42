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
        try await view(call)?.summary.state
    }

    /// All that libvirt says of the guest, nil if it isn't there. `refused` for a domain that
    /// isn't ours.
    func view(_ call: GuestCall) async throws(DriverError) -> GuestView? {
        let found: GuestDocuments?
        do throws(LibvirtError) {
            found = try await session.run { connection throws(LibvirtError) in
                try await Self.look(call.uuid, connection)
            }
        } catch {
            throw error.driverError(call.operation, call.object)
        }
        guard let found else { return nil }
        let view: GuestView
        do throws(XMLError) {
            view = try GuestView(found)
        } catch {
            throw .failed(call.fault("its domain's document can't be read: \(error)"))
        }
        guard view.defined.metadata?.instanceID == call.uuid else {
            throw .refused(
                call.fault(
                    "the domain \(view.defined.name) has its UUID and lacks Millrace's metadata",
                    advice: "Millrace doesn't touch what it did not make: remove or rename it"))
        }
        return view
    }

    /// The guest, which must have its power; `notFound` if not.
    func activeView(_ call: GuestCall) async throws(DriverError) -> GuestView {
        guard let view = try await view(call) else {
            throw .notFound(call.fault("it is not defined"))
        }
        guard view.isActive else { throw .notFound(call.fault("it has no power")) }
        return view
    }

    private static func look(
        _ uuid: UUID, _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> GuestDocuments? {
        do throws(LibvirtError) {
            guard let summary = try await connection.summary(uuid) else { return nil }
            let defined = try await connection.xml(uuid, isInactive: true)
            let live = summary.state.isActive ? try await connection.xml(uuid) : defined
            return GuestDocuments(summary: summary, live: live, defined: defined)
        } catch {
            guard case .noDomain = error else { throw error }
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
