import JSON

/// One JSON-RPC 1.0 message of an OVSDB session (RFC 7047, section 4).
enum RPCMessage: Equatable, Sendable {
    case request(method: String, parameters: [JSONValue], id: JSONValue)
    case notification(method: String, parameters: [JSONValue])
    case response(id: JSONValue, result: JSONValue, error: JSONValue)

    init(json: JSONValue) throws(OVSDBError) {
        guard case .object = json else {
            throw .malformedMessage(detail: "a message that is no object")
        }
        let id = json["id"] ?? .null
        if let method = json["method"]?.text {
            guard let parameters = json["params"]?.elements else {
                throw .malformedMessage(detail: "'\(method)' without params")
            }
            self =
                id == .null
                ? .notification(method: method, parameters: parameters)
                : .request(method: method, parameters: parameters, id: id)
        } else if json["result"] != nil || json["error"] != nil {
            self = .response(
                id: id, result: json["result"] ?? .null, error: json["error"] ?? .null)
        } else {
            throw .malformedMessage(detail: "neither a request nor a response")
        }
    }

    var json: JSONValue {
        switch self {
        case .request(let method, let parameters, let id):
            ["method": .string(method), "params": .array(parameters), "id": id]
        case .notification(let method, let parameters):
            ["method": .string(method), "params": .array(parameters), "id": nil]
        case .response(let id, let result, let error):
            ["id": id, "result": result, "error": error]
        }
    }
}
