import ComputeModel
import RequestPipeline

/// What the bodies of several network resources have in common.
enum AttributeReading {
    /// The owner, under either of its names.
    static func project(_ reader: inout BodyReader) throws(DomainError) -> ProjectID? {
        let old = try reader.string("tenant_id", length: 1...255)
        let new = try reader.string("project_id", length: 1...255)
        if let old, let new, old != new {
            throw reader.invalid("project_id", "it differs from tenant_id.")
        }
        return (new ?? old).map { ProjectID($0) }
    }

    /// Accepts attributes of Neutron that Millrace has not, as long as they say nothing.
    static func refuseFilled(
        _ reader: inout BodyReader, _ keys: String...
    ) throws(DomainError) {
        for key in keys {
            switch reader.value(key) {
            case nil, .array([])?, .object([])?, .string("")?: continue
            default: throw reader.invalid(key, "it is not supported here; leave it out.")
            }
        }
    }

    /// A list of objects, each read by `read`.
    static func objects<Value>(
        _ reader: inout BodyReader, _ key: String, _ noun: Noun,
        _ read: (inout BodyReader) throws(DomainError) -> Value
    ) throws(DomainError) -> [Value]? {
        guard let values = try reader.array(key) else { return nil }
        var found: [Value] = []
        for value in values {
            var entry = try BodyReader(value, path: key, noun: noun)
            found.append(try read(&entry))
            try entry.finish()
        }
        return found
    }
}
