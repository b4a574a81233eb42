internal import CLibvirt

/// Versions on the other end of a connection.
public struct HostVersions: Sendable, Equatable {
    /// libvirt's, on the host it runs on.
    public let libvirt: HypervisorVersion
    /// The hypervisor's: QEMU's for `qemu://`. nil if there is none to ask.
    public let hypervisor: HypervisorVersion?
}

/// The host's processors and memory.
public struct NodeInfo: Sendable, Equatable {
    /// Online logical CPUs.
    public let cpuCount: Int
    /// Memory in MiB.
    public let memoryMiB: Int
    /// NUMA cells, at least 1.
    public let numaCellCount: Int
    /// Sockets of each NUMA cell.
    public let socketsPerCell: Int
    /// Cores of each socket.
    public let coresPerSocket: Int
    /// Threads of each core.
    public let threadsPerCore: Int
}

extension LibvirtConnection {
    /// The versions of libvirt and the hypervisor.
    public func versions() async throws(LibvirtError) -> HostVersions {
        try await call("read versions of", uri) { call throws(LibvirtError) in
            var libvirt: UInt = 0
            try call.check(virConnectGetLibVersion(call.connection, &libvirt))
            var hypervisor: UInt = 0
            try call.check(virConnectGetVersion(call.connection, &hypervisor))
            return HostVersions(
                libvirt: HypervisorVersion(libvirtEncoded: libvirt),
                hypervisor: hypervisor == 0 ? nil : HypervisorVersion(libvirtEncoded: hypervisor))
        }
    }

    /// The host's name as libvirt knows it; migration peers must resolve it.
    public func hostname() async throws(LibvirtError) -> String {
        try await call("read host name of", uri) { call throws(LibvirtError) in
            try call.text(virConnectGetHostname(call.connection))
        }
    }

    /// Processors and memory.
    public func nodeInfo() async throws(LibvirtError) -> NodeInfo {
        try await call("read node info of", uri) { call throws(LibvirtError) in
            var info = virNodeInfo()
            try call.check(virNodeGetInfo(call.connection, &info))
            return NodeInfo(
                cpuCount: Int(info.cpus), memoryMiB: Int(clamping: info.memory / 1024),
                numaCellCount: Int(info.nodes), socketsPerCell: Int(info.sockets),
                coresPerSocket: Int(info.cores), threadsPerCore: Int(info.threads))
        }
    }

    /// The NUMA cells, with their memory and CPUs.
    public func numaCells() async throws(LibvirtError) -> [NodeNUMACell] {
        try await call("read capabilities of", uri) { call throws(LibvirtError) in
            let xml = try call.text(virConnectGetCapabilities(call.connection))
            do throws(XMLError) {
                return try NodeNUMACell.cells(capabilities: xml)
            } catch {
                throw .unreadable(operation: call.operation, object: call.object, error)
            }
        }
    }
}
