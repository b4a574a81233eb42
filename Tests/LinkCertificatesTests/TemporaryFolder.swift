import Foundation
import Testing

/// Runs `body` with a fresh folder's path and removes the folder afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory
        .appendingPathComponent("millrace-certificates-" + UUID().uuidString)
    defer {
        // A folder that was never made needs no removing; others are the system's to sweep.
        do { try FileManager.default.removeItem(at: url) } catch { _ = error }
    }
    return try body(url.path)
}

/// The permission bits of a file.
func mode(of path: String) throws -> Int {
    let facts = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(facts[.posixPermissions] as? Int)
}

/// A whole second, so that certificates give it back unchanged.
let today = Date(timeIntervalSince1970: 1_800_000_000)
let day: TimeInterval = 86_400
