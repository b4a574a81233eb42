/// What a reader of uevents is told.
public enum UEventSignal: Sendable, Equatable {
    /// One event that ``UEvent/concernsDevices``.
    case event(UEvent)
    /// Events were lost, or could not be read: look at everything.
    case missed
}

/// Decides what becomes of each datagram. Pure.
struct UEventIntake {
    /// What the socket gave.
    enum Received: Equatable {
        /// A datagram; `size` is what was sent, which may be more than was read.
        case datagram([UInt8], size: Int, senderPort: UInt32)
        /// The kernel dropped events, because they weren't read fast enough.
        case overrun
    }

    /// Set between the first lost event and the next good one: one signal tells of them all.
    private var isMissing = false

    /// The signal to pass on; nil for what concerns nobody.
    mutating func take(_ received: Received) -> UEventSignal? {
        guard case .datagram(let bytes, let size, let sender) = received else { return miss() }
        // Only the kernel has the number 0: other processes can't make devices appear.
        guard sender == 0 else { return nil }
        guard size <= bytes.count else { return miss() }
        do throws(UEventFormatError) {
            let event = try UEvent(bytes)
            isMissing = false
            return event.concernsDevices ? .event(event) : nil
        } catch {
            return miss()
        }
    }

    private mutating func miss() -> UEventSignal? {
        defer { isMissing = true }
        return isMissing ? nil : .missed
    }
}
