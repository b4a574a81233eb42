/// What a real Neutron (28.0.2) was asked and answered, reduced to what must be the same here.
///
/// `$name` stands for an id, the same one wherever the name appears; `<time>` for a time, `<any>`
/// for anything. Left out, because Millrace answers otherwise on purpose: `standard_attr_id` (a row
/// number of Neutron's database), `is_default` of networks that are not external, the description
/// of the rules a group begins with (null there, "" here), and revision numbers where Neutron
/// counts its own steps.
struct NetworkRecording: Sendable, CustomStringConvertible {
    let description: String
    let method: String
    let path: String
    let request: String?
    let status: Int
    let response: String
}

extension NetworkRecording {
    /// In the order they were recorded; later ones need the objects of earlier ones.
    static let conversation = creation + ports

    private static let creation = [
        NetworkRecording(
            description: "network create", method: "POST",
            path: "/v2.0/networks",
            request: """
                {"network": {"name": "net1", "admin_state_up": true, "provider:segmentation_id":
                "100", "provider:physical_network": "physnet1", "provider:network_type": "vlan"
                }}
                """,
            status: 201,
            response: """
                {"network": {"id": "$net1", "name": "net1", "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "admin_state_up": true, "mtu": 1500,
                "status": "ACTIVE", "subnets": [], "shared": false, "port_security_enabled":
                true, "qos_policy_id": null, "router:external": false, "provider:network_type":
                "vlan", "provider:physical_network": "physnet1", "provider:segmentation_id":
                100, "availability_zone_hints": [], "availability_zones": [],
                "ipv4_address_scope": null, "ipv6_address_scope": null, "description": "",
                "tags": [], "created_at": "<time>", "updated_at": "<time>", "revision_number":
                1}}
                """),
        NetworkRecording(
            description: "network look-up by name", method: "GET",
            path: "/v2.0/networks/net1",
            request: nil,
            status: 404,
            response: """
                {"NeutronError": {"type": "NetworkNotFound", "message":
                "Network net1 could not be found.", "detail": ""}}
                """),
        NetworkRecording(
            description: "subnet create", method: "POST",
            path: "/v2.0/subnets",
            request: """
                {"subnet": {"dns_nameservers": ["10.1.0.2"], "name": "sub1", "cidr":
                "10.1.0.0/16", "network_id": "$net1", "ip_version": 4}}
                """,
            status: 201,
            response: """
                {"subnet": {"id": "$sub1", "name": "sub1", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "network_id": "$net1", "ip_version": 4,
                "subnetpool_id": null, "enable_dhcp": true, "ipv6_ra_mode": null,
                "ipv6_address_mode": null, "gateway_ip": "10.1.0.1", "cidr": "10.1.0.0/16",
                "allocation_pools": [{"start": "10.1.0.2", "end": "10.1.255.254"}],
                "host_routes": [], "dns_nameservers": ["10.1.0.2"], "description": "",
                "router:external": false, "service_types": [], "tags": [], "created_at":
                "<time>", "updated_at": "<time>", "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5"}}
                """),
        NetworkRecording(
            description: "network list by name", method: "GET",
            path: "/v2.0/networks?name=net1",
            request: nil,
            status: 200,
            response: """
                {"networks": [{"id": "$net1", "name": "net1", "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "admin_state_up": true, "mtu": 1500,
                "status": "ACTIVE", "subnets": ["$sub1"], "shared": false,
                "availability_zone_hints": [], "availability_zones": [], "ipv4_address_scope":
                null, "ipv6_address_scope": null, "router:external": false, "description": "",
                "port_security_enabled": true, "qos_policy_id": null, "tags": [], "created_at":
                "<time>", "updated_at": "<time>", "revision_number": 2, "provider:network_type":
                "vlan", "provider:physical_network": "physnet1", "provider:segmentation_id":
                100}]}
                """),
        NetworkRecording(
            description: "subnet look-up by name", method: "GET",
            path: "/v2.0/subnets/sub1",
            request: nil,
            status: 404,
            response: """
                {"NeutronError": {"type": "SubnetNotFound", "message":
                "Subnet sub1 could not be found.", "detail": ""}}
                """),
        NetworkRecording(
            description: "subnet list by name", method: "GET",
            path: "/v2.0/subnets?name=sub1",
            request: nil,
            status: 200,
            response: """
                {"subnets": [{"id": "$sub1", "name": "sub1", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "network_id": "$net1", "ip_version": 4,
                "subnetpool_id": null, "enable_dhcp": true, "ipv6_ra_mode": null,
                "ipv6_address_mode": null, "gateway_ip": "10.1.0.1", "cidr": "10.1.0.0/16",
                "allocation_pools": [{"start": "10.1.0.2", "end": "10.1.255.254"}],
                "host_routes": [], "dns_nameservers": ["10.1.0.2"], "router:external": false,
                "service_types": [], "tags": [], "created_at": "<time>", "updated_at": "<time>",
                "tenant_id": "ac9d253dec2249738048a9cf53c384e5"}]}
                """),
        NetworkRecording(
            description: "security group list", method: "GET",
            path: "/v2.0/security-groups?fields=id&fields=name"
                + "&fields=description&fields=project_id&fields=tags&fields=shared",
            request: nil,
            status: 200,
            response: """
                {"security_groups": [{"id": "$default", "name": "default", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "description": "Default security group",
                "shared": false, "tags": []}]}
                """),
        NetworkRecording(
            description: "security group create", method: "POST",
            path: "/v2.0/security-groups",
            request: """
                {"security_group": {"name": "web", "description": "web"}}
                """,
            status: 201,
            response: """
                {"security_group": {"id": "$web", "name": "web", "stateful": true, "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "description": "web", "shared": false,
                "security_group_rules": [{"id": "<any>", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "security_group_id": "$web", "ethertype":
                "IPv4", "direction": "egress", "protocol": null, "port_range_min": null,
                "port_range_max": null, "remote_ip_prefix": null, "remote_address_group_id":
                null, "normalized_cidr": null, "remote_group_id": null, "belongs_to_default_sg":
                false, "tags": [], "created_at": "<time>", "updated_at": "<time>",
                "revision_number": 0, "tenant_id": "ac9d253dec2249738048a9cf53c384e5"}, {"id":
                "<any>", "project_id": "ac9d253dec2249738048a9cf53c384e5", "security_group_id":
                "$web", "ethertype": "IPv6", "direction": "egress", "protocol": null,
                "port_range_min": null, "port_range_max": null, "remote_ip_prefix": null,
                "remote_address_group_id": null, "normalized_cidr": null, "remote_group_id":
                null, "belongs_to_default_sg": false, "tags": [], "created_at": "<time>",
                "updated_at": "<time>", "revision_number": 0, "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5"}], "tags": [], "created_at": "<time>",
                "updated_at": "<time>", "revision_number": 1}}
                """),
        NetworkRecording(
            description: "security group look-up", method: "GET",
            path: "/v2.0/security-groups/web",
            request: nil,
            status: 404,
            response: """
                {"NeutronError": {"type": "SecurityGroupNotFound", "message":
                "Security group web does not exist", "detail": ""}}
                """),
        NetworkRecording(
            description: "security group rule create", method: "POST",
            path: "/v2.0/security-group-rules",
            request: """
                {"security_group_rule": {"security_group_id": "$web", "remote_ip_prefix":
                "0.0.0.0/0", "port_range_min": 22, "port_range_max": 22, "ethertype": "IPv4",
                "protocol": "tcp", "direction": "ingress"}}
                """,
            status: 201,
            response: """
                {"security_group_rule": {"id": "<any>", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "security_group_id": "$web", "ethertype":
                "IPv4", "direction": "ingress", "protocol": "tcp", "port_range_min": 22,
                "port_range_max": 22, "remote_ip_prefix": "0.0.0.0/0", "remote_address_group_id"
                : null, "normalized_cidr": "0.0.0.0/0", "remote_group_id": null,
                "belongs_to_default_sg": false, "description": "", "created_at": "<time>",
                "updated_at": "<time>", "revision_number": 0, "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5"}}
                """),
    ]

    private static let ports = [
        NetworkRecording(
            description: "vdpa port create with address", method: "POST",
            path: "/v2.0/ports",
            request: """
                {"port": {"network_id": "$net1", "mac_address": "fa:16:3e:00:00:77",
                "admin_state_up": true, "name": "vdpa2", "binding:vnic_type": "vdpa",
                "fixed_ips": [{"subnet_id": "$sub1", "ip_address": "10.1.0.77"}]}}
                """,
            status: 201,
            response: """
                {"port": {"id": "$vdpa2", "name": "vdpa2", "network_id": "$net1", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "mac_address": "fa:16:3e:00:00:77",
                "admin_state_up": true, "status": "DOWN", "device_id": "", "device_owner": "",
                "fixed_ips": [{"subnet_id": "$sub1", "ip_address": "10.1.0.77"}], "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5", "port_security_enabled": true,
                "qos_policy_id": null, "security_groups": ["$default"], "binding:vnic_type":
                "vdpa", "binding:profile": {}, "binding:host_id": "", "binding:vif_type":
                "unbound", "binding:vif_details": {}, "allowed_address_pairs": [],
                "extra_dhcp_opts": [], "description": "", "qos_network_policy_id": null,
                "resource_request": null, "tags": [], "created_at": "<time>", "updated_at":
                "<time>", "revision_number": 1}}
                """),
        NetworkRecording(
            description: "port tags", method: "PUT",
            path: "/v2.0/ports/$vdpa2/tags",
            request: """
                {"tags": ["t1"]}
                """,
            status: 200,
            response: """
                {"tags": ["t1"]}
                """),
        NetworkRecording(
            description: "port create", method: "POST",
            path: "/v2.0/ports",
            request: """
                {"port": {"network_id": "$net1", "name": "norm1", "admin_state_up": true}}
                """,
            status: 201,
            response: """
                {"port": {"id": "$norm1", "name": "norm1", "network_id": "$net1", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "mac_address": "<any>", "admin_state_up":
                true, "status": "DOWN", "device_id": "", "device_owner": "", "fixed_ips": [{
                "subnet_id": "$sub1", "ip_address": "<any>"}], "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5", "port_security_enabled": true,
                "qos_policy_id": null, "security_groups": ["$default"], "binding:vnic_type":
                "normal", "binding:profile": {}, "binding:host_id": "", "binding:vif_type":
                "unbound", "binding:vif_details": {}, "allowed_address_pairs": [],
                "extra_dhcp_opts": [], "description": "", "qos_network_policy_id": null,
                "resource_request": null, "tags": [], "created_at": "<time>", "updated_at":
                "<time>", "revision_number": 1}}
                """),
        NetworkRecording(
            description: "vdpa port create", method: "POST",
            path: "/v2.0/ports",
            request: """
                {"port": {"network_id": "$net1", "name": "vdpa1", "admin_state_up": true,
                "binding:vnic_type": "vdpa"}}
                """,
            status: 201,
            response: """
                {"port": {"id": "$vdpa1", "name": "vdpa1", "network_id": "$net1", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "mac_address": "<any>", "admin_state_up":
                true, "status": "DOWN", "device_id": "", "device_owner": "", "fixed_ips": [{
                "subnet_id": "$sub1", "ip_address": "<any>"}], "tenant_id":
                "ac9d253dec2249738048a9cf53c384e5", "port_security_enabled": true,
                "qos_policy_id": null, "security_groups": ["$default"], "binding:vnic_type":
                "vdpa", "binding:profile": {}, "binding:host_id": "", "binding:vif_type":
                "unbound", "binding:vif_details": {}, "allowed_address_pairs": [],
                "extra_dhcp_opts": [], "description": "", "qos_network_policy_id": null,
                "resource_request": null, "tags": [], "created_at": "<time>", "updated_at":
                "<time>", "revision_number": 1}}
                """),
        NetworkRecording(
            description: "address in use", method: "POST",
            path: "/v2.0/ports",
            request: """
                {"port": {"network_id": "$net1", "name": "px", "fixed_ips": [{"ip_address":
                "10.1.0.77"}], "admin_state_up": true}}
                """,
            status: 409,
            response: """
                {"NeutronError": {"type": "IpAddressAlreadyAllocated", "message":
                "IP address 10.1.0.77 already allocated in subnet $sub1", "detail": ""}}
                """),
        NetworkRecording(
            description: "port look-up", method: "GET",
            path: "/v2.0/ports/vdpa1",
            request: nil,
            status: 404,
            response: """
                {"NeutronError": {"type": "PortNotFound", "message":
                "Port vdpa1 could not be found.", "detail": ""}}
                """),
        NetworkRecording(
            description: "port set", method: "PUT",
            path: "/v2.0/ports/$vdpa1",
            request: """
                {"port": {"security_groups": ["$default", "$web"], "description": "hello"}}
                """,
            status: 200,
            response: """
                {"port": {"id": "$vdpa1", "name": "vdpa1", "network_id": "$net1", "project_id":
                "ac9d253dec2249738048a9cf53c384e5", "mac_address": "<any>", "admin_state_up":
                true, "status": "DOWN", "device_id": "", "device_owner": "", "fixed_ips": [{
                "subnet_id": "$sub1", "ip_address": "<any>"}], "allowed_address_pairs": [],
                "extra_dhcp_opts": [], "security_groups": "<any>", "description": "hello",
                "binding:vnic_type": "vdpa", "binding:profile": {}, "binding:host_id": "",
                "binding:vif_type": "unbound", "binding:vif_details": {},
                "port_security_enabled": true, "qos_policy_id": null, "qos_network_policy_id":
                null, "resource_request": null, "tags": [], "created_at": "<time>", "updated_at"
                : "<time>", "tenant_id": "ac9d253dec2249738048a9cf53c384e5"}}
                """),
        NetworkRecording(
            description: "filter that is none", method: "GET",
            path: "/v2.0/ports?binding:vnic_type=vdpa&fields=id",
            request: nil,
            status: 400,
            response: """
                {"NeutronError": {"type": "HTTPBadRequest", "message":
                "['binding:vnic_type'] is invalid attribute for filtering", "detail": ""}}
                """),
        NetworkRecording(
            description: "nothing found", method: "GET",
            path: "/v2.0/ports?name=nope",
            request: nil,
            status: 200,
            response: """
                {"ports": []}
                """),
        NetworkRecording(
            description: "fields of a network", method: "GET",
            path: "/v2.0/networks/$net1?fields=provider:physical_network"
                + "&fields=provider:network_type",
            request: nil,
            status: 200,
            response: """
                {"network": {"provider:network_type": "vlan", "provider:physical_network":
                "physnet1"}}
                """),
        NetworkRecording(
            description: "unknown field", method: "GET",
            path: "/v2.0/networks/$net1?fields=segments",
            request: nil,
            status: 200,
            response: """
                {"network": {}}
                """),
        NetworkRecording(
            description: "no floating addresses", method: "GET",
            path: "/v2.0/floatingips?fixed_ip_address=10.1.0.129"
                + "&port_id=ba5b7de9-7eee-4760-8f51-3959783f324e",
            request: nil,
            status: 200,
            response: """
                {"floatingips": []}
                """),
        NetworkRecording(
            description: "availability zones", method: "GET",
            path: "/v2.0/availability_zones",
            request: nil,
            status: 200,
            response: """
                {"availability_zones": []}
                """),
    ]
}
