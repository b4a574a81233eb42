internal import CLibvirt
internal import Glibc

/// One call on its worker thread: the connection, and what it is for when it fails.
///
/// libvirt keeps the last error per thread, so everything here happens in one synchronous
/// stretch.
struct LibvirtCall {
    let operation: String
    let object: String
    let connection: virConnectPtr

    /// The error that libvirt left on this thread, classed by its code.
    func failure() -> LibvirtError {
        let failure = LibvirtFailure.last(operation: operation, object: object)
        // Which code a broken connection gives depends on where it broke: ask instead.
        if virConnectIsAlive(connection) == 0 { return .connectionLost(failure) }
        switch virErrorNumber(UInt32(bitPattern: failure.code)) {
        case VIR_ERR_NO_DOMAIN: return .noDomain(failure)
        case VIR_ERR_NO_NODE_DEVICE: return .noNodeDevice(failure)
        case VIR_ERR_DEVICE_MISSING: return .deviceMissing(failure)
        case VIR_ERR_OPERATION_INVALID: return .invalidState(failure)
        case VIR_ERR_XML_ERROR, VIR_ERR_XML_DETAIL, VIR_ERR_XML_INVALID_SCHEMA:
            return .invalidDocument(failure)
        case VIR_ERR_NO_SUPPORT, VIR_ERR_OPERATION_UNSUPPORTED, VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_ERR_ARGUMENT_UNSUPPORTED:
            return .unsupported(failure)
        default: return .other(failure)
        }
    }

    /// Throws if a call that answers with a number answered with a negative one.
    @discardableResult
    func check(_ result: Int32) throws(LibvirtError) -> Int32 {
        guard result >= 0 else { throw failure() }
        return result
    }

    /// Throws if a call that answers with a pointer answered with none.
    func check<Pointee>(_ result: Pointee?) throws(LibvirtError) -> Pointee {
        guard let result else { throw failure() }
        return result
    }

    /// Takes over a string that the caller must free.
    func text(_ result: UnsafeMutablePointer<CChar>?) throws(LibvirtError) -> String {
        let characters = try check(result)
        defer { free(characters) }
        return String(cString: characters)
    }
}

extension LibvirtFailure {
    /// Copies this thread's last error.
    static func last(operation: String, object: String) -> LibvirtFailure {
        let error = virGetLastError()?.pointee
        return LibvirtFailure(
            operation: operation, object: object, code: error?.code ?? 0,
            domain: error?.domain ?? 0,
            message: error?.message.map { String(cString: $0) } ?? "no error given")
    }
}
