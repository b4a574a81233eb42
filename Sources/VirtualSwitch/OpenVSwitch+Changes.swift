import Logging
import OVSDB

/// What an observer of the switch learns.
public enum SwitchEvent: Hashable, Sendable {
    /// Interfaces changed, or may have while nobody was watching: ``OpenVSwitch/list()`` anew.
    case changed
    /// The database can't be reached; the next event after it is back is ``changed``.
    case unreachable(VirtualSwitchError)
}

extension OpenVSwitch {
    /// The wait before the first attempt to watch anew; it doubles with each failure.
    private static let firstRetryDelay = Duration.milliseconds(100)
    /// The longest wait between attempts to watch anew.
    private static let lastRetryDelay = Duration.seconds(10)

    /// The columns whose change matters; counters would change every few seconds.
    private static let watched = [
        OVSDBMonitorRequest(table: SwitchTable.bridge, columns: ["name", "ports"]),
        OVSDBMonitorRequest(table: SwitchTable.port, columns: ["name", "interfaces", "tag"]),
        OVSDBMonitorRequest(
            table: SwitchTable.interface,
            columns: InterfaceRow.columns.filter { $0 != "statistics" && $0 != "_uuid" }),
    ]

    /// Says when to ``list()`` anew, starting at once. Lives through restarts of the database,
    /// until the reader stops or the switch is closed.
    ///
    /// Only the latest event is kept for a slow reader, because each one means the same: list.
    public func changes() -> AsyncStream<SwitchEvent> {
        let (events, reader) = AsyncStream.makeStream(
            of: SwitchEvent.self, bufferingPolicy: .bufferingNewest(1))
        let watcher = Task { await watch(reader) }
        reader.onTermination = { _ in watcher.cancel() }
        return events
    }

    private func watch(_ reader: AsyncStream<SwitchEvent>.Continuation) async {
        var delay = Self.firstRetryDelay
        while !Task.isCancelled {
            let (error, wasWatching) = await watchOneConnection(reader)
            if error == .closed { break }
            logger.warning("not watching Open vSwitch", metadata: ["reason": "\(error)"])
            reader.yield(.unreachable(error))
            if wasWatching { delay = Self.firstRetryDelay }
            do {
                try await Task.sleep(for: delay)
            } catch {
                break  // Cancelled: the reader is gone.
            }
            delay = min(delay * 2, Self.lastRetryDelay)
        }
        reader.finish()
    }

    /// Watches until the connection ends; returns why, and whether it got as far as watching.
    private func watchOneConnection(
        _ reader: AsyncStream<SwitchEvent>.Continuation
    ) async -> (VirtualSwitchError, Bool) {
        let attempt = "watch the interfaces of Open vSwitch"
        var isWatching = false
        do {
            let monitor = try await database.connection().monitor(
                SwitchTable.database, Self.watched, timeout: callTimeout)
            isWatching = true
            reader.yield(.changed)
            for try await _ in monitor.updates { reader.yield(.changed) }
            let ended = OVSDBError.callCancelled(method: "monitor_cond")
            return (.databaseFailed(attempt: attempt, ended), isWatching)
        } catch let error as OVSDBError {
            return (.databaseFailed(attempt: attempt, error), isWatching)
        } catch let error as VirtualSwitchError {
            return (error, isWatching)
        } catch {
            let unexpected = OVSDBError.malformedMessage(detail: "\(error)")
            return (.databaseFailed(attempt: attempt, unexpected), isWatching)
        }
    }
}
