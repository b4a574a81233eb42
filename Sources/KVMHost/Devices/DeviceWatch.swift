internal import Libvirt
internal import Logging
internal import Synchronization
internal import VDPA

/// Follows the kernel's device events and libvirt's, each over failures of its own, and makes one
/// signal of what belongs together.
///
/// The kernel's are there without libvirt and are never behind; libvirt's tell when it has seen
/// the same, which may be later, and of nothing that the kernel doesn't.
struct DeviceWatch: Sendable {
    /// The wait before the kernel's events are subscribed to anew; it doubles with each failure.
    static let firstRetryDelay = Duration.milliseconds(200)
    /// The longest wait between attempts.
    static let lastRetryDelay = Duration.seconds(60)

    let session: LibvirtSession
    let clock: any Clock<Duration>
    let logger: Logger
    /// The kernel's events; another source in tests.
    var kernelEvents: @Sendable () throws(VDPAError) -> AsyncStream<UEventSignal> = {
        () throws(VDPAError) in try UEventSocket.events()
    }

    /// One element whenever devices may have changed. Ends when its reader does.
    func changes() -> AsyncStream<Void> {
        let settling = DeviceSettling(clock: clock)
        let libvirt = LibvirtWatch(session: session, clock: clock, logger: logger).stream(
            policy: .bufferingNewest(1), onConnectionChange: (),
            subscribe: { connection async throws(LibvirtError) in
                try await connection.nodeDeviceEvents()
            },
            onEvent: { _ in () })
        return settling.stream {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in libvirt { settling.notify() } }
                group.addTask { await followKernel(settling) }
            }
        }
    }

    /// Never ends by itself.
    private func followKernel(_ settling: DeviceSettling) async {
        var delay = Self.firstRetryDelay
        while !Task.isCancelled {
            do throws(VDPAError) {
                let events = try kernelEvents()
                // Whatever happened before the subscription was missed.
                settling.notify()
                for await _ in events {
                    delay = Self.firstRetryDelay
                    settling.notify()
                }
                guard !Task.isCancelled else { return }
                logger.warning("the kernel's device events ended; subscribing anew")
            } catch {
                logger.warning(
                    "not watching the kernel's devices", metadata: ["reason": "\(error)"])
            }
            do { try await clock.sleep(for: delay) } catch { return }
            delay = min(delay * 2, Self.lastRetryDelay)
        }
    }
}

/// Makes one signal of many: it comes when nothing was signalled for a while, at the latest after
/// a longer while, and always once more after the last one.
final class DeviceSettling: Sendable {
    /// So long nothing must come before the signal is passed on.
    static let quiet = Duration.milliseconds(200)
    /// After so many waits it is passed on though more came: 2 s.
    static let waitsMax = 10

    private let clock: any Clock<Duration>
    private let count = Mutex(0)
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    init(clock: any Clock<Duration>) {
        self.clock = clock
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Something may have changed.
    func notify() {
        count.withLock { $0 += 1 }
        waker.yield()
    }

    /// The settled signals, for one reader, while `work` makes signals; when the reader ends,
    /// `work` is cancelled.
    func stream(_ work: @escaping @Sendable () async -> Void) -> AsyncStream<Void> {
        let (signals, reader) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await work() }
                group.addTask { await self.pass(to: reader) }
            }
            reader.finish()
        }
        reader.onTermination = { _ in task.cancel() }
        return signals
    }

    private func pass(to reader: AsyncStream<Void>.Continuation) async {
        var handled = 0
        for await _ in wake {
            var seen = count.withLock(\.self)
            // A wake-up may stand for signals that were passed on already.
            if seen == handled { continue }
            for _ in 0..<Self.waitsMax {
                do { try await clock.sleep(for: Self.quiet) } catch { return }
                let now = count.withLock(\.self)
                if now == seen { break }
                seen = now
            }
            handled = seen
            reader.yield()
        }
    }
}
