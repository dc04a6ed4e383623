import JSON
import Logging
import Postgres
import PostgresTestSupport
import ServiceLifecycle
import Stepwell
import Store
import Synchronization
import Testing

/// A log that can be waited for.
private struct Log: LogHandler {
    private let messages: AsyncStream<String>
    private let message: AsyncStream<String>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init() {
        (messages, message) = AsyncStream.makeStream(of: String.self)
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { message.yield("\(event.message)") }

    func hears(_ text: String) async {
        for await message in messages where message == text { return }
    }

    /// What nobody has heard yet; nothing is logged from now on.
    func rest() async -> [String] {
        message.finish()
        return await messages.reduce(into: []) { $0.append($1) }
    }
}

/// How workers begin and end, and what they do while the database is away.
@Suite struct LifecycleTests {
    @Test func aGracefulShutdownFinishesWhatRuns() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "\#(Database.function("slow"))", "Next": "More"},
            "More": {"Type": "Task", "Resource": "\#(Database.function("slow"))", "End": true}
            """#
        )
        let execution = try await database.start()
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let log = Log()
        let configuration = database.worker {
            $0.shutdownTimeout = .seconds(60)
            $0.logger = Logger(label: "test") { _ in log }
        }
        let worker = Worker(configuration: configuration) {
            Function("slow") { (_: JSONValue) in
                begin.yield()
                await log.hears("Worker is stopping")
                return "finished"
            }
        }
        let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: Database.logger))
        let running = Task { try await group.run() }
        for await _ in begun { break }
        await group.triggerGracefulShutdown()
        try await running.value
        let description = try await database.store.describe(execution)
        // The first call was finished and recorded, the next one left to others.
        #expect(description.steps.map(\.state) == ["More"])
        #expect(description.steps.map(\.status) == ["no worker"])
    }

    @Test func aShutdownGivesBackWhatItCannotFinish() async throws {
        let database = try await Database()
        try await database.deployTask("hang")
        let execution = try await database.start()
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let configuration = database.worker {
            $0.shutdownTimeout = .zero
            $0.lease = .seconds(3600)
        }
        let worker = Worker(configuration: configuration) {
            Function("hang") { (_: JSONValue) in
                begin.yield()
                try await Task.sleep(for: .seconds(3600))
            }
        }
        let running = Task { try await worker.run(handlesSignals: false) }
        for await _ in begun { break }
        running.cancel()
        try await running.value
        let end = try await database.withWorker {
            Function("hang") { (_: JSONValue) in "done" }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.output?.text == #""done""#)
        #expect(try await database.events(of: execution) == Database.oneTask)
        #expect(try await database.sql("select 1 from stepwell.workers").isEmpty)
    }

    @Test func everythingWorksWithoutNotifications() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "\#(Database.function("here"))", "Next": "There"},
            "There": {"Type": "Task", "Resource": "\#(Database.function("there"))", "Next": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": 1, "End": true}
            """#
        )
        let configuration = database.worker { $0.usesNotifications = false }
        let end = try await database.withWorker(configuration) {
            Function("here") { (_: JSONValue) in 1 }
        } body: {
            try await database.withWorker(configuration) {
                Function("there") { (number: Int) in number + 1 }
            } body: {
                try await database.end(of: database.start())
            }
        }
        #expect(end.output?.text == "2")
    }

    @Test func aWorkerOutlivesARestartOfTheDatabase() async throws {
        let cluster = try await TestCluster.start(settings: ["synchronous_commit = on"])
        let database = try await Database(on: cluster)
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "\#(Database.function("slow"))", "Next": "More"},
            "More": {"Type": "Task", "Resource": "\#(Database.function("slow"))", "End": true}
            """#
        )
        let calls = Atomic(0)
        // However slow the machine is, no lease ends meanwhile: so nothing may run twice.
        try await database.withWorker(database.worker { $0.lease = .seconds(600) }) {
            Function("slow") { (_: JSONValue) in
                calls.add(1, ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(300))
                return "slept"
            }
        } body: {
            let before = try await database.start()
            while calls.load(ordering: .relaxed) == 0 { try await Task.sleep(for: .milliseconds(10)) }
            try await cluster.stop(.immediate)
            try await cluster.start()
            #expect(try await database.end(of: before).status == .succeeded)
            let after = try await database.start()
            #expect(try await database.end(of: after).status == .succeeded)
        }
        #expect(calls.load(ordering: .relaxed) == 4)
    }

    @Test func aWorkerThatIsToldToStopNoLongerTriesToReachTheDatabase() async throws {
        let cluster = try await TestCluster.start()
        let database = try await Database(on: cluster)
        let log = Log()
        let configuration = database.worker {
            $0.shutdownTimeout = .seconds(3600)
            $0.logger = Logger(label: "test") { _ in log }
        }
        let worker = Worker(configuration: configuration) { Function("greet") { (_: JSONValue) in "hello" } }
        let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: Database.logger))
        let running = Task { try await group.run() }
        await log.hears("Worker is ready")
        try await cluster.stop(.immediate)
        await group.triggerGracefulShutdown()
        await log.hears("Worker is stopping")
        try await running.value
        #expect(await log.rest() == ["Worker has stopped"])
    }

    @Test func aWorkerWaitsForADatabaseThatIsNotThereYet() async throws {
        let cluster = try await TestCluster.start()
        let database = try await Database(on: cluster)
        try await database.deployTask("greet")
        let execution = try await database.start()
        try await cluster.stop()
        let end = try await database.withWorker {
            Function("greet") { (_: JSONValue) in "hello" }
        } body: {
            try await cluster.start()
            return try await database.end(of: execution)
        }
        #expect(end.output?.text == #""hello""#)
    }

    @Test func preparesBeforeItClaims() async throws {
        let database = try await Database()
        try await database.deployTask("count")
        let execution = try await database.start()
        let worker = Worker(configuration: database.worker()) {
            Function.transactional("count") { (_: JSONValue, _, transaction) in
                try await transaction.query("SELECT * FROM prepared").count
            }
        } prepare: { transaction in
            try await transaction.execute("CREATE TABLE prepared AS SELECT 1 AS n")
        }
        let running = Task { try await worker.run(handlesSignals: false) }
        #expect(try await database.end(of: execution).output?.text == "1")
        running.cancel()
        try await running.value
    }

    @Test func doesNotStartWithoutASchema() async throws {
        var configuration = WorkerConfiguration()
        configuration.database = try await TestCluster.shared().createDatabase().conninfo
        configuration.logger = Database.logger
        let worker = Worker(configuration: configuration)
        let error = await #expect(throws: WorkerError.self) { try await worker.run(handlesSignals: false) }
        #expect(error?.code == .schemaMismatch)
    }

    @Test(arguments: [
        [Function("twice") { (_: JSONValue) in }, Function("twice") { (_: JSONValue) in }],
        [Function("") { (_: JSONValue) in }],
        [Function("none", concurrency: 0) { (_: JSONValue) in }],
        [Function("short", timeout: .zero) { (_: JSONValue) in }],
    ])
    func refusesFunctionsThatMakeNoSense(_ functions: [Function]) async throws {
        let worker = Worker(configuration: WorkerConfiguration()) { functions }
        let error = await #expect(throws: WorkerError.self) { try await worker.run(handlesSignals: false) }
        #expect(error?.code == .configuration)
    }
}
