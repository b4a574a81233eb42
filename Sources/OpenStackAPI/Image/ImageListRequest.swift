import ComputeModel
import Conductor
import ImageStore
import RequestPipeline

/// The query of `GET /v2/images`.
struct ImageListRequest {
    var query: ImageQuery
    private var sortKeys: [ImageQuery.SortKey] = []
    private var sortDirections: [Bool] = []

    /// Keys that are read and don't filter anything here.
    private static let ignored: Set<String> = ["member_status", "member", "changes-since"]

    init(_ items: [(name: String, value: String)], pageItemsMax: Int) throws(DomainError) {
        query = ImageQuery(limit: pageItemsMax)
        for item in items where !Self.ignored.contains(item.name) {
            if try readPaging(item.name, item.value, pageItemsMax) { continue }
            if try readFlag(item.name, item.value) { continue }
            if readText(item.name, item.value) { continue }
            query.properties[item.name] = item.value
        }
        guard !sortKeys.isEmpty || !sortDirections.isEmpty else { return }
        if sortKeys.isEmpty { sortKeys = [.createdAt] }
        guard sortDirections.count <= sortKeys.count else {
            throw Self.invalid("sort_dir", "there are more directions than keys")
        }
        query.sort = sortKeys.enumerated().map { index, key in
            let last = sortDirections.last ?? true
            return .init(
                key, descending: index < sortDirections.count ? sortDirections[index] : last)
        }
    }

    private mutating func readPaging(
        _ name: String, _ value: String, _ limitMax: Int
    ) throws(DomainError) -> Bool {
        switch name {
        case "limit":
            guard let limit = Int(value), limit >= 0 else {
                throw Self.invalid(name, "limit param must be positive")
            }
            query.limit = min(limit, limitMax)
        case "marker": query.marker = ImageID(value)
        case "sort_key": sortKeys.append(try Self.sortKey(value))
        case "sort_dir": sortDirections.append(try Self.isDescending(value))
        case "sort":
            for part in value.split(separator: ",") {
                let pair = part.split(separator: ":").map { String($0) }
                sortKeys.append(try Self.sortKey(pair.first ?? ""))
                sortDirections.append(try Self.isDescending(pair.count > 1 ? pair[1] : "desc"))
            }
        default: return false
        }
        return true
    }

    private mutating func readFlag(
        _ name: String, _ value: String
    ) throws(DomainError) -> Bool {
        switch name {
        case "os_hidden": query.hidden = try Self.flag(name, value)
        case "protected": query.protected = try Self.flag(name, value)
        case "size_min": query.sizeBytesMin = try Self.size(name, value)
        case "size_max": query.sizeBytesMax = try Self.size(name, value)
        case "visibility":
            if value == "all" {
                query.visibility = .all
            } else {
                guard let kind = ImageVisibility(rawValue: value) else {
                    throw Self.invalid(name, "'\(value)' is no visibility")
                }
                query.visibility = .only(kind)
            }
        default: return false
        }
        return true
    }

    private mutating func readText(_ name: String, _ value: String) -> Bool {
        switch name {
        case "id": query.ids = Self.choices(value)
        case "name": query.names = Self.choices(value)
        case "status": query.statuses = Self.choices(value)
        case "disk_format": query.diskFormats = Self.choices(value)
        case "container_format": query.containerFormats = Self.choices(value)
        case "owner": query.owner = ProjectID(value)
        case "tag": query.tags.append(value)
        case "checksum": query.checksum = value
        case "os_hash_value": query.sha512 = value
        default: return false
        }
        return true
    }

    /// `in:a,b` or one value. Quoted members (`in:"a,b"`) may have commas.
    static func choices(_ value: String) -> Set<String> {
        guard value.hasPrefix("in:") else { return [value] }
        var found: Set<String> = []
        var member = ""
        var isQuoted = false
        for character in value.dropFirst(3) {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                found.insert(member)
                member = ""
            default: member.append(character)
            }
        }
        found.insert(member)
        return found
    }

    private static func sortKey(_ text: String) throws(DomainError) -> ImageQuery.SortKey {
        guard let key = ImageQuery.SortKey(rawValue: text) else {
            let known = ImageQuery.SortKey.allCases.map(\.rawValue).joined(separator: ", ")
            throw invalid("sort_key", "'\(text)' is not one of \(known)")
        }
        return key
    }

    private static func isDescending(_ text: String) throws(DomainError) -> Bool {
        switch text {
        case "asc": return false
        case "desc": return true
        default: throw invalid("sort_dir", "'\(text)' is not one of asc, desc")
        }
    }

    private static func flag(_ name: String, _ text: String) throws(DomainError) -> Bool {
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default: throw invalid(name, "'\(text)' is not one of true, false")
        }
    }

    private static func size(_ name: String, _ text: String) throws(DomainError) -> Int64 {
        guard let size = Int64(text), size >= 0 else {
            throw invalid(name, "'\(text)' is no size in bytes")
        }
        return size
    }

    private static func invalid(_ field: String, _ why: String) -> DomainError {
        .invalid(.image, field: field, "Invalid value for query parameter \(field): \(why).")
    }
}
