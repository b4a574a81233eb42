/// Names of resource classes and traits in the form that OpenStack's Placement knows them by.
enum SpecNames {
    private static let custom = "CUSTOM_"

    /// Source: the standard classes of os-resource-classes 1.1.
    private static let standardClasses: Set<String> = [
        "DISK_GB", "FPGA", "IPV4_ADDRESS", "MEMORY_MB", "MEM_ENCRYPTION_CONTEXT",
        "NET_BW_EGR_KILOBIT_PER_SEC", "NET_BW_IGR_KILOBIT_PER_SEC",
        "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC", "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC",
        "NET_PACKET_RATE_KILOPACKET_PER_SEC", "NUMA_CORE", "NUMA_MEMORY_MB", "NUMA_SOCKET",
        "NUMA_THREAD", "PCI_DEVICE", "PCPU", "PGPU", "SRIOV_NET_VF", "VCPU", "VGPU",
        "VGPU_DISPLAY_HEAD",
    ]

    /// Namespaces of os-traits: a trait that begins with one is a standard trait.
    private static let standardTraits = ["COMPUTE_", "HW_", "MISC_", "OWNER_", "STORAGE_"]

    /// `fast-nic` becomes `CUSTOM_FAST_NIC`, `vcpu` `VCPU`; nil when nothing nameable is left, or
    /// too much.
    static func resourceClass(_ text: String) -> String? {
        name(text) { standardClasses.contains($0) }
    }

    /// `trusted` becomes `CUSTOM_TRUSTED`, `hw_nic_sriov` `HW_NIC_SRIOV`; nil as above.
    static func trait(_ text: String) -> String? {
        name(text) { upper in standardTraits.contains { upper.hasPrefix($0) && upper != $0 } }
    }

    private static func name(_ text: String, isStandard: (String) -> Bool) -> String? {
        let upper = String(String.UnicodeScalarView(text.unicodeScalars.map(Self.upper)))
        guard upper.unicodeScalars.contains(where: isLetterOrDigit) else { return nil }
        let name: String
        if upper.hasPrefix(custom) {
            name = joined(upper) { isLetterOrDigit($0) || $0 == "_" }
            guard name.unicodeScalars.count > custom.unicodeScalars.count else { return nil }
        } else if isStandard(upper) {
            name = joined(upper) { isLetterOrDigit($0) || $0 == "_" }
        } else {
            name = custom + joined(upper, keeping: isLetterOrDigit)
        }
        return name.utf8.count <= SpecLimits.placementNameLengthMax ? name : nil
    }

    /// `text` with one `_` for each run of other characters.
    private static func joined(
        _ text: String, keeping isKept: (Unicode.Scalar) -> Bool
    ) -> String {
        var result = String.UnicodeScalarView()
        var isInRun = false
        for scalar in text.unicodeScalars {
            let keeps = isKept(scalar)
            if keeps { result.append(scalar) } else if !isInRun { result.append("_") }
            isInRun = !keeps
        }
        return String(result)
    }

    /// Placement's names are ASCII: no other letter has a large form there.
    private static func upper(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        ("a"..."z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) - 32) : scalar
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }
}
