internal import CLibvirt
internal import Synchronization

/// What a connection has registered with libvirt, and how it is undone.
///
/// The calls into libvirt are made under the lock, on the connection's own threads; callbacks
/// never take it.
final class EventRegistrations: Sendable {
    let domainEvents: EventFanout<DomainEvent>
    let nodeDeviceEvents: EventFanout<NodeDeviceEvent>

    private struct Registration {
        let sink: Int
        /// libvirt's number.
        let id: Int32
    }

    private struct State {
        var domain: Registration?
        var nodeDevice: Registration?
        var closeSink: Int?
        var isClosed = false
    }

    private let state = Mutex(State())

    init(eventCountMax: Int) {
        domainEvents = EventFanout(eventCountMax: eventCountMax)
        nodeDeviceEvents = EventFanout(eventCountMax: eventCountMax)
    }

    /// Ends all streams: libvirt is gone, and they would be silent for ever.
    func finish() {
        domainEvents.finish()
        nodeDeviceEvents.finish()
    }

    /// Has libvirt say when it goes away.
    func watchForLoss(_ connection: virConnectPtr) {
        let sink = EventRegistry.shared.add(.connectionClosed { [weak self] in self?.finish() })
        let result = virConnectRegisterCloseCallback(
            connection, connectionClosedCallback, EventRegistry.opaque(sink), nil)
        if result == 0 {
            state.withLock { $0.closeSink = sink }
        } else {
            // A driver inside this process has no connection to lose.
            EventRegistry.shared.remove(sink)
        }
    }

    func registerForDomainEvents(_ call: LibvirtCall) throws(LibvirtError) {
        let callback:
            @convention(c) (
                virConnectPtr?, virDomainPtr?, Int32, Int32, UnsafeMutableRawPointer?
            ) -> Int32 = domainLifecycleCallback
        try register(\.domain, .domain(domainEvents), call) { connection, opaque in
            virConnectDomainEventRegisterAny(
                connection, nil, Int32(VIR_DOMAIN_EVENT_ID_LIFECYCLE.rawValue),
                unsafeBitCast(callback, to: virConnectDomainEventGenericCallback.self), opaque,
                nil)
        }
    }

    func registerForNodeDeviceEvents(_ call: LibvirtCall) throws(LibvirtError) {
        let callback:
            @convention(c) (
                virConnectPtr?, virNodeDevicePtr?, Int32, Int32, UnsafeMutableRawPointer?
            ) -> Void = nodeDeviceLifecycleCallback
        try register(\.nodeDevice, .nodeDevice(nodeDeviceEvents), call) { connection, opaque in
            virConnectNodeDeviceEventRegisterAny(
                connection, nil, Int32(VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE.rawValue),
                unsafeBitCast(callback, to: virConnectNodeDeviceEventGenericCallback.self),
                opaque, nil)
        }
    }

    /// Registers once; on a lost connection it throws although an earlier registration stands.
    private func register(
        _ slot: WritableKeyPath<State, Registration?>, _ sink: EventSink, _ call: LibvirtCall,
        _ body: (virConnectPtr, UnsafeMutableRawPointer?) -> Int32
    ) throws(LibvirtError) {
        try state.withLock { state throws(LibvirtError) in
            guard !state.isClosed else {
                throw .closed(operation: call.operation, object: call.object)
            }
            guard virConnectIsAlive(call.connection) == 1 else { throw call.failure() }
            guard state[keyPath: slot] == nil else { return }
            let sink = EventRegistry.shared.add(sink)
            let id = body(call.connection, EventRegistry.opaque(sink))
            guard id >= 0 else {
                EventRegistry.shared.remove(sink)
                throw call.failure()
            }
            state[keyPath: slot] = Registration(sink: sink, id: id)
        }
    }

    /// Undoes everything, for good: libvirt keeps a connection open as long as a registration is
    /// left. A failure means that the connection is gone, and the registration with it.
    func close(_ connection: virConnectPtr) {
        state.withLock { state in
            state.isClosed = true
            if let domain = state.domain {
                virConnectDomainEventDeregisterAny(connection, domain.id)
                EventRegistry.shared.remove(domain.sink)
            }
            if let nodeDevice = state.nodeDevice {
                virConnectNodeDeviceEventDeregisterAny(connection, nodeDevice.id)
                EventRegistry.shared.remove(nodeDevice.sink)
            }
            if let sink = state.closeSink {
                virConnectUnregisterCloseCallback(connection, connectionClosedCallback)
                EventRegistry.shared.remove(sink)
            }
            state.domain = nil
            state.nodeDevice = nil
            state.closeSink = nil
        }
        finish()
    }
}
