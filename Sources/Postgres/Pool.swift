package import Logging

/// A bounded set of connections that callers take turns with.
///
/// Connections are opened when they are needed, dropped when they break, and opened again by themselves, at most one
/// attempt a second while the server is away. Callers wait in the order in which they came.
package actor Pool: PostgresClient {
    /// How many connections there are, and how long anybody waits for one.
    package struct Options: Sendable {
        /// Connections that are kept open once the pool has been used.
        package var minimum = 0
        package var maximum = 4
        /// How long a caller waits for a connection.
        package var leaseTimeout: Duration = .seconds(10)
        /// Connections above the minimum are closed after one to two times this long without use.
        package var idleTimeout: Duration = .seconds(60)

        package init() {}
    }

    private typealias Lease = Promise<Result<LeasedConnection, PostgresError>>

    private let configuration: PostgresConfiguration
    private let options: Options
    private let gate: ReconnectGate
    private let logger: Logger
    private var state: PoolState
    private var connections: [PoolState.ConnectionID: Connection] = [:]
    private var waiters: [PoolState.WaiterID: Lease] = [:]
    private var lastWaiter = 0
    private var lastFailure: PostgresError?
    private var isClosed = false
    private var timer: Task<Void, Never>?
    private var pause: Task<Void, Never>?
    private var attempts: [PoolState.ConnectionID: Task<Void, Never>] = [:]
    private var closers: [CheckedContinuation<Void, Never>] = []
    private var isFinished = false

    /// Makes a pool; it connects when somebody uses it.
    package init(
        _ configuration: PostgresConfiguration,
        options: Options = Options(),
        logger: Logger,
        gate: ReconnectGate = .process
    ) {
        self.configuration = configuration
        self.options = options
        self.gate = gate
        self.logger = logger
        state = PoolState(minimum: options.minimum, maximum: options.maximum)
    }

    deinit {
        timer?.cancel()
        pause?.cancel()
        for attempt in attempts.values { attempt.cancel() }
    }

    /// Lends a connection for as long as the body runs. A connection that comes back with a transaction open, or with
    /// statements still running because their callers were cancelled, is closed rather than passed on.
    ///
    /// - Throws: `.poolTimeout`, `.poolClosed`, `.cancelled`, `.connectFailed` if waiting is of no use, and whatever
    ///   the body throws.
    package nonisolated func withConnection<Value>(
        _ body: (Connection) async throws -> Value
    ) async throws -> Value {
        let lease = try await lease()
        do {
            let value = try await body(lease.connection)
            await giveBack(lease)
            return value
        } catch {
            await giveBack(lease)
            throw error
        }
    }

    package nonisolated func batch(_ statements: [Statement]) async throws(PostgresError) -> [Rows] {
        var attempts = 1
        while true {
            let lease = try await lease()
            do throws(PostgresError) {
                let rows = try await lease.connection.batch(statements)
                await giveBack(lease)
                return rows
            } catch {
                await giveBack(lease)
                guard error.wasNotSent, attempts <= options.maximum else { throw error }
                attempts += 1
            }
        }
    }

    package nonisolated func pipeline(_ statements: [Statement]) async -> [Result<Rows, PostgresError>] {
        var attempts = 1
        do throws(PostgresError) {
            while true {
                let lease = try await lease()
                let results = await lease.connection.pipeline(statements)
                await giveBack(lease)
                guard case .failure(let error) = results.first, error.wasNotSent, attempts <= options.maximum else {
                    return results
                }
                attempts += 1
            }
        } catch {
            return statements.map { _ in .failure(error) }
        }
    }

    /// How much it has to do now.
    package var use: PoolUse { state.use }

    /// Refuses whoever waits, waits for connections in use to come back, and closes all.
    package func close() async {
        isClosed = true
        timer?.cancel()
        pause?.cancel()
        for attempt in attempts.values { attempt.cancel() }
        carryOut(state.close())
        guard !isFinished else { return }
        await withCheckedContinuation { closers.append($0) }
    }
}

/// What a pool's connections do.
package struct PoolUse: Sendable, Hashable {
    package var idle: Int
    package var used: Int
    /// Callers that wait for one.
    package var waiting: Int
}

extension PostgresError {
    /// Whether a statement that stands alone found its connection broken, as idle ones are after the server's restart,
    /// before it was sent. Once it is sent, the outcome is unknown.
    fileprivate var wasNotSent: Bool { kind == .connectionLost }
}

/// A connection and the number that the pool knows it by.
struct LeasedConnection: Sendable {
    let id: PoolState.ConnectionID
    let connection: Connection
}

extension Pool {
    func lease() async throws(PostgresError) -> LeasedConnection {
        lastWaiter += 1
        let waiter = lastWaiter
        let actions = state.lease(waiter)
        if case .lend(let id, _) = actions.first, let connection = connections[id] {
            return LeasedConnection(id: id, connection: connection)
        }
        let promise = Lease()
        waiters[waiter] = promise
        carryOut(actions)
        let timeout = expire(waiter, after: options.leaseTimeout)
        defer { timeout.cancel() }
        guard let result = await promise.cancellableValue(start: {}) else {
            waiters[waiter] = nil
            state.giveUp(waiter)
            throw .cancelled
        }
        return try result.get()
    }

    func giveBack(_ lease: LeasedConnection) {
        let status = lease.connection.status
        if status.isLost {
            lost(lease.id)
        } else {
            carryOut(state.returned(lease.id, isReusable: status.isReusable))
        }
    }

    private func expire(_ waiter: PoolState.WaiterID, after timeout: Duration) -> Task<Void, Never> {
        Task { [weak self] in
            do { try await Task.sleep(for: timeout) } catch { return }
            await self?.timedOut(waiter)
        }
    }

    private func timedOut(_ waiter: PoolState.WaiterID) {
        guard let promise = waiters.removeValue(forKey: waiter) else { return }
        state.giveUp(waiter)
        let reason =
            lastFailure.map { "the last attempt to connect failed: \($0.message)" }
            ?? "all \(options.maximum) connections are in use"
        let message = "no connection became free within \(options.leaseTimeout): \(reason)"
        promise.provide(.failure(PostgresError(.poolTimeout, message, report: lastFailure?.report)))
    }

    private func carryOut(_ actions: [PoolState.Action]) {
        for action in actions {
            switch action {
            case .lend(let id, let waiter): lend(id, to: waiter)
            case .refuse(let waiter):
                let error = isClosed ? PostgresError(.poolClosed, "the pool is closed") : lastFailure ?? .closed
                waiters.removeValue(forKey: waiter)?.provide(.failure(error))
            case .connect(let id): connect(id)
            case .retry: retryInTurn()
            case .close(let id): close(id)
            case .finish:
                isFinished = true
                for closer in closers { closer.resume() }
                closers = []
            }
        }
    }

    private func lend(_ id: PoolState.ConnectionID, to waiter: PoolState.WaiterID) {
        if let promise = waiters.removeValue(forKey: waiter), let connection = connections[id],
            promise.provide(.success(LeasedConnection(id: id, connection: connection)))
        {
            return
        }
        // The waiter was cancelled in between.
        carryOut(state.returned(id, isReusable: true))
    }

    private func connect(_ id: PoolState.ConnectionID) {
        startTimer()
        let onLoss: @Sendable (PostgresError) -> Void = { [weak self] _ in
            Task { await self?.lost(id) }
        }
        attempts[id] = Task { [weak self, configuration, logger] in
            do throws(PostgresError) {
                let connection = try await Connection.connect(configuration, logger: logger, onLoss: onLoss)
                guard let self else { return await connection.close() }
                await self.connected(id, connection)
            } catch {
                await self?.connectFailed(id, error)
            }
        }
    }

    private func connected(_ id: PoolState.ConnectionID, _ connection: Connection) {
        attempts[id] = nil
        lastFailure = nil
        gate.gotThrough(to: configuration.place)
        connections[id] = connection
        carryOut(state.connected(id))
        // It may have broken before the pool knew it.
        if connection.status.isLost { lost(id) }
    }

    private func connectFailed(_ id: PoolState.ConnectionID, _ error: PostgresError) {
        attempts[id] = nil
        if error.kind != .cancelled {
            lastFailure = error
            logger.debug("can't connect to PostgreSQL", metadata: ["error": "\(error.message)"])
        }
        carryOut(state.connectFailed(id, isTransient: error.isTransient))
    }

    private func lost(_ id: PoolState.ConnectionID) {
        guard connections.removeValue(forKey: id) != nil else { return }
        carryOut(state.lost(id))
    }

    private func close(_ id: PoolState.ConnectionID) {
        guard let connection = connections.removeValue(forKey: id) else { return carryOut(state.ended(id)) }
        Task {
            await connection.close()
            carryOut(state.ended(id))
        }
    }

    private func retryInTurn() {
        pause = Task { [weak self, gate, server = configuration.place] in
            await gate.turn(to: server)
            if !Task.isCancelled { await self?.retry() }
        }
    }

    private func retry() {
        carryOut(state.retry())
    }

    private func startTimer() {
        guard timer == nil, !isClosed else { return }
        timer = Task { [weak self, interval = options.idleTimeout] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: interval) } catch { return }
                await self?.tick()
            }
        }
    }

    private func tick() {
        carryOut(state.tick())
    }
}
