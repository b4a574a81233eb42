import DiskFormats
import Testing

/// Feeds an image in chunks of the given size and gives the verdict.
func inspect(
    _ bytes: [UInt8], as declared: DiskImageFormat, chunkBytes: Int = 4096,
    limits: DiskInspectionLimits = .init()
) throws(DiskFormatError) -> DiskImageInspection {
    var inspector = DiskFormatInspector(declared: declared, limits: limits)
    var offset = 0
    while offset < bytes.count {
        let end = min(offset + chunkBytes, bytes.count)
        try inspector.consume(bytes[offset..<end])
        offset = end
    }
    return try inspector.finish()
}

func verdict(
    _ bytes: [UInt8], as declared: DiskImageFormat, chunkBytes: Int = 4096,
    limits: DiskInspectionLimits = .init()
) -> Result<DiskImageInspection, DiskFormatError> {
    do throws(DiskFormatError) {
        return .success(
            try inspect(bytes, as: declared, chunkBytes: chunkBytes, limits: limits))
    } catch {
        return .failure(error)
    }
}

func refusal(
    _ bytes: [UInt8], as declared: DiskImageFormat, limits: DiskInspectionLimits = .init()
) -> DiskFormatError? {
    guard case .failure(let error) = verdict(bytes, as: declared, limits: limits) else {
        return nil
    }
    return error
}

@Suite struct SoundImages {
    @Test(arguments: [UInt32(2), 3], [1, 7, 4096, 1 << 20])
    func soundQcow2IsAcceptedHoweverItIsCut(version: UInt32, chunkBytes: Int) throws {
        let image = HandBuiltQcow2(version: version)
        let found = try inspect(image.bytes, as: .qcow2, chunkBytes: chunkBytes)
        #expect(found.format == .qcow2)
        #expect(found.virtualSizeBytes == HandBuiltQcow2.virtualSizeBytes)
        #expect(found.fileSizeBytes == UInt64(image.bytes.count))
        #expect(found.qcow2Version == Int(version))
    }

    @Test(arguments: [
        (UInt64(0b1), UInt8(0)), (0b1000, 1), (0b1_0000, 0), (0b1_1001, 1),
    ])
    func knownFeaturesAreAccepted(features: UInt64, compression: UInt8) throws {
        var image = HandBuiltQcow2.with(.incompatibleFeatures, features)
        image.set(.headerLength, 112)
        image.set(.l1Size, 8)
        image.bytes[104] = compression
        #expect(try inspect(image.bytes, as: .qcow2).format == .qcow2)
    }

    @Test func harmlessExtensionsAreAccepted() throws {
        var image = HandBuiltQcow2()
        let next = image.putExtension(0x6803_f857, [UInt8](repeating: 1, count: 384), at: 104)
        _ = image.putExtension(0x2385_2875, [UInt8](repeating: 0, count: 24), at: next)
        #expect(try inspect(image.bytes, as: .qcow2).format == .qcow2)
    }

    @Test(arguments: [
        (510, [UInt8(0x55), 0xaa], PartitionTable.mbr),
        (512, Array("EFI PART".utf8), .gpt),
        (4096, Array("EFI PART".utf8), .gpt),
        (100, Array("nothing".utf8), .none),
    ])
    func rawDisksNameTheirPartitionTable(
        offset: Int, mark: [UInt8], table: PartitionTable
    ) throws {
        var disk = [UInt8](repeating: 0, count: 100_000)
        disk.replaceSubrange(offset..<offset + mark.count, with: mark)
        let found = try inspect(disk, as: .raw)
        #expect(found.partitionTable == table)
        #expect(found.virtualSizeBytes == 100_000)
        #expect(found.qcow2Version == nil)
    }
}

@Suite struct Limits {
    @Test func nothingIsNoImage() {
        #expect(refusal([], as: .raw) == .emptyImage)
        #expect(refusal([], as: .qcow2) == .emptyImage)
    }

    @Test func announcedSizeMustArrive() throws {
        var inspector = DiskFormatInspector(declared: .raw)
        try inspector.consume([UInt8](repeating: 0, count: 1000))
        #expect(throws: DiskFormatError.sizeMismatch(expectedBytes: 1001, foundBytes: 1000)) {
            try inspector.finish(expectedSizeBytes: 1001)
        }
        #expect(try inspector.finish(expectedSizeBytes: 1000).fileSizeBytes == 1000)
    }

    @Test func fileLargerThanTheLimitIsRefusedAtOnce() throws {
        let limits = DiskInspectionLimits(maximumFileSizeBytes: 1000)
        var inspector = DiskFormatInspector(declared: .raw, limits: limits)
        try inspector.consume([UInt8](repeating: 0, count: 1000))
        #expect(throws: DiskFormatError.fileTooLarge(maximumBytes: 1000)) {
            try inspector.consume([0])
        }
    }

    @Test(arguments: [UInt64(0), (1 << 30) + 1, .max])
    func qcow2VirtualSizeIsLimited(size: UInt64) {
        let limits = DiskInspectionLimits(maximumVirtualSizeBytes: 1 << 30)
        let image = HandBuiltQcow2.with(.size, size)
        let expected = DiskFormatError.virtualSizeOutOfRange(
            foundBytes: size, maximumBytes: 1 << 30)
        #expect(refusal(image.bytes, as: .qcow2, limits: limits) == expected)
    }

    @Test func rawVirtualSizeIsLimited() {
        let limits = DiskInspectionLimits(maximumVirtualSizeBytes: 512)
        let expected = DiskFormatError.virtualSizeOutOfRange(foundBytes: 513, maximumBytes: 512)
        let disk = [UInt8](repeating: 0, count: 513)
        #expect(refusal(disk, as: .raw, limits: limits) == expected)
    }

    @Test func refusalComesBeforeTheImageEnds() throws {
        var inspector = DiskFormatInspector(declared: .raw)
        var start = Array("KDMV".utf8)
        start += [UInt8](repeating: 0, count: DiskInspectionLimits.headWindowBytes)
        let expected = DiskFormatError.formatMismatch(declared: .raw, found: .vmdk)
        #expect(throws: expected) { try inspector.consume(start) }
    }
}
