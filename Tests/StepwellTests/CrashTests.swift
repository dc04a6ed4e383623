import Foundation
import JSON
import Postgres
import Stepwell
import Store
import Synchronization
import Testing

/// What happens when worker processes die.
@Suite struct CrashTests {
    private func start(_ database: Database, name: String? = nil, lease: Int = 1) async throws -> FixtureProcess {
        var environment = [
            "DATABASE_URL": database.configuration.conninfo, "STEPWELL_LEASE_SECONDS": "\(lease)",
            "STEPWELL_SHUTDOWN_SECONDS": "1", "SWIFT_BACKTRACE": "enable=no",
        ]
        environment["STEPWELL_WORKER_NAME"] = name
        return try await FixtureProcess(environment: environment)
    }

    @Test func anotherWorkerFinishesWhatAKilledOneBegan() async throws {
        let database = try await Database()
        try await database.deployTask("hang")
        let execution = try await database.start()
        let process = try await start(database)
        await process.hears("hang")
        try await process.end(SIGKILL)
        let end = try await database.withWorker {
            Function("hang") { (_: JSONValue, context: FunctionContext) in context.attempt }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.output?.text == "1")
        #expect(try await database.events(of: execution) == Database.oneTask)
    }

    @Test func aRestartUnderTheSameNameTakesOverAtOnce() async throws {
        let database = try await Database()
        try await database.deployTask("hang")
        let execution = try await database.start()
        // With a lease of an hour nothing but the name can bring the step back.
        let name = "takeover-\(UUID())"
        let process = try await start(database, name: name, lease: 3600)
        await process.hears("hang")
        try await process.end(SIGKILL)
        let configuration = database.worker { $0.name = name }
        let end = try await database.withWorker(configuration) {
            Function("hang") { (_: JSONValue) in "done" }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.output?.text == #""done""#)
        #expect(try await database.events(of: execution) == Database.oneTask)
    }

    @Test func leasesAreKeptWhileAllSharedThreadsCompute() async throws {
        let database = try await Database()
        try await database.deployTask("hog")
        let execution = try await database.start(input: 3)
        let process = try await start(database)
        // The first call's answer: it was not taken for lost although it took three leases.
        let end = try await database.end(of: execution)
        #expect(end.output?.text == "1", "\(end.cause ?? "")")
        try await process.end(SIGKILL)
    }

    @Test func aNameBelongsToOneLivingProcess() async throws {
        let database = try await Database()
        let name = "single-\(UUID())"
        try await database.deployTask("hang")
        _ = try await database.start()
        let process = try await start(database, name: name)
        await process.hears("hang")
        let error = await #expect(throws: WorkerError.self) {
            try await Worker(configuration: database.worker { $0.name = name }).run(handlesSignals: false)
        }
        #expect(error?.code == .nameTaken)
        #expect(try await process.end(SIGTERM) == 0)
    }

    @Test func aTransactionalHandlerTakesEffectOnceDespiteACrash() async throws {
        let database = try await Database()
        _ = try await database.sql("create table effects (key text, attempt bigint)")
        try await database.deployTask("insert")
        let execution = try await database.start()
        let process = try await start(database)
        await process.hears("insert")
        try await process.end(SIGKILL)
        let end = try await database.withWorker {
            Function.transactional("insert") { (_: JSONValue, context, transaction) in
                try await transaction.execute(
                    "INSERT INTO effects (key, attempt) VALUES ($1, $2)",
                    context.idempotencyKey,
                    context.attempt
                )
            }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.status == .succeeded)
        #expect(try await database.sql("select 1 from effects").count == 1)
        #expect(try await database.events(of: execution) == Database.oneTask)
    }

    @Test func aProcessThatWasFrozenComesTooLate() async throws {
        let database = try await Database()
        try await database.deployTask("slow")
        let execution = try await database.start()
        let process = try await start(database)
        await process.hears("slow")
        process.send(SIGSTOP)
        let end = try await database.withWorker {
            Function("slow") { (_: JSONValue) in "the other" }
        } body: {
            try await database.end(of: execution)
        }
        process.send(SIGCONT)
        // It has lost the step and goes on with its work.
        let next = try await database.end(of: database.start())
        #expect(next.output?.text == #""the process""#)
        #expect(try await process.end(SIGTERM) == 0)
        #expect(end.output?.text == #""the other""#)
        #expect(try await database.store.describe(execution).output?.text == #""the other""#)
        #expect(try await database.events(of: execution) == Database.oneTask)
    }

    @Test func whatAWorkerWasLostWithRunsBesideItsLikeAndAfterASecondLossAlone() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Hang", "States": {
                "Hang": {"Type": "Task", "Resource": "\#(Database.function("hang"))", "End": true}}}}
            """#,
            as: "Work"
        )
        let execution = try await database.start("Work", input: JSONValue.array(Array(repeating: .null, count: 40)))
        let name = "company-\(UUID())"
        for company in [40, 32] {
            let process = try await start(database, name: name, lease: 3600)
            for _ in 0..<company { await process.hears("hang") }
            try await process.end(SIGKILL)
        }
        let running = Mutex((now: 0, most: 0))
        let configuration = database.worker { $0.name = name }
        let end = try await database.withWorker(configuration) {
            Function("hang") { (_: JSONValue) in
                running.withLock { count in
                    count.now += 1
                    count.most = max(count.most, count.now)
                }
                try await Task.sleep(for: .milliseconds(5))
                running.withLock { $0.now -= 1 }
            }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
        // Eight were never begun by the second process; the others run one at a time.
        #expect(running.withLock(\.most) <= 8)
    }

    @Test(arguments: ["pill", "trap"])
    func aHandlerThatEndsTheProcessFailsItsTaskAndNobodyElses(_ function: String) async throws {
        let database = try await Database()
        try await database.deployTask("nap", as: "Nap")
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "\#(Database.function(function))", "End": true,
                     "Catch": [{"ErrorEquals": ["Runtime.ExitError"], "Next": "Caught"}]},
            "Caught": {"Type": "Pass", "Result": "caught", "End": true}
            """#,
            as: "Pill"
        )
        var neighbours: [String] = []
        for _ in 0..<60 { neighbours.append(try await database.start("Nap", input: 1)) }
        let pill = try await database.start("Pill", input: [])
        for _ in 0..<60 { neighbours.append(try await database.start("Nap", input: 2)) }

        let name = "poison-\(UUID())"
        let supervisor = Task {
            var deaths = 0
            while !Task.isCancelled {
                let process = try await start(database, name: name)
                let status = try await withTaskCancellationHandler {
                    try await process.exitStatus()
                } onCancel: {
                    process.send(SIGTERM)
                }
                if status > 0 { deaths += 1 }
            }
            return deaths
        }
        let end = try await database.end(of: pill)
        #expect(end.output?.text == #""caught""#)
        for neighbour in neighbours {
            let end = try await database.end(of: neighbour)
            #expect(end.status == .succeeded)
        }
        supervisor.cancel()
        // Once among others, once among suspects, and twice alone.
        let deaths = try await supervisor.value
        #expect(deaths == 4)
    }
}
