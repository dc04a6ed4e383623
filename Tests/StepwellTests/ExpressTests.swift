import Expressions
import Foundation
import JSON
import Logging
import Postgres
import PostgresTestSupport
import StatesLanguage
import Stepwell
import Store
import Synchronization
import Testing

/// Express executions: in the memory of one worker, from their start to their end.
@Suite struct ExpressTests {
    /// A database with an express state machine, given as the inside of its `States`.
    private func database(_ states: String, _ fields: String = "") async throws -> Database {
        let database = try await Database()
        let definition = #"{"StartAt": "Work", \#(fields) "States": {\#(states)}}"#
        _ = try await database.store.deploy(name: "Machine", definition: definition, type: .express)
        return database
    }

    private static func task(_ function: String, _ more: String = #""End": true"#) -> String {
        #"{"Type": "Task", "Resource": "\#(Database.function(function))", \#(more)}"#
    }

    private static func expectNoTraces(in database: Database) async throws {
        for table in ["history", "steps", "map_items", "results", "outbox"] {
            let count = try await database.sql("select count(*)::int from stepwell.\(table)").only().int(0)
            #expect(count == 0, "\(table)")
        }
    }

    /// Starts an execution as StartSyncExecution does.
    private static func startOnce(_ database: Database) async throws -> String {
        let request = StartRequest(stateMachine: "Machine", name: nil, input: JSONDocument(1), runsOnce: true)
        return try await database.store.startExecutions([request])[0].get().arn
    }

    private static func worker(on database: Database) async throws -> FixtureProcess {
        try await FixtureProcess(environment: [
            "DATABASE_URL": database.configuration.conninfo, "STEPWELL_LEASE_SECONDS": "1",
            "STEPWELL_SHUTDOWN_SECONDS": "1", "SWIFT_BACKTRACE": "enable=no",
        ])
    }

    @Test func runsChainsBranchesIterationsAndCatchersInMemory() async throws {
        let database = try await database(
            #"""
            "Work": \#(Self.task("add", #""Next": "Both""#)),
            "Both": {"Type": "Parallel", "Next": "Each", "Branches": [
                {"StartAt": "A", "States": {"A": \#(Self.task("add"))}},
                {"StartAt": "B", "States": {"B": \#(Self.task("add", #""Next": "B2""#)), "B2": \#(Self.task("add"))}}]},
            "Each": {"Type": "Map", "Next": "Break", "MaxConcurrency": 1,
                "ItemSelector": {"item.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "all.$": "$"},
                "ItemProcessor": {"StartAt": "M", "States": {"M": {"Type": "Pass", "End": true}}}},
            "Break": {"Type": "Parallel", "End": true, "ResultPath": "$[2]", "Branches": [
                {"StartAt": "Hang", "States": {"Hang": \#(Self.task("hang"))}},
                {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}}}],
                "Catch": [{"ErrorEquals": ["Broken"], "Next": "Caught", "ResultPath": "$[1]"}]},
            "Caught": {"Type": "Succeed"}
            """#
        )
        let (execution, end) = try await database.withWorker {
            Function("add") { (number: Int) in number + 1 }
            Function("hang") { (_: JSONValue) in try await Task.sleep(for: .seconds(3600)) }
        } body: {
            let execution = try await database.start(input: 0)
            return (execution, try await database.end(of: execution))
        }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
        #expect(
            end.output?.text
                == #"[{"item":2,"index":0,"all":[2,3]},{"Error":"Broken","Cause":"on purpose"}]"#,
            "\(end.output?.text ?? "")"
        )
        #expect(try await database.events(of: execution) == ["ExecutionStarted"])
        try await Self.expectNoTraces(in: database)
    }

    @Test func aFailureHasErrorAndCause() async throws {
        let database = try await database(#""Work": \#(Self.task("fail"))"#)
        struct Failure: Error {}
        let end = try await database.withWorker {
            Function("fail") { (_: JSONValue) in throw Failure() }
        } body: {
            try await database.end(of: database.start())
        }
        #expect(end.status == .failed)
        #expect(end.error == "Failure")
        try await Self.expectNoTraces(in: database)
    }

    @Test func retriesWaitsAndTimeOutsAreKeptInMemory() async throws {
        let database = try await database(
            #"""
            "Work": \#(Self.task("flaky", #""Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}], "Next": "Rest""#)),
            "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Hang"},
            "Hang": \#(Self.task("hang", #""TimeoutSeconds": 1, "Next": "Beat", "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Beat"}]"#)),
            "Beat": \#(Self.task("hang", #""TimeoutSeconds": 60, "HeartbeatSeconds": 1, "End": true, "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Caught"}]"#)),
            "Caught": {"Type": "Pass", "Result": "caught", "End": true}
            """#
        )
        struct Flaky: Error {}
        let keys = Mutex<[String]>([])
        // If its lease were lost it would be run again, from its start.
        let end = try await database.withWorker(database.worker { $0.lease = .seconds(3600) }) {
            Function("flaky") { (_: JSONValue, context: FunctionContext) in
                keys.withLock { $0.append(context.idempotencyKey) }
                guard context.attempt > 1 else { throw Flaky() }
                return context.attempt
            }
            Function("hang") { (_: JSONValue) in try await Task.sleep(for: .seconds(3600)) }
        } body: {
            try await database.end(of: database.start())
        }
        #expect(end.output?.text == #""caught""#, "\(end.cause ?? "")")
        #expect(keys.withLock { $0.count } == 2)
        #expect(keys.withLock { Set($0).count } == 1)
        let time = end.summary.startedAt.microseconds.distance(to: end.summary.stoppedAt?.microseconds ?? 0)
        #expect(time >= 4_000_000)
        try await Self.expectNoTraces(in: database)
    }

    @Test func anExecutionThatTakesTooLongIsEndedAndItsHandlerCancelled() async throws {
        let database = try await database(#""Work": \#(Self.task("hang"))"#, #""TimeoutSeconds": 1,"#)
        let (cancelled, cancel) = AsyncStream.makeStream(of: Void.self)
        let end = try await database.withWorker(database.worker { $0.lease = .seconds(3600) }) {
            Function("hang") { (_: JSONValue) in
                defer { cancel.yield() }
                try await Task.sleep(for: .seconds(3600))
            }
        } body: {
            let end = try await database.end(of: database.start())
            for await _ in cancelled { break }
            return end
        }
        #expect(end.status == .timedOut)
        #expect(end.error == "States.Timeout")
        try await Self.expectNoTraces(in: database)
    }

    @Test func stoppingAnExecutionCancelsItsHandlers() async throws {
        let database = try await database(
            #"""
            "Work": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": \#(Self.task("hang"))}},
                {"StartAt": "B", "States": {"B": \#(Self.task("hang"))}}]}
            """#
        )
        let (events, event) = AsyncStream.makeStream(of: String.self)
        let lease: Duration = TestNetwork.losesNotifications ? .seconds(1) : .seconds(3600)
        try await database.withWorker(database.worker { $0.lease = lease }) {
            Function("hang") { (_: JSONValue) in
                event.yield("begun")
                defer { event.yield("cancelled") }
                try await Task.sleep(for: .seconds(3600))
            }
        } body: {
            let execution = try await database.start()
            var iterator = events.makeAsyncIterator()
            for word in ["begun", "begun"] { #expect(await iterator.next() == word) }
            _ = try await database.store.stopExecution(execution)
            for word in ["cancelled", "cancelled"] { #expect(await iterator.next() == word) }
            #expect(try await database.end(of: execution).status == .aborted)
        }
    }

    @Test func afterACrashTheExecutionBeginsAgain() async throws {
        let database = try await database(
            #""Work": \#(Self.task("nap", #""Next": "Hang""#)), "Hang": \#(Self.task("hang"))"#
        )
        let execution = try await database.start(input: 7)
        let process = try await Self.worker(on: database)
        await process.hears("hang")
        try await process.end(SIGKILL)
        let naps = Atomic(0)
        let end = try await database.withWorker {
            Function("nap") { (event: JSONValue) in
                naps.wrappingAdd(1, ordering: .relaxed)
                return event
            }
            Function("hang") { (event: JSONValue) in event }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.output?.text == "7")
        #expect(naps.load(ordering: .relaxed) == 1)
        try await Self.expectNoTraces(in: database)
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func whatSomebodyWaitsForIsNotBegunAgain(_ signal: Int32) async throws {
        let database = try await database(#""Work": \#(Self.task("hang"))"#)
        let execution = try await Self.startOnce(database)
        let process = try await Self.worker(on: database)
        await process.hears("hang")
        try await process.end(signal)
        let end = try await database.withWorker {
            Function("hang") { (_: JSONValue) in "again" }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.status == .failed)
        #expect(end.error == "States.Runtime")
        #expect(end.cause?.contains("at most once") == true)
    }

    @Test func anExecutionThatKillsItsWorkersFails() async throws {
        let database = try await database(#""Work": \#(Self.task("pill"))"#)
        let execution = try await database.start()
        let supervisor = Task {
            while !Task.isCancelled {
                let process = try await Self.worker(on: database)
                _ = try await withTaskCancellationHandler {
                    try await process.exitStatus()
                } onCancel: {
                    process.send(SIGTERM)
                }
            }
        }
        let end = try await database.end(of: execution)
        supervisor.cancel()
        #expect(end.status == .failed)
        #expect(end.error == "Runtime.ExitError")
        _ = try await supervisor.value
    }

    @Test func functionsOfOtherWorkersAreCalled() async throws {
        let database = try await database(
            #"""
            "Work": \#(Self.task("here", #""Next": "There""#)),
            "There": \#(Self.task("there", #""Next": "Fails""#)),
            "Fails": \#(Self.task("fails", #""End": true, "Catch": [{"ErrorEquals": ["Failure"], "Next": "Caught", "ResultPath": null}]"#)),
            "Caught": {"Type": "Succeed"}
            """#
        )
        struct Failure: Error {}
        let end = try await database.withWorker {
            Function("here") { (number: Int) in number + 1 }
        } body: {
            try await database.withWorker {
                Function("there") { (number: Int) in number * 10 }
                Function("fails") { (_: JSONValue) in throw Failure() }
            } body: {
                try await database.end(of: database.start(input: 4))
            }
        }
        #expect(end.output?.text == "50", "\(end.cause ?? "")")
    }

    @Test func whatWaitsTakesUpNoSlot() async throws {
        let database = try await database(
            #"""
            "Work": {"Type": "Choice", "Choices": [{"Variable": "$", "BooleanEquals": true, "Next": "Rest"}],
                     "Default": "Quick"},
            "Rest": {"Type": "Wait", "Seconds": 200, "Next": "Quick"},
            "Quick": \#(Self.task("quick"))
            """#
        )
        try await database.withWorker(database.worker { $0.concurrency = 1 }) {
            Function("quick") { (event: JSONValue) in event }
        } body: {
            let slow = try await database.start(input: true)
            while try await database.sql("select count(*)::int from stepwell.steps where status = 'l'").only().int(0)
                == 0
            {
                try await Task.sleep(for: .milliseconds(10))
            }
            let quick = try await database.end(of: database.start(input: false))
            #expect(try await database.store.describe(slow).summary.status == .running)
            #expect(quick.status == .succeeded)
            _ = try await database.store.stopExecution(slow)
        }
    }

    @Test func limitsHowManyCallsOfAFunctionRunAtOnce() async throws {
        let database = try await database(
            #"""
            "Work": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "A", "States": {
                "A": \#(Self.task("limited"))}}}
            """#
        )
        let running = Mutex((now: 0, most: 0))
        let end = try await database.withWorker {
            Function("limited", concurrency: 3) { (number: Int) in
                running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                // As many as may run do run together at first, however busy the machine is.
                while running.withLock({ $0.most }) < 3 { try await Task.sleep(for: .milliseconds(1)) }
                try await Task.sleep(for: .milliseconds(2))
                running.withLock { $0.now -= 1 }
                return number
            }
        } body: {
            try await database.end(of: database.start(input: .array((0..<60).map { .number(JSONNumber($0)) })))
        }
        #expect(end.output?.text == "[" + (0..<60).map(String.init).joined(separator: ",") + "]")
        #expect(running.withLock { $0.most } == 3)
    }

    @Test func transactionsAreCommittedWithTheirCall() async throws {
        let database = try await database(
            #"""
            "Work": \#(Self.task("write", #""Next": "Fails""#)),
            "Fails": \#(Self.task("fails", #""End": true, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]"#)),
            "Caught": {"Type": "Pass", "Result": "caught", "End": true}
            """#
        )
        _ = try await database.sql("create table effects (value int)")
        struct Failure: Error {}
        let end = try await database.withWorker {
            Function.transactional("write") { (value: Int, _, transaction) in
                try await transaction.execute("INSERT INTO effects VALUES ($1)", value)
            }
            Function.transactional("fails") { (_: JSONValue, _, transaction) in
                try await transaction.execute("INSERT INTO effects VALUES (0)")
                throw Failure()
            }
        } body: {
            try await database.end(of: database.start(input: 5))
        }
        #expect(end.output?.text == #""caught""#)
        let effects = try await database.sql("select value from effects").map { try $0.int(0) }
        #expect(effects == [5])
    }

    @Test func otherExecutionsAreStartedAndNotWaitedFor() async throws {
        let database = try await database(
            #"""
            "Work": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Next": "Missing",
                     "Parameters": {"StateMachineArn": "Child", "Input.$": "$"}, "ResultPath": null},
            "Missing": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
                     "Parameters": {"StateMachineArn": "Nowhere"},
                     "Catch": [{"ErrorEquals": ["StepFunctions.StateMachineDoesNotExistException"], "Next": "Caught",
                                "ResultPath": null}]},
            "Caught": {"Type": "Succeed"}
            """#
        )
        try await database.deploy(#""Work": {"Type": "Succeed"}"#, as: "Child")
        let end = try await database.withWorker {
        } body: {
            let end = try await database.end(of: database.start(input: 5))
            let child = try await database.sql("select name from stepwell.executions order by started_at desc limit 1")
            #expect(try await database.end(of: "Child:\(child.only().text(0))").output?.text == "5")
            return end
        }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
    }

    @Test func childrenOfAMapRunMayBeExpress() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Map", "End": true, "Label": "L", "ToleratedFailureCount": 2, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "Item", "States": {"Item": \#(Self.task("double", #""Next": "More""#)),
                                              "More": \#(Self.task("double"))}}}
            """#
        )
        struct Unlucky: Error {}
        let end = try await database.withWorker {
            Function("double") { (number: Int) in
                guard number != 26 else { throw Unlucky() }
                return number * 2
            }
        } body: {
            try await database.end(of: database.start(input: .array((0..<50).map { .number(JSONNumber($0)) })))
        }
        #expect(end.status == .succeeded)
        let counts = try await database.sql(
            """
            select status, count(*)::int from stepwell.executions where map_run is not null group by 1 order by 1
            """
        )
        #expect(try counts.map { try "\($0.text(0)) \($0.int(1))" } == ["FAILED 2", "SUCCEEDED 48"])
        let recorded = try await database.sql(
            """
            select count(*)::int from stepwell.history h
            join stepwell.executions e on e.bucket = h.bucket and e.id = h.execution
            where e.map_run is not null
            """
        )
        #expect(try recorded.only().int(0) == 0)
        try await MapRunTests.expectNothingLeft(in: database)
    }

    @Test func theHistoryGoesToTheLogAsFarAsTheStateMachineSays() async throws {
        let database = try await Database()
        let definition = try ValidDefinition(
            #"{"StartAt": "Work", "States": {"Work": {"Type": "Pass", "End": true}}}"#,
            type: .express
        )
        _ = try await database.store.createStateMachine(
            NewStateMachine(
                name: "Machine",
                type: .express,
                definition: definition,
                roleARN: "arn:aws:iam::000000000000:role/r",
                configuration: ["loggingConfiguration": ["level": "ALL", "includeExecutionData": false]]
            )
        )
        let lines = LogLines()
        let configuration = database.worker {
            $0.logger = Logger(label: "test") { _ in lines }
            $0.logger.logLevel = .info
        }
        try await database.withWorker(configuration) {
        } body: {
            _ = try await database.end(of: database.start(input: "secret"))
        }
        let events = lines.events
        #expect(
            events.compactMap { $0["type"]?.string }
                == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
        )
        #expect(events.compactMap { $0["id"]?.string } == ["1", "2", "3", "4"])
        #expect(events.allSatisfy { !$0.text.contains("secret") })
    }

    /// The events among what a worker logs.
    private final class LogLines: LogHandler, Sendable {
        private let lines = Mutex<[JSONValue]>([])
        var events: [JSONValue] { lines.withLock(\.self) }
        var logLevel: Logger.Level {
            get { .info }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            guard let text = event.metadata?["event"], let json = try? JSONValue(parsing: "\(text)") else { return }
            lines.withLock { $0.append(json) }
        }
    }
}
