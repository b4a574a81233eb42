/// Who waits for what on one connection. A value without I/O: every event is a mutating function
/// that returns whom to tell.
struct SessionState<Waiter, Reader> {
    private var nextNumber: Int64 = 1
    private var waiters: [Int64: Waiter] = [:]
    private var readers: [String: Reader] = [:]
    /// Why no more calls are accepted; `nil` while the connection is up.
    private(set) var ending: OVSDBError?

    /// A number not used before on this connection.
    mutating func takeNumber() -> Int64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    /// Remembers a call that is about to be sent; throws why it can't be.
    mutating func register(_ waiter: Waiter, as number: Int64) throws(OVSDBError) {
        if let ending { throw ending }
        waiters[number] = waiter
    }

    /// Changes a waiter that is still waiting; `false` when it isn't.
    mutating func amend(_ number: Int64, _ change: (inout Waiter) -> Void) -> Bool {
        guard var waiter = waiters[number] else { return false }
        change(&waiter)
        waiters[number] = waiter
        return true
    }

    /// Takes out the one who waits for the call: the caller has to tell it how the call ended.
    mutating func settle(_ number: Int64) -> Waiter? {
        waiters.removeValue(forKey: number)
    }

    mutating func subscribe(_ reader: Reader, to monitor: String) throws(OVSDBError) {
        if let ending { throw ending }
        readers[monitor] = reader
    }

    func reader(of monitor: String) -> Reader? {
        readers[monitor]
    }

    mutating func unsubscribe(from monitor: String) -> Reader? {
        readers.removeValue(forKey: monitor)
    }

    /// The connection ended. The first reason stays; everyone still waiting is returned.
    mutating func end(_ reason: OVSDBError) -> (waiters: [Waiter], readers: [Reader]) {
        if ending == nil { ending = reason }
        defer {
            waiters = [:]
            readers = [:]
        }
        return (Array(waiters.values), Array(readers.values))
    }
}
