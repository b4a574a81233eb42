internal import CLibvirt

/// A value of one of libvirt's typed parameters.
enum TypedParameter: Sendable, Equatable {
    /// Any of the integer types; clamped.
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case text(String)
}

/// libvirt's arrays of typed parameters, read and written.
enum TypedParameters {
    /// By name. Parameters of types that this program doesn't know are left out.
    static func values(
        _ parameters: virTypedParameterPtr?, count: Int32
    ) -> [String: TypedParameter] {
        let buffer = UnsafeBufferPointer(start: parameters, count: Int(max(0, count)))
        var values: [String: TypedParameter] = [:]
        for parameter in buffer {
            let name = withUnsafeBytes(of: parameter.field) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            values[name] = value(parameter)
        }
        return values
    }

    private static func value(_ parameter: virTypedParameter) -> TypedParameter? {
        switch virTypedParameterType(UInt32(bitPattern: parameter.type)) {
        case VIR_TYPED_PARAM_INT: .integer(Int64(parameter.value.i))
        case VIR_TYPED_PARAM_UINT: .integer(Int64(parameter.value.ui))
        case VIR_TYPED_PARAM_LLONG: .integer(parameter.value.l)
        case VIR_TYPED_PARAM_ULLONG: .integer(Int64(clamping: parameter.value.ul))
        case VIR_TYPED_PARAM_DOUBLE: .double(parameter.value.d)
        case VIR_TYPED_PARAM_BOOLEAN: .boolean(parameter.value.b != 0)
        case VIR_TYPED_PARAM_STRING:
            parameter.value.s.map { .text(String(cString: $0)) }
        default: nil
        }
    }

    /// Runs `body` with the parameters as libvirt takes them; texts and unsigned numbers only.
    /// Nil from a failed allocation or a name that is too long: libvirt's error tells.
    static func with<Result>(
        texts: [(name: String, value: String)], numbers: [(name: String, value: UInt64)],
        _ body: (virTypedParameterPtr?, UInt32) -> Result
    ) -> Result? {
        var parameters: virTypedParameterPtr?
        var count: Int32 = 0
        var capacity: Int32 = 0
        defer { virTypedParamsFree(parameters, count) }
        for (name, value) in texts {
            guard virTypedParamsAddString(&parameters, &count, &capacity, name, value) == 0
            else { return nil }
        }
        for (name, value) in numbers {
            guard virTypedParamsAddULLong(&parameters, &count, &capacity, name, value) == 0
            else { return nil }
        }
        return body(parameters, UInt32(count))
    }
}
