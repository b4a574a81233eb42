import Logging
import OVSDB

/// The connection to the switch's database, made when it is needed and again after it was lost.
actor SwitchDatabase {
    let address: OVSDBAddress
    private let connectTimeout: Duration
    private let logger: Logger
    private var current: OVSDBConnection?
    private var attempt: Task<Result<OVSDBConnection, OVSDBError>, Never>?
    private var isClosed = false

    init(address: OVSDBAddress, connectTimeout: Duration, logger: Logger) {
        self.address = address
        self.connectTimeout = connectTimeout
        self.logger = logger
    }

    /// The open connection; callers that come while one is being made share it.
    func connection() async throws(VirtualSwitchError) -> OVSDBConnection {
        guard !isClosed else { throw .closed }
        if let current, current.isOpen { return current }
        let attempt = self.attempt ?? connect()
        self.attempt = attempt
        let outcome = await attempt.value
        if self.attempt == attempt { self.attempt = nil }
        switch outcome {
        case .failure(let error):
            throw .databaseFailed(attempt: "reach Open vSwitch", error)
        case .success(let connection):
            if isClosed {
                await connection.close()
                throw .closed
            }
            current = connection
            return connection
        }
    }

    func close() async {
        isClosed = true
        await current?.close()
        current = nil
    }

    private func connect() -> Task<Result<OVSDBConnection, OVSDBError>, Never> {
        if current != nil {
            logger.warning("reconnecting to Open vSwitch", metadata: ["address": "\(address)"])
        }
        return Task { [address, connectTimeout] in
            do throws(OVSDBError) {
                return .success(
                    try await OVSDBConnection.connect(to: address, timeout: connectTimeout))
            } catch {
                return .failure(error)
            }
        }
    }
}
