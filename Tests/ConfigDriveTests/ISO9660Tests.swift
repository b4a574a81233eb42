import ConfigDrive
import Testing

private func little(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
}

@Suite struct ISO9660ImageTests {
    static let files = [
        ISO9660File(path: "b/c.txt", content: Array("two".utf8)),
        ISO9660File(path: "a", content: []),
        ISO9660File(path: "b/big", content: [UInt8](repeating: 7, count: 5000)),
    ]

    @Test func volumeDescriptorsSayWhatIsThere() throws {
        let image = try ISO9660Image.bytes(
            volumeID: "config-2", files: Self.files, secondsSince1970: 951_868_799)
        #expect(image.count % 2048 == 0)
        #expect(image[..<32768].allSatisfy { $0 == 0 })
        for (sector, kind) in [(16, UInt8(1)), (17, 2), (18, 255)] {
            let start = sector * 2048
            #expect(image[start] == kind)
            #expect(image[start + 1..<start + 6].elementsEqual(Array("CD001".utf8)))
        }
        let primary = Array(image[32768..<34816])
        let label = Array("config-2".utf8) + [UInt8](repeating: 32, count: 24)
        #expect(primary[40..<72].elementsEqual(label))
        #expect(little(primary[80..<84]) * 2048 == image.count)
        #expect(primary[813..<829].elementsEqual(Array("2000022923595900".utf8)))
    }

    @Test func orderOfFilesDoesNotMatter() throws {
        let once = try ISO9660Image.bytes(volumeID: "v", files: Self.files, secondsSince1970: 1)
        let again = try ISO9660Image.bytes(
            volumeID: "v", files: Self.files.reversed(), secondsSince1970: 1)
        #expect(once == again)
        let later = try ISO9660Image.bytes(volumeID: "v", files: Self.files, secondsSince1970: 2)
        #expect(once != later)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a b", "é", "a:b", "a;1", "a\0",
        "1/2/3/4/5/6/7/8", String(repeating: "x", count: 65),
    ])
    func badPathsAreRefused(path: String) {
        #expect(throws: ISO9660Error.badPath(path)) {
            try ISO9660Image.bytes(
                volumeID: "v", files: [ISO9660File(path: path, content: [])], secondsSince1970: 0)
        }
    }

    @Test(arguments: [["a", "a"], ["a", "a/b"], ["a/b/c", "a/b"]])
    func pathsThatClashAreRefused(paths: [String]) {
        let files = paths.map { ISO9660File(path: $0, content: []) }
        #expect {
            try ISO9660Image.bytes(volumeID: "v", files: files, secondsSince1970: 0)
        } throws: { error in
            guard case .duplicatePath? = error as? ISO9660Error else { return false }
            return true
        }
    }

    @Test(arguments: ["", "with space", "seventeen-letters", "ä"])
    func badVolumeIDsAreRefused(volumeID: String) {
        #expect(throws: ISO9660Error.badVolumeID(volumeID)) {
            try ISO9660Image.bytes(volumeID: volumeID, files: [], secondsSince1970: 0)
        }
    }

    @Test(arguments: [Int64(-1), 5_869_584_000, .max, .min])
    func badTimesAreRefused(seconds: Int64) {
        #expect(throws: ISO9660Error.badTimestamp(secondsSince1970: seconds)) {
            try ISO9660Image.bytes(volumeID: "v", files: [], secondsSince1970: seconds)
        }
    }

    @Test func lastSecondOfTheRangeIsWritten() throws {
        let image = try ISO9660Image.bytes(
            volumeID: "v", files: [], secondsSince1970: 5_869_583_999)
        #expect(image[32768 + 813..<32768 + 829].elementsEqual(Array("2155123123595900".utf8)))
    }

    @Test func numbersAndSizesAreLimited() {
        let many = (0...ISO9660Limits.maximumFiles).map {
            ISO9660File(path: "f\($0)", content: [])
        }
        let maximum = ISO9660Limits.maximumFiles
        #expect(throws: ISO9660Error.tooManyFiles(found: maximum + 1, maximum: maximum)) {
            try ISO9660Image.bytes(volumeID: "v", files: many, secondsSince1970: 0)
        }
        let large = ISO9660Limits.maximumContentBytes + 1
        let file = ISO9660File(path: "f", content: [UInt8](repeating: 0, count: large))
        let expected = ISO9660Error.tooLarge(
            foundBytes: large, maximumBytes: ISO9660Limits.maximumContentBytes)
        #expect(throws: expected) {
            try ISO9660Image.bytes(volumeID: "v", files: [file], secondsSince1970: 0)
        }
    }
}
