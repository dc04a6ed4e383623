import Foundation
import JSON
import Postgres
import Stepwell
import Store
import Synchronization
import Testing

/// `.waitForTaskToken` with real workers.
@Suite struct TaskTokenTests {
    private func deploy(_ database: Database, _ more: String = "") async throws {
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", \#(more)
                "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}, "End": true}
            """#
        )
    }

    private static let answered = [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
        "TaskStateExited", "ExecutionSucceeded",
    ]

    @Test func anAnswerEndsTheWait() async throws {
        let database = try await Database()
        try await deploy(database)
        let (tokens, continuation) = AsyncStream.makeStream(of: String.self)
        let end = try await database.withWorker {
            Function("ask") { (event: [String: String]) in continuation.yield(event["token"] ?? "") }
        } body: {
            let execution = try await database.start()
            var iterator = tokens.makeAsyncIterator()
            let token = try #require(await iterator.next())
            while try await database.events(of: execution).last != "TaskSubmitted" { await Task.yield() }
            try await database.store.sendTaskSuccess(token: token, output: JSONDocument(["approved": true]))
            return try await database.end(of: execution)
        }
        #expect(end.output?.text == #"{"approved":true}"#)
        #expect(try await database.events(of: end.summary.arn) == Self.answered)
    }

    @Test func theHandlerItselfMayAnswer() async throws {
        let database = try await Database()
        try await deploy(database)
        let store = database.store
        let end = try await database.withWorker {
            Function("ask") { (event: [String: String]) in
                try await store.sendTaskSuccess(token: event["token"] ?? "", output: JSONDocument("at once"))
                return "sent"
            }
        } body: {
            try await database.end(of: try await database.start())
        }
        #expect(end.output?.text == #""at once""#)
        #expect(try await database.events(of: end.summary.arn) == Self.answered)
    }

    @Test func aTokenOutlivesTheProcessThatHandedItOn() async throws {
        let database = try await Database()
        try await deploy(database)
        let process = try await FixtureProcess(
            environment: [
                "DATABASE_URL": database.configuration.conninfo, "STEPWELL_LEASE_SECONDS": "1",
                "SWIFT_BACKTRACE": "enable=no",
            ]
        )
        let execution = try await database.start()
        let token = await process.hears("ask")
        try await process.end(SIGKILL)
        try await database.store.sendTaskSuccess(token: token, output: JSONDocument("still good"))
        // Nobody offers the function any more, and nobody has to.
        let end = try await database.withWorker { try await database.end(of: execution) }
        #expect(end.output?.text == #""still good""#)
    }

    @Test func withoutAnswerItTimesOut() async throws {
        let database = try await Database()
        try await deploy(database, #""TimeoutSeconds": 2, "HeartbeatSeconds": 1,"#)
        let end = try await database.withWorker {
            Function("ask") { (_: JSONValue) in "sent" }
        } body: {
            try await database.end(of: try await database.start())
        }
        #expect(end.error == "States.Timeout")
        #expect(try await database.events(of: end.summary.arn).suffix(2) == ["TaskTimedOut", "ExecutionFailed"])
    }

    @Test func aFunctionIsFoundByANameThatIsComputed() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "OutputPath": "$.Payload",
                "Parameters": {"FunctionName.$": "$.function", "Payload.$": "$.payload"}, "End": true}
            """#
        )
        // The first worker may claim the step; only the second has the function.
        let end = try await database.withWorker {
            Function("other") { (_: JSONValue) in "other" }
        } body: {
            try await database.withWorker {
                Function("wanted") { (number: Int) in number + 1 }
            } body: {
                let input: JSONValue = [
                    "function": "arn:aws:lambda:eu-west-1:123456789012:function:wanted:$LATEST", "payload": 41,
                ]
                return try await database.end(of: try await database.start(input: input))
            }
        }
        #expect(end.output?.text == "42")
    }
}
