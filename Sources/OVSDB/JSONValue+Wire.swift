import JSON

extension JSONValue {
    /// Reads one message, whose length its frame has bounded.
    ///
    /// - Throws: ``OVSDBError/malformedMessage(detail:)`` when the bytes aren't JSON.
    init(message bytes: [UInt8]) throws(OVSDBError) {
        do {
            self = try JSONValue(parsing: bytes, limits: JSONLimits(bytesMax: bytes.count))
        } catch {
            throw .malformedMessage(
                detail: "not JSON, in \(bytes.count) bytes: \(error.explained(in: bytes))")
        }
    }

    /// The value as compact JSON with members in the order of their names, so that equal values
    /// give equal bytes.
    ///
    /// - Throws: ``OVSDBError/malformedMessage(detail:)`` for a real that is not finite, which
    ///   JSON can't express.
    func serialized() throws(OVSDBError) -> [UInt8] {
        var json = JSONWriter(.canonical)
        json.value(self)
        guard json.isValid else {
            throw .malformedMessage(detail: "can't write a number that is not finite as JSON")
        }
        return json.bytes
    }

    init(row: OVSDBRow) {
        self = .object(row.map { Member($0.key, $0.value.json) })
    }
}
