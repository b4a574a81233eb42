internal import CLibvirt
public import Foundation

extension LibvirtConnection {
    /// Saves the domain's memory where libvirt keeps it, and stops the domain: its next start goes
    /// on from there. A domain that could not be saved goes on running. May take minutes.
    public func managedSave(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("save memory of domain", uuid) { virDomainManagedSave($0, 0) }
    }

    /// Whether memory is saved for the domain's next start.
    public func hasManagedSave(_ uuid: UUID) async throws(LibvirtError) -> Bool {
        try await withDomain("look for saved memory of domain", uuid) {
            domain, call throws(LibvirtError) in
            try call.check(virDomainHasManagedSaveImage(domain, 0)) == 1
        }
    }

    /// Throws the saved memory away. Fails if there is none.
    public func discardManagedSave(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("discard saved memory of domain", uuid) {
            virDomainManagedSaveRemove($0, 0)
        }
    }
}
