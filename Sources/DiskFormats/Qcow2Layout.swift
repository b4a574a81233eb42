/// Checks of the places and sizes that a qcow2 header gives.
extension Qcow2Header {
    /// QEMU's `QCOW_MAX_L1_SIZE` and `QCOW_MAX_REFTABLE_SIZE`.
    static let maximumL1TableBytes: UInt64 = 32 << 20
    static let maximumRefcountTableBytes: UInt64 = 8 << 20
    static let maximumRefcountOrder: UInt32 = 6

    /// What can be judged without knowing the file's size.
    func checkLayout(maximumVirtualSizeBytes: UInt64) throws(DiskFormatError) {
        guard virtualSizeBytes > 0, virtualSizeBytes <= maximumVirtualSizeBytes else {
            throw .virtualSizeOutOfRange(
                foundBytes: virtualSizeBytes, maximumBytes: maximumVirtualSizeBytes)
        }
        try checkHeaderLength()
        guard refcountOrder <= Self.maximumRefcountOrder else {
            throw .badHeader(
                field: "refcount_order", found: UInt64(refcountOrder), expected: "0 to 6")
        }
        try checkL1Size()
        let tableBytes = UInt64(refcountTableClusters) * clusterSizeBytes
        guard tableBytes > 0, tableBytes <= Self.maximumRefcountTableBytes else {
            throw .badHeader(
                field: "refcount_table_clusters", found: UInt64(refcountTableClusters),
                expected: "1 cluster to 8 MiB")
        }
        try checkPlace("l1_table_offset", l1TableOffset)
        try checkPlace("refcount_table_offset", refcountTableOffset)
    }

    private func checkHeaderLength() throws(DiskFormatError) {
        guard version == 3 else { return }
        guard headerLength >= UInt32(Self.version3Length), headerLength % 8 == 0,
            UInt64(headerLength) <= clusterSizeBytes
        else {
            throw .badHeader(
                field: "header_length", found: UInt64(headerLength),
                expected: "a multiple of 8 from 104 to the cluster size")
        }
    }

    private func checkL1Size() throws(DiskFormatError) {
        guard UInt64(l1EntryCount) * 8 <= Self.maximumL1TableBytes else {
            throw .badHeader(
                field: "l1_size", found: UInt64(l1EntryCount), expected: "at most 32 MiB")
        }
        let entryBits: UInt64 = incompatibleFeatures & Incompatible.extendedL2 != 0 ? 4 : 3
        let coveredBits = 2 * UInt64(clusterBits) - entryBits
        let rest: UInt64 = virtualSizeBytes & ((1 << coveredBits) - 1) == 0 ? 0 : 1
        let needed = (virtualSizeBytes >> coveredBits) + rest
        guard UInt64(l1EntryCount) >= needed else {
            throw .badHeader(
                field: "l1_size", found: UInt64(l1EntryCount),
                expected: "at least \(needed) entries for \(virtualSizeBytes) bytes")
        }
    }

    /// Tables are aligned to clusters and never lie in the header's own cluster.
    private func checkPlace(_ field: String, _ offset: UInt64) throws(DiskFormatError) {
        guard offset >= clusterSizeBytes, offset % clusterSizeBytes == 0 else {
            throw .badHeader(
                field: field, found: offset,
                expected: "a multiple of \(clusterSizeBytes) behind the header")
        }
    }

    /// Both tables must lie within the file.
    func checkExtents(fileSizeBytes: UInt64) throws(DiskFormatError) {
        let l1Bytes = UInt64(l1EntryCount) * 8
        try checkExtent("L1 table", l1TableOffset, l1Bytes, fileSizeBytes)
        let tableBytes = UInt64(refcountTableClusters) * clusterSizeBytes
        try checkExtent("refcount table", refcountTableOffset, tableBytes, fileSizeBytes)
    }

    private func checkExtent(
        _ structure: String, _ offset: UInt64, _ length: UInt64, _ fileSize: UInt64
    ) throws(DiskFormatError) {
        let (end, overflow) = offset.addingReportingOverflow(length)
        guard !overflow, end <= fileSize else {
            throw .truncated(
                structure: structure, endsAtBytes: overflow ? .max : end, fileSizeBytes: fileSize)
        }
    }
}
