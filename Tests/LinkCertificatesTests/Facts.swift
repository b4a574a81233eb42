import Foundation
import Testing

/// The permission bits of a file.
func mode(of path: String) throws -> Int {
    let facts = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(facts[.posixPermissions] as? Int)
}

/// A whole second, so that certificates give it back unchanged.
let today = Date(timeIntervalSince1970: 1_800_000_000)
let day: TimeInterval = 86_400
