internal import CLibvirt
internal import Foundation

/// The two keys of a domain, read from a handle; neither needs a round trip.
struct DomainIdentity {
    let uuid: UUID
    let name: String

    /// nil only if the handle is broken.
    init?(_ domain: virDomainPtr) {
        var text = [CChar](repeating: 0, count: Int(VIR_UUID_STRING_BUFLEN))
        guard virDomainGetUUIDString(domain, &text) == 0, let name = virDomainGetName(domain),
            let uuid = text.withUnsafeBufferPointer({ buffer in
                buffer.baseAddress.flatMap { UUID(uuidString: String(cString: $0)) }
            })
        else { return nil }
        self.uuid = uuid
        self.name = String(cString: name)
    }
}
