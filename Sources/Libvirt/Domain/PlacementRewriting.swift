/// Changes in a domain's document when the guest moves to a host on which it lies elsewhere.
public enum PlacementRewriting {
    /// The elements of `<cputune>` that name the host's CPUs.
    private static let pinNames: Set<String> = ["vcpupin", "emulatorpin", "iothreadpin"]

    /// The document with `placement` in place of all that it says of its present host's CPUs and
    /// memory nodes. What the guest sees, its own NUMA nodes included, stays as it is.
    public static func document(
        _ xml: String, _ placement: DomainPlacement
    ) throws(XMLError) -> String {
        var domain = try XMLNode.parse(xml)
        guard domain.name == "domain" else {
            throw .unexpected(what: "domain", found: domain.name)
        }
        if let vcpu = domain.first("vcpu") {
            domain.replace(
                "vcpu", with: vcpu.settingAttribute("cpuset", to: placement.cpuSetText))
        }
        let kept = (domain.first("cputune")?.children ?? []).filter { !pinNames.contains($0.name) }
        let children = kept + (placement.cpuTune()?.children ?? [])
        domain.replace(
            "cputune", with: children.isEmpty ? nil : XMLNode("cputune", children: children))
        domain.replace("numatune", with: placement.numaTune())
        return domain.xml()
    }

    /// Whether the document keeps the guest on some of its host's CPUs or memory nodes.
    public static func isPlaced(_ xml: String) throws(XMLError) -> Bool {
        let domain = try XMLNode.parse(xml)
        let pins = (domain.first("cputune")?.children ?? []).filter { pinNames.contains($0.name) }
        return domain.first("vcpu")?["cpuset"] != nil || !pins.isEmpty
            || domain.first("numatune") != nil
    }
}
