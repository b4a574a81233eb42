/// One JSON-RPC 1.0 message of an OVSDB session (RFC 7047, section 4).
enum RPCMessage: Hashable, Sendable {
    case request(method: String, parameters: [JSONValue], id: JSONValue)
    case notification(method: String, parameters: [JSONValue])
    case response(id: JSONValue, result: JSONValue, error: JSONValue)

    init(json: JSONValue) throws(OVSDBError) {
        guard let members = json.members else {
            throw .malformedMessage(detail: "a message that is no object")
        }
        let id = members["id"] ?? .null
        if let method = members["method"]?.text {
            guard let parameters = members["params"]?.elements else {
                throw .malformedMessage(detail: "'\(method)' without params")
            }
            self =
                id == .null
                ? .notification(method: method, parameters: parameters)
                : .request(method: method, parameters: parameters, id: id)
        } else if members["result"] != nil || members["error"] != nil {
            self = .response(
                id: id, result: members["result"] ?? .null, error: members["error"] ?? .null)
        } else {
            throw .malformedMessage(detail: "neither a request nor a response")
        }
    }

    var json: JSONValue {
        switch self {
        case .request(let method, let parameters, let id):
            .object(["method": .string(method), "params": .array(parameters), "id": id])
        case .notification(let method, let parameters):
            .object(["method": .string(method), "params": .array(parameters), "id": .null])
        case .response(let id, let result, let error):
            .object(["id": id, "result": result, "error": error])
        }
    }
}
