import Logging
import Monitoring
import Postgres
import ServiceLifecycle
import Store
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One life of a worker, from its start to its end.
struct WorkerLife {
    /// What the row of the worker says about the program.
    private static let version = "0.1.0"
    /// How long a shutdown waits for the database once handlers are cancelled, or nothing is claimed any more.
    private static let lastWords: Duration = .seconds(3)

    private let functions: [String: Function]
    private let configuration: WorkerConfiguration
    private let database: PostgresConfiguration
    private let listenDatabase: PostgresConfiguration
    private let itemDatabase: PostgresConfiguration?
    private let storage: DirectoryStorage?
    private let lock: NameLock
    private let record: WorkerRecord
    private let logger: Logger
    private let services: ServiceSettings

    init(functions: [Function], configuration: WorkerConfiguration) throws(WorkerError) {
        try configuration.check()
        self.functions = try Self.table(of: functions)
        services = try ServiceSettings(
            environment: configuration.environment,
            hasStorageDirectory: configuration.storageDirectory != nil
        )
        do throws(PostgresError) {
            var database = try PostgresConfiguration(configuration.database, environment: configuration.environment)
                .named("stepwell-worker")
            database.preparesStatements = configuration.preparesStatements
            if let schema = configuration.schema { database.schema = try SchemaName(schema) }
            self.database = database
            listenDatabase = try PostgresConfiguration(
                configuration.listenDatabase ?? configuration.database,
                environment: configuration.environment
            )
            .named("stepwell-listen")
            itemDatabase = try configuration.itemDatabase.map { (text) throws(PostgresError) in
                try PostgresConfiguration(text, environment: [:]).named("stepwell-items")
            }
        } catch {
            throw WorkerError(.configuration, "the database's settings can't be used: \(error.message)")
        }
        do throws(StorageError) {
            storage = try configuration.storageDirectory.map { (path) throws(StorageError) in try DirectoryStorage(path)
            }
        } catch {
            throw WorkerError(.configuration, "\(error)")
        }
        let instance = PGUUID.v4()
        let name = configuration.name ?? "\(getpid())-\(instance.description.suffix(8))"
        lock = try NameLock(name)
        var logger = configuration.logger
        logger[metadataKey: "worker"] = "\(name)"
        self.logger = logger
        var configuration = configuration
        configuration.logger = logger
        self.configuration = configuration
        record = WorkerRecord(
            host: Self.hostName,
            name: name,
            instance: instance,
            pid: getpid(),
            version: Self.version,
            functions: self.functions.keys.sorted() + services.offers,
            slots: configuration.concurrency
        )
    }

    private static func table(of functions: [Function]) throws(WorkerError) -> [String: Function] {
        var table: [String: Function] = [:]
        for function in functions {
            guard !function.name.isEmpty, !function.name.utf8.contains(0) else {
                throw WorkerError(.configuration, "a function has no usable name")
            }
            guard function.concurrency.map({ $0 > 0 }) ?? true, function.timeout.map({ $0 > .zero }) ?? true else {
                throw WorkerError(
                    .configuration,
                    "function \(function.name): concurrency and timeout have to be greater than zero"
                )
            }
            guard table.updateValue(function, forKey: function.name) == nil else {
                throw WorkerError(.configuration, "there are two functions named \(function.name)")
            }
        }
        return table
    }

    private static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Lives until a graceful shutdown or cancellation.
    ///
    /// - Parameter prepare: called in a transaction before anything is claimed.
    func run(prepare: (@Sendable (Transaction) async throws -> Void)?) async throws {
        let end = Mailbox<End?>(nil)
        // What has to be done at the end must not be cancelled, so cancellation is a message.
        let life = Task { try await live(until: end, prepare: prepare) }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await life.value
            } onGracefulShutdown: {
                end.post { $0 = $0 ?? .gracefully }
            }
        } onCancel: {
            end.post { $0 = .atOnce }
        }
    }

    /// How a life is to end.
    private enum End: Sendable {
        /// When what runs is finished.
        case gracefully
        case atOnce
    }

    private func live(
        until end: Mailbox<End?>,
        prepare: (@Sendable (Transaction) async throws -> Void)?
    ) async throws {
        guard let store = try await open(until: end) else { return }
        let engine = Engine(
            store: store,
            facilities: WorkerFacilities(
                postgres: store,
                transactions: transactionPool(),
                storage: storage,
                itemDatabase: itemDatabase,
                services: ServiceCalls(store: store, settings: services)
            ),
            functions: functions,
            configuration: configuration,
            record: record
        )
        do {
            if let prepare { try await self.prepare(engine, prepare) }
        } catch {
            await close(engine)
            throw error
        }
        let notifier = ServiceNotifier(environment: configuration.environment)
        let forgetter = Forgetter(store: store, configuration: configuration, worker: record.instance)
        await withTaskGroup { group in
            group.addTask { await engine.maintain() }
            group.addTask { await forgetter.run() }
            group.addTask { await engine.facilities.ends.run() }
            group.addTask { await MapRunWaker(engine: engine).run() }
            group.addTask { await ScheduleRunner(engine: engine).run() }
            group.addTask { await engine.keepObserving() }
            if engine.services.lambda != nil { group.addTask { await LambdaAdoption(engine: engine).run() } }
            if let address = configuration.metricsAddress {
                group.addTask { await MetricsEndpoint(address: address, engine: engine).run() }
            }
            if configuration.usesNotifications {
                group.addTask { await HintListener(engine: engine, configuration: listenDatabase).run() }
            }
            let shares = ShareKeeper(engine: engine)
            let claiming = Task {
                await shares.begin()
                await engine.claim(notifier)
            }
            group.addTask { await shares.run() }
            await end.wait()
            notifier.stopping()
            engine.stop()
            logger.info("Worker is stopping", metadata: ["steps": "\(engine.capacity.withLock(\.stepCount))"])
            if end.take() == .gracefully {
                group.addTask {
                    await end.wait()
                    engine.cutOff()
                }
            } else {
                engine.cutOff()
            }
            // A claim that is on its way may still bring steps, which are given back; one that waits for a database that is
            // away must not keep the process.
            let impatience = Task {
                guard (try? await Task.sleep(for: Self.lastWords)) != nil else { return }
                claiming.cancel()
            }
            await drain(engine)
            impatience.cancel()
            await close(engine)
            await claiming.value
            group.cancelAll()
        }
        logger.info("Worker has stopped", metadata: ["leaseLosses": "\(engine.metrics.figures.leaseLosses)"])
    }

    // MARK: The beginning

    /// Connects and registers, however long the database needs within the time that the configuration allows.
    ///
    /// - Returns: nil when the worker is told to end before that.
    private func open(until end: Mailbox<End?>) async throws(WorkerError) -> Store? {
        let deadline = ContinuousClock.now.advanced(by: configuration.startTimeout)
        var backoff = Backoff()
        var hasWarned = false
        while true {
            let failure: StoreError
            do throws(StoreError) {
                let store = try await Store.open(database, poolSize: poolSize, logger: logger)
                do throws(StoreError) {
                    try await register(in: store)
                    return store
                } catch {
                    await store.close()
                    throw error
                }
            } catch {
                failure = error
            }
            guard failure.isTransient else { throw Self.error(for: failure) }
            let now = ContinuousClock.now
            guard now < deadline else {
                throw WorkerError(.databaseUnreachable, "the database can't be reached: \(failure)")
            }
            if !hasWarned { logger.warning("Waiting for the database", metadata: ["error": "\(failure)"]) }
            hasWarned = true
            await end.wait(until: min(deadline, now.advanced(by: backoff.pause())))
            if end.take() != nil { return nil }
        }
    }

    private static func error(for failure: StoreError) -> WorkerError {
        switch failure {
        case .schemaMismatch(let text): WorkerError(.schemaMismatch, text)
        case .postgres(let error) where error.kind == .connectFailed || error.kind == .configuration:
            WorkerError(.databaseUnreachable, "the database can't be reached: \(error)")
        default: WorkerError(.databaseRefused, "the database can't be used: \(failure)")
        }
    }

    private func register(in store: Store) async throws(StoreError) {
        try await store.createPartitions()
        try await store.offerServices(services.offers)
        for (name, function) in functions {
            if let settings = function.settings { try await store.putFunction(name, settings, isDeclared: true) }
            guard let release = function.release else { continue }
            try await store.offerFunctionVersion(release.function, version: release.version, digest: release.digest)
        }
        // Holding the lock on the name, this process knows that whoever had it is dead.
        guard let previous = try await store.register(record) else { return CrashPoint.startRegistered.pass() }
        CrashPoint.startRegistered.pass()
        try await store.dropShares(of: previous)
        let count = try await store.releaseWorker(previous)
        CrashPoint.startTakenOver.pass()
        if count > 0 {
            logger.notice("Took over the steps of this worker's previous life", metadata: ["steps": "\(count)"])
        }
    }

    /// One worker at a time: what is prepared is mostly DDL, which does not go well with itself.
    private func prepare(
        _ engine: Engine,
        _ body: @Sendable (Transaction) async throws -> Void
    ) async throws {
        try await engine.facilities.transactions.withTransaction { transaction in
            let transaction = Transaction(transaction)
            try await transaction.execute("SELECT pg_advisory_xact_lock(hashtext('stepwell.prepare'))")
            try await body(transaction)
        }
    }

    /// One connection per commit that may be on its way in a database of eight buckets, and a few for the rest.
    private var poolSize: Int { 12 }

    private func transactionPool() -> Pool {
        var options = Pool.Options()
        options.maximum = functions.values.lazy.filter(\.isTransactional)
            .reduce(ServiceCalls.transactions) { min(1000, $0 + ($1.concurrency ?? 1)) }
        return Pool(database, options: options, logger: logger)
    }

    // MARK: The end

    private func drain(_ engine: Engine) async {
        await waitUntilEmpty(engine, .now.advanced(by: configuration.shutdownTimeout))
        engine.cutOff()
        await waitUntilEmpty(engine, .now.advanced(by: Self.lastWords))
    }

    private func waitUntilEmpty(_ engine: Engine, _ deadline: ContinuousClock.Instant) async {
        while !engine.hasEnded, .now < deadline {
            await engine.endBox.wait(until: deadline)
            engine.endBox.take()
        }
    }

    /// Closes the connections: whoever still waits for the database does so no longer.
    private func close(_ engine: Engine) async {
        let isDone = Mailbox(false)
        let farewell = Task {
            do throws(StoreError) {
                try await engine.facilities.postgres.dropShares(of: record.instance)
                try await engine.facilities.postgres.unregister(record)
            } catch {
                logger.debug("The worker could not be unregistered", metadata: ["error": "\(error)"])
            }
            isDone.post { $0 = true }
        }
        await isDone.wait(until: .now.advanced(by: Self.lastWords))
        farewell.cancel()
        await engine.facilities.close()
    }
}
