import JSON
import PostgresTestSupport
import Stepwell
import Store
import Testing

/// States that need more than a function: time, other executions, and someone who stops them.
@Suite struct StateTests {
    @Test func aChildExecutionIsStartedAndWaitedFor() async throws {
        let database = try await Database()
        try await database.deployTask("double", as: "Child")
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": true,
                     "Parameters": {"StateMachineArn": "Child", "Input.$": "$"}, "OutputPath": "$.Output"}
            """#
        )
        let end = try await database.withWorker {
            Function("double") { (number: Int) in number * 2 }
        } body: {
            try await database.end(of: database.start(input: 21))
        }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
        #expect(end.output?.text == "42")
    }

    @Test func anExecutionThatTakesTooLongIsEndedAndItsHandlerCancelled() async throws {
        let database = try await Database()
        let task = #"{"Type": "Task", "Resource": "\#(Database.function("hang"))", "End": true}"#
        _ = try await database.store.deploy(
            name: "Machine",
            definition: #"{"StartAt": "A", "TimeoutSeconds": 1, "States": {"A": \#(task)}}"#
        )
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
    }

    @Test(arguments: TestNetwork.losesNotifications ? [false] : [true, false])
    func stoppingAnExecutionCancelsItsHandler(_ usesNotifications: Bool) async throws {
        let database = try await Database()
        try await database.deployTask("hang")
        let (events, event) = AsyncStream.makeStream(of: String.self)
        let configuration = database.worker {
            $0.usesNotifications = usesNotifications
            // Without a notification the handler's end is noticed when its lease is extended.
            $0.lease = .seconds(usesNotifications ? 3600 : 1)
        }
        try await database.withWorker(configuration) {
            Function("hang") { (_: JSONValue, context: FunctionContext) in
                event.yield("begun")
                do {
                    try await Task.sleep(for: .seconds(3600))
                } catch {
                    let goesOn = (try? await context.heartbeat()) != nil
                    event.yield("cancelled \(goesOn)")
                }
            }
        } body: {
            let execution = try await database.start()
            var iterator = events.makeAsyncIterator()
            #expect(await iterator.next() == "begun")
            _ = try await database.store.stopExecution(execution, error: "Enough", cause: nil)
            #expect(await iterator.next() == "cancelled false")
            #expect(try await database.end(of: execution).status == .aborted)
        }
    }

    @Test func aFailingBranchCancelsItsSiblings() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "\#(Database.function("hang"))", "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "\#(Database.function("fail"))", "End": true}}}],
                "Catch": [{"ErrorEquals": ["Failure"], "Next": "Caught"}]},
            "Caught": {"Type": "Pass", "Result": "caught", "End": true}
            """#
        )
        struct Failure: Error {}
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (cancelled, cancel) = AsyncStream.makeStream(of: Void.self)
        let end = try await database.withWorker(database.worker { $0.lease = .seconds(3600) }) {
            Function("hang") { (_: JSONValue) in
                begin.yield()
                defer { cancel.yield() }
                try await Task.sleep(for: .seconds(3600))
            }
            Function("fail") { (_: JSONValue) in
                for await _ in begun { break }
                throw Failure()
            }
        } body: {
            let end = try await database.end(of: database.start())
            for await _ in cancelled { break }
            return end
        }
        #expect(end.output?.text == #""caught""#)
    }

    @Test func limitsHowManyCallsOfAFunctionRunAtOnce() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "A", "States": {
                "A": {"Type": "Task", "Resource": "\#(Database.function("free"))", "Next": "B"},
                "B": {"Type": "Task", "Resource": "\#(Database.function("limited"))", "End": true}}}}
            """#
        )
        let gauge = Gauge()
        let end = try await database.withWorker {
            Function("free") { (number: Int) in number }
            Function("limited", concurrency: 3) { (number: Int) in
                await gauge.enter()
                try await Task.sleep(for: .milliseconds(2))
                await gauge.leave()
                return number
            }
        } body: {
            try await database.end(of: database.start(input: .array((0..<60).map { .number(JSONNumber($0)) })))
        }
        #expect(try end.output?.value().array?.count == 60)
        #expect(await gauge.highest <= 3)
    }

    private actor Gauge {
        private var current = 0
        private(set) var highest = 0

        func enter() {
            current += 1
            highest = max(highest, current)
        }

        func leave() { current -= 1 }
    }
}
