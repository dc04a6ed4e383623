import CLibpq
package import Logging
import Synchronization

/// One session with the server. Any number of tasks may use it at once: their statements are sent without waiting for
/// earlier answers (libpq's pipeline mode) and answered in order.
///
/// It lives on the thread of `SocketLoop`, where libpq is called and results are copied into Swift values. A session
/// that is lost stays lost: every waiting caller fails at once, and so does every later call.
package actor Connection: PostgresClient {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { SocketLoop.shared.asUnownedSerialExecutor() }

    let logger: Logger
    private nonisolated let schema: SchemaName
    /// Whether statements that stand alone are sent without waiting for the answers to those before.
    private nonisolated let isPipelining: Bool
    /// What anyone may read without entering the actor.
    nonisolated let status = ConnectionStatus()
    /// Nil once the session is over.
    var handle: LibpqHandle?
    /// Remembered, because libpq closes and forgets its socket when the session breaks.
    private let socket: Int32
    private var wantsWrite = false
    var wire = Wire()
    var prepared: PreparedStatements
    /// Whether the next statement has to open a transaction.
    var beginsWithNextCall = false
    private var onNotification: (@Sendable (Notification) -> Void)?
    private let onLoss: @Sendable (PostgresError) -> Void
    private let serverVersionNumber: Int32

    private init(
        _ handle: LibpqHandle,
        preparesStatements: Bool,
        schema: SchemaName,
        logger: Logger,
        onLoss: @escaping @Sendable (PostgresError) -> Void
    ) {
        self.handle = handle
        self.schema = schema
        self.logger = logger
        self.onLoss = onLoss
        socket = PQsocket(handle.pointer)
        prepared = PreparedStatements(isEnabled: preparesStatements)
        isPipelining = preparesStatements
        serverVersionNumber = PQserverVersion(handle.pointer)
    }

    isolated deinit {
        if handle != nil { SocketLoop.shared.unwatch(socket) }
    }

    /// Opens a session, with the first of the hosts that will do: not with a primary that was replaced.
    ///
    /// - Parameters:
    ///   - configuration: Where to and how.
    ///   - logger: Takes the server's notices and the loss of the session.
    ///   - timelines: What this process knows of primaries.
    ///   - onLoss: Called once if the session ends without `close()`, on the connections' thread: it must be quick.
    /// - Returns: A session that is ready.
    /// - Throws: `.connectFailed`, with the server's code if it was the server that refused; `.cancelled`.
    package static func connect(
        _ configuration: PostgresConfiguration,
        logger: Logger,
        timelines: Timelines = .process,
        onLoss: @escaping @Sendable (PostgresError) -> Void = { _ in }
    ) async throws(PostgresError) -> Connection {
        let handle = try await ConnectionAttempt.open(configuration, logger: logger, timelines: timelines)
        let connection = Connection(
            handle,
            preparesStatements: configuration.preparesStatements ?? !handle.isPooled,
            schema: configuration.schema,
            logger: logger,
            onLoss: onLoss
        )
        try await connection.start()
        return connection
    }

    private func start() throws(PostgresError) {
        guard let handle, PQsetnonblocking(handle.pointer, 1) == 0, PQenterPipelineMode(handle.pointer) == 1 else {
            throw PostgresError(
                .connectFailed,
                "the connection can't be used: \(handle?.lastMessage ?? "it is closed")"
            )
        }
        SocketLoop.shared.watch(socket) { [weak self] _ in
            self?.assumeIsolated { $0.socketIsReady() }
        }
    }

    /// The server's version: 150004 is 15.4.
    package nonisolated var serverVersion: Int { Int(serverVersionNumber) }

    /// Ends the session. Calls that wait for an answer fail, and what they run on the server is cancelled.
    package func close() {
        guard let handle else { return }
        if !wire.isIdle { Cancellation.send(for: handle) }
        end(PostgresError(.connectionLost, "the connection was closed by this program"))
    }

    /// Calls the handler with every notification that arrives from now on, on the connections' thread.
    package func onNotification(_ handler: @escaping @Sendable (Notification) -> Void) {
        onNotification = handler
    }
}

extension Connection {
    package nonisolated func batch(_ statements: [Statement]) async throws(PostgresError) -> [Rows] {
        try await batch(statements, mayCommit: true)
    }

    package nonisolated func pipeline(_ statements: [Statement]) async -> [Result<Rows, PostgresError>] {
        await pipeline(statements, mayCommit: true)
    }

    nonisolated func batch(
        _ statements: [Statement],
        mayCommit: Bool,
        isCancellable: Bool = true
    ) async throws(PostgresError) -> [Rows] {
        guard !statements.isEmpty else { return [] }
        let call = try Call(statements, .together, mayCommit: mayCommit, schema: schema)
        guard let answers = await perform(call, isCancellable: isCancellable) else { throw .cancelled }
        var rows: [Rows] = []
        rows.reserveCapacity(answers.count)
        for answer in answers { rows.append(try answer.get()) }
        return rows
    }

    nonisolated func pipeline(_ statements: [Statement], mayCommit: Bool) async -> [Result<Rows, PostgresError>] {
        guard !statements.isEmpty else { return [] }
        guard isPipelining else { return await oneByOne(statements, mayCommit: mayCommit) }
        let failure: PostgresError
        do throws(PostgresError) {
            let call = try Call(statements, .apart, mayCommit: mayCommit, schema: schema)
            if let answers = await perform(call, isCancellable: true) { return answers }
            failure = .cancelled
        } catch {
            failure = error
        }
        return statements.map { _ in .failure(failure) }
    }

    /// PgBouncer before 1.21 gives a server away when it answers one Sync, although a statement behind that one has
    /// reached it in part; the rest of it goes to another server.
    private nonisolated func oneByOne(
        _ statements: [Statement],
        mayCommit: Bool
    ) async -> [Result<Rows, PostgresError>] {
        var results: [Result<Rows, PostgresError>] = []
        for statement in statements {
            do throws(PostgresError) {
                results += (try await batch([statement], mayCommit: mayCommit)).map { .success($0) }
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    private nonisolated func perform(_ call: Call, isCancellable: Bool) async -> [Result<Rows, PostgresError>]? {
        let start = { [self] in
            status.callStarted()
            SocketLoop.shared.perform { self.assumeIsolated { $0.submit(call) } }
        }
        return isCancellable
            ? await call.answer.cancellableValue(start: start) : await call.answer.value(start: start)
    }
}

extension Connection {
    private func submit(_ call: Call) {
        // Notices a session that has ended before anything is sent into the void: then the outcome isn't unknown.
        var looks = 4
        while looks > 0, wire.isIdle, handle != nil, SocketLoop.hasNews(socket) {
            socketIsReady()
            looks -= 1
        }
        guard let handle else { return finish(call, [.failure(wire.loss ?? .closed)]) }
        guard !call.answer.isOver else { return finish(call, []) }
        guard wire.send(call, begins: beginsWithNextCall, preparing: &prepared, over: handle.pointer) else {
            // Some of it may be on the wire; nothing after it would be understood.
            return fail("sending failed: \(handle.lastMessage)")
        }
        beginsWithNextCall = false
        flush()
    }

    private func socketIsReady() {
        guard let handle else { return }
        let isAlive = PQconsumeInput(handle.pointer) == 1
        let isInOrder = receive(handle.pointer)
        while let notification = PQnotifies(handle.pointer) {
            defer { PQfreemem(notification) }
            onNotification?(Notification(notification.pointee))
        }
        if !isAlive || PQstatus(handle.pointer) == CONNECTION_BAD {
            fail("the connection was lost: \(handle.lastMessage)")
        } else if !isInOrder {
            fail("the server's answers don't match what was sent")
        } else {
            flush()
        }
    }

    private func receive(_ pointer: OpaquePointer) -> Bool {
        while !wire.isIdle, PQisBusy(pointer) == 0 {
            switch wire.receive(from: pointer, prepared: &prepared) {
            case .more: break
            case .answered(let call, let answers):
                status.setTransaction(PQtransactionStatus(pointer))
                finish(call, answers)
            case .disorder: return false
            }
        }
        return true
    }

    private func finish(_ call: Call, _ answers: [Result<Rows, PostgresError>]) {
        status.callFinished()
        call.answer.provide(answers)
    }

    private func flush() {
        guard let handle else { return }
        let result = PQflush(handle.pointer)
        guard result >= 0 else { return fail("sending failed: \(handle.lastMessage)") }
        guard wantsWrite != (result == 1) else { return }
        wantsWrite.toggle()
        SocketLoop.shared.setWantsWrite(wantsWrite, on: socket)
    }

    private func fail(_ message: String) {
        let error = PostgresError(.connectionLost, message, report: wire.farewell)
        logger.debug("PostgreSQL connection lost", metadata: ["reason": "\(message)"])
        end(error)
        onLoss(error)
    }

    private func end(_ error: PostgresError) {
        SocketLoop.shared.unwatch(socket)
        handle = nil
        status.setLost()
        for (call, answers) in wire.lose(error) { finish(call, answers) }
    }
}

extension PostgresError {
    static let closed = PostgresError(.connectionLost, "the connection is closed")
}
