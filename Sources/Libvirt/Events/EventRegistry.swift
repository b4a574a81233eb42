internal import CLibvirt
internal import Synchronization

/// Where an event goes.
enum EventSink: Sendable {
    case domain(EventFanout<DomainEvent>)
    case domainDevice(EventFanout<DomainDeviceEvent>)
    case domainJob(EventFanout<DomainJobEvent>)
    case nodeDevice(EventFanout<NodeDeviceEvent>)
    case connectionClosed(@Sendable () -> Void)
}

/// Who gets which event, for the whole process.
///
/// libvirt carries a number from here through its callbacks instead of a pointer: a callback
/// that comes late finds nothing, rather than freed memory.
final class EventRegistry: Sendable {
    static let shared = EventRegistry()

    private struct State {
        var sinks: [Int: EventSink] = [:]
        var nextID = 1
    }

    private let state = Mutex(State())

    func add(_ sink: EventSink) -> Int {
        state.withLock {
            let id = $0.nextID
            $0.nextID += 1
            $0.sinks[id] = sink
            return id
        }
    }

    func remove(_ id: Int) {
        _ = state.withLock { $0.sinks.removeValue(forKey: id) }
    }

    fileprivate func sink(_ opaque: UnsafeMutableRawPointer?) -> EventSink? {
        state.withLock { $0.sinks[Int(bitPattern: opaque)] }
    }

    /// The number as libvirt carries it.
    static func opaque(_ id: Int) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: id)
    }
}

// The callbacks stand at file scope: a closure would inherit its context's isolation and trap
// when libvirt calls it from the event loop's thread.

func domainLifecycleCallback(
    _: virConnectPtr?, _ domain: virDomainPtr?, _ event: Int32, _ detail: Int32,
    _ opaque: UnsafeMutableRawPointer?
) -> Int32 {
    guard case .domain(let readers)? = EventRegistry.shared.sink(opaque), let domain,
        let identity = DomainIdentity(domain)
    else { return 0 }
    readers.yield(
        DomainEvent(
            uuid: identity.uuid, name: identity.name, kind: .init(libvirt: event),
            detail: detail))
    return 0
}

func deviceRemovedCallback(
    _: virConnectPtr?, _ domain: virDomainPtr?, _ alias: UnsafePointer<CChar>?,
    _ opaque: UnsafeMutableRawPointer?
) {
    yieldDeviceEvent(domain, alias, .removed, opaque)
}

func deviceRemovalFailedCallback(
    _: virConnectPtr?, _ domain: virDomainPtr?, _ alias: UnsafePointer<CChar>?,
    _ opaque: UnsafeMutableRawPointer?
) {
    yieldDeviceEvent(domain, alias, .removalFailed, opaque)
}

private func yieldDeviceEvent(
    _ domain: virDomainPtr?, _ alias: UnsafePointer<CChar>?, _ kind: DomainDeviceEvent.Kind,
    _ opaque: UnsafeMutableRawPointer?
) {
    guard case .domainDevice(let readers)? = EventRegistry.shared.sink(opaque), let domain,
        let alias, let identity = DomainIdentity(domain)
    else { return }
    readers.yield(
        DomainDeviceEvent(uuid: identity.uuid, alias: String(cString: alias), kind: kind))
}

func jobCompletedCallback(
    _: virConnectPtr?, _ domain: virDomainPtr?, _ parameters: virTypedParameterPtr?,
    _ count: Int32, _ opaque: UnsafeMutableRawPointer?
) {
    guard case .domainJob(let readers)? = EventRegistry.shared.sink(opaque), let domain,
        let identity = DomainIdentity(domain)
    else { return }
    let values = TypedParameters.values(parameters, count: count)
    readers.yield(DomainJobEvent(uuid: identity.uuid, job: DomainJob(completed: values)))
}

func nodeDeviceLifecycleCallback(
    _: virConnectPtr?, _ device: virNodeDevicePtr?, _ event: Int32, _ detail: Int32,
    _ opaque: UnsafeMutableRawPointer?
) {
    guard case .nodeDevice(let readers)? = EventRegistry.shared.sink(opaque), let device,
        let name = virNodeDeviceGetName(device)
    else { return }
    readers.yield(NodeDeviceEvent(name: String(cString: name), kind: .init(libvirt: event)))
}

func connectionClosedCallback(
    _: virConnectPtr?, _: Int32, _ opaque: UnsafeMutableRawPointer?
) {
    guard case .connectionClosed(let notify)? = EventRegistry.shared.sink(opaque) else { return }
    notify()
}
