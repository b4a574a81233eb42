import ComputeModel
import ControlPlaneState
import Persistence

/// What the network nouns reserve, so that uniqueness is checked by the store itself.
extension Reservation {
    /// An address of a subnet, held by a port.
    static func address(_ ip: FixedIP, of port: PortID) -> Reservation {
        Reservation(
            kind: "ip", scope: ip.subnetID.text, value: ip.address, holder: port.text)
    }

    /// A MAC within a network, held by a port.
    static func mac(_ mac: String, on network: NetworkID, of port: PortID) -> Reservation {
        Reservation(kind: "mac", scope: network.text, value: mac, holder: port.text)
    }

    /// A VLAN id (or `untagged`, for flat networks) of a physical network.
    static func segment(
        _ physicalNetwork: String, _ id: Int?, of network: NetworkID
    ) -> Reservation {
        Reservation(
            kind: "segment", scope: physicalNetwork, value: id.map(String.init) ?? "untagged",
            holder: network.text)
    }

    /// The one default security group of a project.
    static func defaultGroup(of project: ProjectID, _ group: SecurityGroupID) -> Reservation {
        Reservation(
            kind: "default-security-group", scope: "all", value: project.text,
            holder: group.text)
    }
}
