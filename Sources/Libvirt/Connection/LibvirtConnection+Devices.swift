internal import CLibvirt
public import Foundation
internal import Glibc

/// Which of a domain's two configurations a device change is for.
public struct DeviceChange: OptionSet, Sendable {
    /// libvirt's `virDomainDeviceModifyFlags`.
    public let rawValue: UInt32
    /// From libvirt's own number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The running guest.
    public static let live = DeviceChange(rawValue: VIR_DOMAIN_AFFECT_LIVE.rawValue)
    /// The definition, for the next start.
    public static let config = DeviceChange(rawValue: VIR_DOMAIN_AFFECT_CONFIG.rawValue)
}

/// The kinds of node device to list.
public struct NodeDeviceCapabilities: OptionSet, Sendable {
    /// libvirt's `virConnectListAllNodeDeviceFlags`.
    public let rawValue: UInt32
    /// From libvirt's own number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// PCI functions.
    public static let pci = NodeDeviceCapabilities(
        rawValue: VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV.rawValue)
    /// Network interfaces.
    public static let net = NodeDeviceCapabilities(
        rawValue: VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET.rawValue)
    /// vDPA devices on `vhost_vdpa`; needs libvirt 6.9.
    public static let vdpa = NodeDeviceCapabilities(
        rawValue: VIR_CONNECT_LIST_NODE_DEVICES_CAP_VDPA.rawValue)
}

/// A node device's document; ``NodeDevice/init(xml:)`` reads it.
public struct NodeDeviceDocument: Sendable, Equatable {
    /// libvirt's name of the device.
    public let name: String
    /// The `<device>` document.
    public let xml: String
}

extension LibvirtConnection {
    /// The host's devices of these kinds; no kind gives all. A device that goes away meanwhile is
    /// left out. Documents are unread, so that one that can't be read doesn't hide the others.
    public func nodeDevices(
        _ capabilities: NodeDeviceCapabilities
    ) async throws(LibvirtError) -> [NodeDeviceDocument] {
        try await call("list node devices of", uri) { call throws(LibvirtError) in
            var list: UnsafeMutablePointer<virNodeDevicePtr?>?
            let count = try call.check(
                virConnectListAllNodeDevices(call.connection, &list, capabilities.rawValue))
            defer { free(list) }
            let devices = UnsafeBufferPointer(start: list, count: Int(count)).compactMap(\.self)
            defer { for device in devices { virNodeDeviceFree(device) } }
            var documents: [NodeDeviceDocument] = []
            for device in devices {
                do throws(LibvirtError) {
                    let name = String(cString: try call.check(virNodeDeviceGetName(device)))
                    let xml = try call.text(virNodeDeviceGetXMLDesc(device, 0))
                    documents.append(NodeDeviceDocument(name: name, xml: xml))
                } catch .noNodeDevice {
                    continue
                }
            }
            return documents
        }
    }

    /// Plugs a device; see ``VDPAInterface/xml()``.
    public func attachDevice(
        xml: String, to uuid: UUID, _ change: DeviceChange
    ) async throws(LibvirtError) {
        try await domainCall("attach device to domain", uuid) {
            virDomainAttachDeviceFlags($0, xml, change.rawValue)
        }
    }

    /// Asks for a device to be unplugged. With ``DeviceChange/live`` the guest decides: the device
    /// is gone only when the domain's document no longer has it.
    public func detachDevice(
        xml: String, from uuid: UUID, _ change: DeviceChange
    ) async throws(LibvirtError) {
        try await domainCall("detach device from domain", uuid) {
            virDomainDetachDeviceFlags($0, xml, change.rawValue)
        }
    }

    /// Asks for the device of that alias to be unplugged, as
    /// ``detachDevice(xml:from:_:)`` does. Throws ``LibvirtError/deviceMissing(_:)`` if the domain
    /// has none.
    public func detachDevice(
        alias: String, from uuid: UUID, _ change: DeviceChange
    ) async throws(LibvirtError) {
        try await domainCall("detach device from domain", uuid) {
            virDomainDetachDeviceAlias($0, alias, change.rawValue)
        }
    }
}
