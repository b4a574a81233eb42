extension OVSDBConnection {
    /// Runs operations as one transaction: all or nothing.
    ///
    /// - Returns: One result for each operation, in order.
    /// - Throws: ``OVSDBError/operationFailed(index:operation:error:)`` when nothing was
    ///   committed; otherwise as ``call(_:_:timeout:)``.
    public func transact(
        _ database: String, _ operations: [OVSDBOperation],
        timeout: Duration = defaultCallTimeout
    ) async throws(OVSDBError) -> [OVSDBOperationResult] {
        let parameters = [.string(database)] + operations.map(\.json)
        let answer = try await call("transact", parameters, timeout: timeout)
        return try OVSDBOperationResult.results(json: answer, operations: operations)
    }

    /// The names of the server's databases.
    ///
    /// - Throws: ``OVSDBError``, as ``call(_:_:timeout:)``.
    public func listDatabases(
        timeout: Duration = defaultCallTimeout
    ) async throws(OVSDBError) -> [String] {
        let answer = try await call("list_dbs", [], timeout: timeout)
        guard let names = answer.elements else {
            throw .malformedMessage(detail: "list_dbs returned no list")
        }
        return names.compactMap(\.text)
    }

    /// The version of a database's schema, such as `8.3.1`; only the version is read.
    ///
    /// - Throws: ``OVSDBError``, as ``call(_:_:timeout:)``.
    public func schemaVersion(
        _ database: String, timeout: Duration = defaultCallTimeout
    ) async throws(OVSDBError) -> String {
        let answer = try await call("get_schema", [.string(database)], timeout: timeout)
        guard let version = answer["version"]?.text else {
            throw .malformedMessage(detail: "the schema of \(database) has no version")
        }
        return version
    }

    /// Asks the server for a sign of life.
    ///
    /// - Throws: ``OVSDBError``, as ``call(_:_:timeout:)``.
    public func echo(timeout: Duration = defaultCallTimeout) async throws(OVSDBError) {
        _ = try await call("echo", [], timeout: timeout)
    }
}
