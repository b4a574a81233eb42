internal import Libvirt

/// The wait for a running guest to give a NIC up, which it may do at once, later or never.
struct InterfaceRemoval: Sendable {
    /// How the wait ended.
    enum Outcome: Sendable, Equatable {
        case removed
        /// The guest still has the NIC; what was last heard of it.
        case kept(String)
    }

    /// Between two looks at the guest, should the event get lost.
    static let lookInterval = Duration.seconds(1)
    /// Looks between two requests: a guest that still boots ignores the first, and QEMU takes
    /// another one only some seconds after the last.
    static let looksPerRequest = 10

    let timeout: Duration
    let clock: any Clock<Duration>
    /// Whether the guest has the NIC.
    let isPresent: @Sendable () async throws(LibvirtError) -> Bool
    /// Asks the guest for it.
    let request: @Sendable () async throws(LibvirtError) -> Void

    private enum Signal: Sendable {
        case event(DomainDeviceEvent.Kind)
        case tick
    }

    /// Waits. `events` are those of this NIC, from before the first request on, so that none can be
    /// missed. Throws libvirt's refusal where waiting makes no sense, and `cancelled`.
    func run(
        _ events: some AsyncSequence<DomainDeviceEvent.Kind, Never> & Sendable
    ) async throws(LibvirtError) -> Outcome {
        guard try await isPresent() else { return .removed }
        var heard = "the guest did not answer"
        switch try await ask() {
        case .taken: break
        case .gone: return .removed
        case .refused(let words): heard = words
        }
        let (signals, feed) = AsyncStream.makeStream(of: Signal.self)
        let listener = Task { for await event in events { feed.yield(.event(event)) } }
        let ticker = Task { [clock] in
            do {
                while true {
                    try await clock.sleep(for: Self.lookInterval)
                    feed.yield(.tick)
                }
            } catch { return }
        }
        defer {
            listener.cancel()
            ticker.cancel()
        }
        var looks = 0
        for await signal in signals {
            switch signal {
            case .event(.removed): return .removed
            case .event(.removalFailed): heard = "the guest refused to give it up"
            case .tick:
                looks += 1
                guard try await isPresent() else { return .removed }
                guard Self.lookInterval * looks < timeout else { return .kept(heard) }
                guard looks % Self.looksPerRequest == 0 else { continue }
                switch try await ask() {
                case .taken: break
                case .gone: return .removed
                case .refused(let words): heard = words
                }
            }
        }
        throw .cancelled(operation: "wait for the guest to give up", object: "a NIC")
    }

    private enum Answer {
        case taken
        /// The guest hasn't got the NIC any more.
        case gone
        /// QEMU's words.
        case refused(String)
    }

    private func ask() async throws(LibvirtError) -> Answer {
        do throws(LibvirtError) {
            try await request()
            return .taken
        } catch {
            switch error {
            case .deviceMissing, .noDomain: return .gone
            // QEMU's "already in the process of unplug" comes as such a failure and is told from
            // others only by its words: what counts is whether the NIC goes.
            case .other(let failure): return .refused(failure.message)
            default: throw error
            }
        }
    }
}
