import Foundation
import TestSupport
import Testing

@Suite struct TemporaryFolderTests {
    @Test func holdsFilesAndIsGoneAfterwards() async throws {
        var path = ""
        try await TemporaryFolder.use { folder in
            path = folder.path
            let file = try folder.write("text", to: "a/b")
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "text")
            try folder.link("l", to: "a")
            #expect(try folder.names() == ["a", "l"])
            #expect(try folder.names("l") == ["b"])
        }
        #expect(!path.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func eachIsAnother() throws {
        let folders = try (0..<3).map { _ in try TemporaryFolder() }
        #expect(Set(folders.map(\.path)).count == 3)
    }

    @Test func aProgramsOutputAndStatusAreTold() async throws {
        try await TemporaryFolder.use { folder in
            let words = try Command.run("/bin/echo", ["a", "b"], in: folder)
            #expect(words == "a b\n")
            let failure = #expect(throws: Command.Failure.self) {
                try Command.run("/bin/ls", ["\(folder.path)/missing"], in: folder)
            }
            #expect(failure?.status != 0)
            #expect(failure?.output.contains("missing") == true)
        }
    }
}
