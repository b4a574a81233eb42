import Crypto
import DiskFormats
import Foundation
import GuestDisks
import TestSupport
import Testing

extension TemporaryFolder {
    /// An executable shell script.
    func script(_ lines: String, _ name: String = "tool") throws -> String {
        let file = try write("#!/bin/sh\n\(lines)\n", to: name)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        return file
    }
}

func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

func attribute<Value>(_ key: FileAttributeKey, _ path: String) throws -> Value {
    let value = try FileManager.default.attributesOfItem(atPath: path)[key]
    return try #require(value as? Value)
}

func sha512(_ bytes: [UInt8]) -> String {
    SHA512.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
}

/// A raw disk with content of its own.
func sampleDisk(_ seed: UInt8 = 1, count: Int = 200_000) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 >> 7) &+ seed }
}

func baseImage(
    _ content: [UInt8], id: String = "6a1c9e4e-7b70-4c5c-b3b8-2c3a6d6c0d11",
    format: DiskImageFormat = .raw
) -> BaseImage {
    BaseImage(
        id: id, checksum: .sha512(sha512(content)), sizeBytes: UInt64(content.count),
        format: format)
}

/// A fetch that delivers the content in chunks.
func delivering(_ content: [UInt8], chunkBytes: Int = 30_000) -> ImageFetch {
    { deliver in
        var offset = 0
        while offset < content.count {
            let end = min(offset + chunkBytes, content.count)
            try await deliver(Array(content[offset..<end]))
            offset = end
        }
    }
}

/// A fetch that must not be used.
let neverFetch: ImageFetch = { _ in Issue.record("the image was fetched") }

actor Counter {
    private(set) var value = 0

    func increment() { value += 1 }
}
