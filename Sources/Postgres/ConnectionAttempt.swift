import CLibpq
import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One attempt to connect. It blocks (names are resolved, certificates read), hence a thread of its own.
enum ConnectionAttempt {
    /// Opens a connection while the task sleeps; a cancelled task returns at once and the attempt closes what it opens.
    static func open(
        _ configuration: PostgresConfiguration,
        logger: Logger,
        timelines: Timelines
    ) async throws(PostgresError) -> LibpqHandle {
        let promise = Promise<Result<LibpqHandle, PostgresError>>()
        let outcome = await promise.cancellableValue {
            let started = startThread { promise.provide(connect(configuration, logger: logger, timelines: timelines)) }
            if !started { promise.provide(.failure(PostgresError(.connectFailed, "no thread to connect on"))) }
        }
        guard let outcome else { throw .cancelled }
        return try outcome.get()
    }

    /// Connects and blocks until that is done: to the first host that will do.
    static func connect(
        _ configuration: PostgresConfiguration,
        logger: Logger,
        timelines: Timelines = .process
    ) -> Result<LibpqHandle, PostgresError> {
        var refusal = PostgresError(.connectFailed, "there is no host to connect to")
        for place in 0..<configuration.hostCount {
            let configuration = configuration.beginning(atHost: place)
            switch connect(toFirstOf: configuration, logger: logger) {
            case .failure(let error): return .failure(error)
            case .success(let handle):
                do throws(PostgresError) {
                    try admit(handle, by: ContinuousClock.now + configuration.connectTimeout, timelines)
                    return .success(handle)
                } catch {
                    refusal = error
                }
            }
        }
        return .failure(refusal)
    }

    /// Asks for the cluster, its timeline (a standby has none of its own), and which of the server's processes answers: a
    /// pooler gives out numbers of its own.
    ///
    /// A session of the server's is told not to compile queries to machine code. PostgreSQL decides by estimates, which
    /// are far too high for functions that unpack JSON; then it compiles for a second what runs for a millisecond.
    private static func question(to process: Int32) -> String {
        """
        select c.system_identifier,
            case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end,
            p.id,
            case when p.id = \(process) then set_config('jit', 'off', false) end
        from pg_control_system() c, pg_backend_pid() p (id)
        """
    }

    /// Asks whether the server is one that was replaced, and whether it is the server itself. What speaks PostgreSQL's
    /// protocol without its write-ahead log can't tell, and will do.
    private static func admit(
        _ handle: LibpqHandle,
        by deadline: ContinuousClock.Instant,
        _ timelines: Timelines
    ) throws(PostgresError) {
        let pointer = handle.pointer
        guard PQsendQuery(pointer, question(to: PQbackendPID(pointer))) == 1 else {
            throw PostgresError(.connectFailed, handle.lastMessage)
        }
        while PQisBusy(pointer) == 1 {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else {
                throw PostgresError(.connectFailed, "the server took the connection, and does not answer")
            }
            var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            _ = poll(&descriptor, 1, Int32(min(left.components.seconds * 1000 + 999, 60_000)))
            guard PQconsumeInput(pointer) == 1 else { throw PostgresError(.connectFailed, handle.lastMessage) }
        }
        var answer: (cluster: String, timeline: String, process: String)?
        while let result = PQgetResult(pointer) {
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_TUPLES_OK, PQntuples(result) == 1, PQnfields(result) == 4 else {
                continue
            }
            answer = (
                String(cString: PQgetvalue(result, 0, 0)), String(cString: PQgetvalue(result, 0, 1)),
                String(cString: PQgetvalue(result, 0, 2))
            )
        }
        guard PQstatus(pointer) == CONNECTION_OK else { throw PostgresError(.connectFailed, handle.lastMessage) }
        guard let answer else { return }
        handle.isPooled = answer.process != "\(PQbackendPID(pointer))"
        try timelines.admit(cluster: answer.cluster, timeline: answer.timeline)
    }

    private static func connect(
        toFirstOf configuration: PostgresConfiguration,
        logger: Logger
    ) -> Result<LibpqHandle, PostgresError> {
        guard let pointer = start(configuration) else {
            return .failure(PostgresError(.connectFailed, "out of memory"))
        }
        let handle = LibpqHandle(pointer, logger: logger)
        // The only way to learn the code of a refusal is to have it printed in the message.
        PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
        if !configuration.hasSeveralHosts {
            let deadline = ContinuousClock.now + configuration.connectTimeout
            guard finish(pointer, by: deadline) else {
                let message = "no answer from the server within \(configuration.connectTimeout)"
                return .failure(PostgresError(.connectFailed, message))
            }
        }
        PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
        guard PQstatus(pointer) == CONNECTION_OK else {
            return .failure(refusal(configuration.redacting(String(cString: PQerrorMessage(pointer)))))
        }
        return .success(handle)
    }

    /// With several hosts libpq's own blocking call is used: only that one goes on to the next host when one of them
    /// takes the connection and then keeps silent.
    private static func start(_ configuration: PostgresConfiguration) -> OpaquePointer? {
        let settings = Array(configuration.settings)
        var keywords: [UnsafePointer<CChar>?] = settings.map { UnsafePointer(strdup($0.key)) }
        var values: [UnsafePointer<CChar>?] = settings.map { UnsafePointer(strdup($0.value)) }
        defer { for text in keywords + values { free(UnsafeMutablePointer(mutating: text)) } }
        keywords.append(nil)
        values.append(nil)
        return configuration.hasSeveralHosts
            ? PQconnectdbParams(keywords, values, 0) : PQconnectStartParams(keywords, values, 0)
    }

    /// Moves the attempt on whenever its socket is ready; false if time ran out.
    private static func finish(_ pointer: OpaquePointer, by deadline: ContinuousClock.Instant) -> Bool {
        var events = Int16(POLLOUT)
        while PQstatus(pointer) != CONNECTION_BAD {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            // The socket changes between addresses and when encryption is given up, so it is asked for every time.
            var descriptor = pollfd(fd: PQsocket(pointer), events: events, revents: 0)
            let milliseconds = min(left.components.seconds * 1000 + 999, 60_000)
            guard poll(&descriptor, 1, Int32(milliseconds)) != 0 else { continue }
            switch PQconnectPoll(pointer) {
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: return true
            }
        }
        return true
    }

    /// Takes a verbose message apart: `… failed: FATAL:  28P01: password authentication failed` and a place in the
    /// server's source.
    static func refusal(_ text: String) -> PostgresError {
        var state: SQLState?
        let lines = text.split(whereSeparator: \.isNewline)
            .compactMap { line -> String? in
                guard !line.hasPrefix("LOCATION:") else { return nil }
                guard let severity = line.firstRange(of: ":  ") else { return trimmed(line) }
                let rest = line[severity.upperBound...]
                let code = rest.prefix(5)
                guard code.utf8.count == 5, rest.dropFirst(5).hasPrefix(": "),
                    code.utf8.allSatisfy({ 48...57 ~= $0 || 65...90 ~= $0 })
                else { return trimmed(line) }
                state = SQLState(rawValue: String(code))
                return trimmed(line[..<severity.lowerBound] + ": " + rest.dropFirst(7))
            }
        let message = lines.isEmpty ? "the connection failed" : lines.joined(separator: "; ")
        let report = state.map { ServerReport(sqlState: $0, severity: "FATAL", message: message) }
        return PostgresError(.connectFailed, message, report: report)
    }

    private static func trimmed(_ line: some StringProtocol) -> String {
        line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
