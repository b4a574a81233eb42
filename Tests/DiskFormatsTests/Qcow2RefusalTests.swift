import DiskFormats
import Testing

@Suite struct Qcow2Refusals {
    static let features: [(HandBuiltQcow2, DiskFormatError)] = [
        (.with(.backingFileOffset, 200), .backingFile),
        (.with(.backingFileSize, 10), .backingFile),
        (.with(.incompatibleFeatures, 0b100), .externalDataFile),
        (.with(.autoclearFeatures, 0b10), .externalDataFile),
        (.with(.incompatibleFeatures, 0b10), .markedCorrupt),
        (.with(.incompatibleFeatures, 0b10_0000), .unknownIncompatibleFeatures(mask: 32)),
        (.with(.incompatibleFeatures, 1 << 63), .unknownIncompatibleFeatures(mask: 1 << 63)),
        (.with(.cryptMethod, 1), .encrypted),
        (.with(.cryptMethod, 2), .encrypted),
        (.with(.snapshotCount, 3), .internalSnapshots(count: 3)),
        (.with(.backingFileOffset, 200, version: 2), .backingFile),
        (.with(.snapshotCount, 1, version: 2), .internalSnapshots(count: 1)),
    ]

    @Test(arguments: features)
    func dangerousFeaturesAreRefused(image: HandBuiltQcow2, expected: DiskFormatError) {
        #expect(refusal(image.bytes, as: .qcow2) == expected)
    }

    static let fields: [(HandBuiltQcow2.Field, UInt64, String)] = [
        (.version, 4, "version"),
        (.clusterBits, 8, "cluster_bits"),
        (.clusterBits, 22, "cluster_bits"),
        (.clusterBits, 0xffff_ffff, "cluster_bits"),
        (.l1Size, 1, "l1_size"),
        (.l1Size, 0, "l1_size"),
        (.l1Size, 0xffff_ffff, "l1_size"),
        (.l1TableOffset, 0, "l1_table_offset"),
        (.l1TableOffset, 131_080, "l1_table_offset"),
        (.refcountTableOffset, 0, "refcount_table_offset"),
        (.refcountTableOffset, 65537, "refcount_table_offset"),
        (.refcountTableClusters, 0, "refcount_table_clusters"),
        (.refcountTableClusters, 129, "refcount_table_clusters"),
        (.refcountTableClusters, 0xffff_ffff, "refcount_table_clusters"),
        (.refcountOrder, 7, "refcount_order"),
        (.headerLength, 103, "header_length"),
        (.headerLength, 105, "header_length"),
        (.headerLength, 65544, "header_length"),
        (.headerLength, 0xffff_fff8, "header_length"),
        (.incompatibleFeatures, 0b1000, "compression_type"),
    ]

    @Test(arguments: fields)
    func badFieldsAreNamed(field: HandBuiltQcow2.Field, value: UInt64, name: String) {
        let image = HandBuiltQcow2.with(field, value)
        guard case .badHeader(name, _, _) = refusal(image.bytes, as: .qcow2) else {
            Issue.record("\(field) = \(value): \(verdict(image.bytes, as: .qcow2))")
            return
        }
    }

    static let places: [(HandBuiltQcow2, DiskFormatError)] = [
        (
            .with(.l1TableOffset, 3 * 65536),
            .truncated(structure: "L1 table", endsAtBytes: 196_624, fileSizeBytes: 196_608)
        ),
        (
            .with(.l1TableOffset, UInt64.max - 65535),
            .truncated(
                structure: "L1 table", endsAtBytes: UInt64.max - 65519,
                fileSizeBytes: 196_608)
        ),
        (
            .with(.refcountTableOffset, 1 << 40),
            .truncated(
                structure: "refcount table", endsAtBytes: (1 << 40) + 65536,
                fileSizeBytes: 196_608)
        ),
        (
            .with(.refcountTableOffset, UInt64.max - 65535),
            .truncated(structure: "refcount table", endsAtBytes: .max, fileSizeBytes: 196_608)
        ),
    ]

    @Test(arguments: places)
    func tablesBehindTheEndAreCutOff(image: HandBuiltQcow2, expected: DiskFormatError) {
        #expect(refusal(image.bytes, as: .qcow2) == expected)
    }

    @Test(arguments: [8, 20, 71, 75, 103])
    func headerCutOffAtAnyByteIsRefused(length: Int) {
        let image = HandBuiltQcow2()
        guard
            case .truncated("header", _, UInt64(length)) =
                refusal(Array(image.bytes.prefix(length)), as: .qcow2)
        else {
            Issue.record("\(length) bytes were not refused as a cut-off header")
            return
        }
    }

    @Test(arguments: [
        (UInt32(0x4441_5441), DiskFormatError.externalDataFile),
        (0x0537_be77, .encrypted),
    ])
    func dangerousExtensionsAreRefused(kind: UInt32, expected: DiskFormatError) {
        var image = HandBuiltQcow2()
        let next = image.putExtension(0x6803_f857, [1, 2, 3], at: 104)
        _ = image.putExtension(kind, Array("/etc/shadow".utf8), at: next)
        #expect(refusal(image.bytes, as: .qcow2) == expected)
    }

    @Test func endlessExtensionsAreRefused() {
        var image = HandBuiltQcow2()
        var next = 104
        for _ in 0..<100 { next = image.putExtension(0x1234, [], at: next) }
        guard case .badHeader("extension count", _, _) = refusal(image.bytes, as: .qcow2) else {
            Issue.record("100 extensions were accepted")
            return
        }
    }

    @Test func extensionLongerThanTheHeaderIsRefused() {
        var image = HandBuiltQcow2()
        image.put(0x1234, width: 4, at: 104)
        image.put(0xffff_ffff, width: 4, at: 108)
        guard
            case .badHeader("extension 0x1234 length", 0xffff_ffff, _) =
                refusal(image.bytes, as: .qcow2)
        else {
            Issue.record("an extension of 4 GiB was accepted")
            return
        }
    }

    @Test func everyMessageSaysSomethingOfItsOwn() {
        let errors = Self.features.map(\.1) + Self.places.map(\.1)
        let texts = Set(errors.map(\.description))
        #expect(texts.count == Set(errors).count)
        #expect(texts.allSatisfy { $0.count > 30 })
    }
}
