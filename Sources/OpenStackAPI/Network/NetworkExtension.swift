import JSON
import RequestPipeline

/// An extension of Neutron's API that Millrace honours, or, with `device-requirements`, one of its
/// own. Clients change what they ask for by these.
struct NetworkExtension: Sendable {
    let alias: String
    /// What it adds, in a few words.
    let summary: String
    /// When it was published.
    let updated: String

    init(_ alias: String, _ summary: String, _ updated: String) {
        self.alias = alias
        self.summary = summary
        self.updated = updated
    }

    /// As the API shows it.
    var view: JSONValue {
        [
            "name": .string(alias), "alias": .string(alias), "description": .string(summary),
            "updated": .string(updated + "T00:00:00-00:00"), "links": [],
        ]
    }

    /// Every one that is honoured, ordered by alias.
    static let all: [NetworkExtension] =
        (ports + networks + securityGroups + queries + records)
        .sorted { $0.alias < $1.alias }

    private static let ports = [
        NetworkExtension(
            "allowed-address-pairs", "Further addresses a port may send from", "2013-07-23"),
        NetworkExtension("binding", "vNIC type, host and profile of ports", "2014-02-03"),
        NetworkExtension(
            "binding-extended", "A second binding of a port, for moves", "2017-07-17"),
        NetworkExtension(
            "device-requirements", "What the device of a port must be able to do", "2026-01-15"),
        NetworkExtension("port-numa-affinity-policy", "NUMA wish of a port", "2020-07-08"),
        NetworkExtension(
            "port-numa-affinity-policy-socket", "The NUMA wish 'socket'", "2024-02-09"),
        NetworkExtension("port-security", "Port security can be turned off", "2012-07-23"),
        NetworkExtension(
            "tag-ports-during-bulk-creation", "Tags in requests that make ports", "2019-12-29"),
    ]
    private static let networks = [
        NetworkExtension("agent", "The agents of compute hosts", "2013-02-03"),
        NetworkExtension("external-net", "Networks that lead outside", "2013-01-14"),
        NetworkExtension("net-mtu", "Packet size of networks", "2015-03-25"),
        NetworkExtension("net-mtu-writable", "Packet size can be chosen", "2017-07-12"),
        NetworkExtension("provider", "What carries a network", "2012-09-07"),
        NetworkExtension("quotas", "Limits per project", "2012-07-29"),
        NetworkExtension("quota_details", "Limits with what is used", "2017-02-10"),
        NetworkExtension(
            "subnet-external-network", "Subnets tell whether they lead outside", "2024-02-05"),
    ]
    private static let securityGroups = [
        NetworkExtension("security-group", "Security groups and rules", "2012-10-05"),
        NetworkExtension(
            "security-groups-normalized-cidr", "Rules show their CIDR in network form",
            "2020-07-28"),
        NetworkExtension(
            "security-groups-rules-belongs-to-default-sg", "Rules tell whose they are",
            "2023-05-23"),
        NetworkExtension(
            "security-groups-shared-filtering", "Groups can be listed by 'shared'", "2021-10-05"),
        NetworkExtension("stateful-security-group", "The attribute 'stateful'", "2019-11-26"),
    ]
    private static let queries = [
        NetworkExtension("empty-string-filtering", "Filters may be empty", "2018-05-01"),
        NetworkExtension("filter-validation", "Unknown filters are refused", "2018-07-04"),
        NetworkExtension(
            "ip-substring-filtering", "Ports can be listed by parts of addresses", "2017-11-28"),
        NetworkExtension("pagination", "Lists come in pages", "2016-06-12"),
        NetworkExtension(
            "port-security-groups-filtering", "Ports can be listed by group", "2018-01-09"),
        NetworkExtension("sorting", "Lists can be sorted", "2016-06-12"),
    ]
    private static let records = [
        NetworkExtension("project-id", "Owners are called project_id, too", "2016-09-09"),
        NetworkExtension("standard-attr-description", "Descriptions", "2016-02-10"),
        NetworkExtension("standard-attr-revisions", "Revision numbers", "2016-04-11"),
        NetworkExtension("standard-attr-tag", "Tags", "2017-01-01"),
        NetworkExtension("standard-attr-timestamp", "Times of making and change", "2016-09-12"),
        NetworkExtension("tag-creation", "Tags in requests that make objects", "2024-07-23"),
    ]
}
