import JSON

/// One row, by column. Columns that were not asked for are absent.
public typealias OVSDBRow = [String: OVSDBValue]

extension OVSDBValue {
    /// Reads the wire form of a value.
    ///
    /// - Throws: ``OVSDBError/malformedMessage(detail:)``, also for a set or a map that names an
    ///   element twice.
    public init(json: JSONValue) throws(OVSDBError) {
        guard let parts = json.elements, parts.count == 2, let tag = parts[0].text,
            tag == "set" || tag == "map"
        else {
            self = .atom(try OVSDBAtom(json: json))
            return
        }
        guard let elements = parts[1].elements else {
            throw .malformedMessage(detail: "a \(tag) without its list of elements")
        }
        self = tag == "set" ? try Self.set(of: elements) : try Self.map(of: elements)
    }

    private static func set(of elements: [JSONValue]) throws(OVSDBError) -> OVSDBValue {
        var atoms: Set<OVSDBAtom> = []
        for element in elements {
            let atom = try OVSDBAtom(json: element)
            guard atoms.insert(atom).inserted else {
                throw .malformedMessage(detail: "a set with \(atom) twice")
            }
        }
        return .set(atoms)
    }

    private static func map(of elements: [JSONValue]) throws(OVSDBError) -> OVSDBValue {
        var pairs: [OVSDBAtom: OVSDBAtom] = [:]
        for element in elements {
            guard let pair = element.elements, pair.count == 2 else {
                throw .malformedMessage(detail: "\(element) is not a pair of a map")
            }
            let key = try OVSDBAtom(json: pair[0])
            guard pairs.updateValue(try OVSDBAtom(json: pair[1]), forKey: key) == nil else {
                throw .malformedMessage(detail: "a map with key \(key) twice")
            }
        }
        return .map(pairs)
    }

    /// The wire form of the value. Elements of sets and maps have a fixed order, so that equal
    /// values give equal bytes.
    public var json: JSONValue {
        switch self {
        case .atom(let atom):
            return atom.json
        case .set(let atoms):
            let elements = atoms.map { (order: "\($0)", json: $0.json) }
                .sorted { $0.order < $1.order }
            return .array([.string("set"), .array(elements.map(\.json))])
        case .map(let pairs):
            let elements = pairs.map { (order: "\($0.key)", json: [$0.key.json, $0.value.json]) }
                .sorted { $0.order < $1.order }
            return .array([.string("map"), .array(elements.map { .array($0.json) })])
        }
    }

    /// Reads a row as the wire has it.
    static func row(json: JSONValue) throws(OVSDBError) -> OVSDBRow {
        guard let members = json.members else {
            throw .malformedMessage(detail: "a row that is no object")
        }
        var row: OVSDBRow = [:]
        for column in members { row[column.key] = try OVSDBValue(json: column.value) }
        return row
    }
}
