import Interpreter
import JSON
import PeerTestSupport
import Postgres
import StatesLanguage
import Stepwell
import Store
import Testing

/// Tasks that call services by the endpoints in a worker's environment.
@Suite struct ServiceTaskTests {
    private static let send = #"""
        "Work": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true,
                 "Parameters": {"QueueUrl": "q", "MessageBody.$": "$"}}
        """#

    private static let sent: PeerReply = .answer(
        200,
        [("x-amzn-RequestId", "r-1"), ("Content-Type", "application/x-amz-json-1.0")],
        #"{"MessageId":"m-1"}"#
    )

    private func configuration(_ database: Database, _ environment: [String: String]) throws -> WorkerConfiguration {
        try database.worker(environment: environment)
    }

    private func details(_ database: Database, _ execution: String, _ type: String) async throws -> JSONValue? {
        try await database.store.history(execution).map(\.json)
            .first { $0["type"]?.string == type }
            .flatMap { event in event.object?.first { $0.key.hasSuffix("EventDetails") }?.value }
    }

    @Test func callIsMadeAndRecordedAsOnAWS() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { _ in Self.sent }
        let worker = try configuration(database, ["AWS_ENDPOINT_URL_SQS": server.url])
        let (end, execution) = try await database.withWorker(worker) {
            try await database.deploy(Self.send)
            let execution = try await database.start(input: ["n": 1])
            return (try await database.end(of: execution), execution)
        }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
        #expect(try end.output?.value()["MessageId"] == "m-1")
        #expect(server.requests.map(\.text) == [#"{"QueueUrl":"q","MessageBody":"{\"n\":1}"}"#])
        #expect(
            try await database.events(of: execution)
                == [
                    "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
                    "TaskStateExited", "ExecutionSucceeded",
                ]
        )
        let scheduled = try await details(database, execution, "TaskScheduled")
        #expect(scheduled?["resourceType"] == "sqs")
        #expect(scheduled?["resource"] == "sendMessage")
        #expect(scheduled?["region"] == "us-east-1")
        #expect(scheduled?["parameters"] == #"{"QueueUrl":"q","MessageBody":{"n":1}}"#)
        await server.stop()
    }

    @Test func refusalIsCaughtByItsName() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { _ in
            .answer(400, [("x-amzn-RequestId", "r")], #"{"__type":"ValidationException","message":"no"}"#)
        }
        let worker = try configuration(database, ["AWS_ENDPOINT_URL": server.url])
        let (end, execution) = try await database.withWorker(worker) {
            try await database.deploy(
                #"""
                "Work": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:secretsmanager:createSecret",
                         "Parameters": {"Name": "a b"}, "End": true,
                         "Catch": [{"ErrorEquals": ["SecretsManager.SecretsManagerException"], "Next": "Caught"}]},
                "Caught": {"Type": "Pass", "End": true}
                """#
            )
            let execution = try await database.start()
            return (try await database.end(of: execution), execution)
        }
        let cause = "no (Service: SecretsManager, Status Code: 400, Request ID: r)"
        #expect(
            try end.output?.value() == ["Error": "SecretsManager.SecretsManagerException", "Cause": .string(cause)]
        )
        let failed = try await details(database, execution, "TaskFailed")
        #expect(failed?["resourceType"] == "aws-sdk:secretsmanager")
        #expect(failed?["cause"] == .string(cause))
        await server.stop()
    }

    @Test func taskWaitsForWhoeverGetsTheMessage() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { _ in Self.sent }
        let worker = try configuration(database, ["AWS_ENDPOINT_URL_SQS": server.url])
        let (end, execution) = try await database.withWorker(worker) {
            try await database.deploy(
                #"""
                "Work": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                         "End": true, "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}}
                """#
            )
            let execution = try await database.start()
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            let body = try JSONValue(parsing: server.requests[0].text)["MessageBody"]?.string ?? ""
            let token = try JSONValue(parsing: body)["token"]?.string ?? ""
            _ = try await database.sql("select stepwell.send_task_success($1, '\"done\"')", [.text(token)])
            return (try await database.end(of: execution), execution)
        }
        #expect(end.output?.text == #""done""#)
        #expect(try await database.events(of: execution).contains("TaskSubmitted"))
        await server.stop()
    }

    @Test func serviceThatNobodyCanCallIsSaidToBeMissing() async throws {
        let database = try await Database()
        let warnings = try await database.store
            .deploy(
                name: "Machine",
                definition: #"{"StartAt": "Work", "States": {\#(Self.send)}}"#
            )
            .warnings
        #expect(warnings.map(\.location) == ["/States/Work/Resource"])
        #expect(warnings.map(\.severity) == [.warning])
        let end = try await database.withWorker {
            try await database.end(of: database.start())
        }
        #expect(end.status == .failed)
        #expect(end.error == "States.Runtime")
        #expect(end.cause?.contains("sqs") == true)
    }

    @Test func workerWithoutTheEndpointLeavesTheCallToOneThatHasIt() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { _ in Self.sent }
        try await database.store.offerServices([ServiceTaskTests.offer])
        let warnings = try await database.store
            .deploy(
                name: "Machine",
                definition: #"{"StartAt": "Work", "States": {\#(Self.send)}}"#
            )
            .warnings
        #expect(warnings.isEmpty)
        let execution = try await database.start()
        try await database.withWorker {
            while try await database.sql("select from stepwell.steps where function = $1", [.text(Self.offer)]).isEmpty
            {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        #expect(server.requests.isEmpty)
        let worker = try configuration(database, ["AWS_ENDPOINT_URL_SQS": server.url])
        let end = try await database.withWorker(worker) { try await database.end(of: execution) }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
        #expect(server.requests.count == 1)
        await server.stop()
    }

    private static let offer = "service:sqs"

    @Test func callThatWasCutShortIsMadeAgainWithTheSameKey() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { request in
            request.text.contains("first") ? .silence : Self.sent
        }
        let worker = try configuration(
            database,
            ["AWS_ENDPOINT_URL": server.url, "STEPWELL_SHUTDOWN_SECONDS": "0"]
        )
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:secretsmanager:createSecret", "End": true,
                     "Parameters": {"Name.$": "$.name"}}
            """#
        )
        let execution = try await database.start(input: ["name": "first"])
        for count in 1...2 {
            try await database.withWorker(worker) {
                while server.requests.count < count { try await Task.sleep(for: .milliseconds(10)) }
            }
        }
        let keys = try server.requests.map { try JSONValue(parsing: $0.text)["ClientRequestToken"]?.string }
        #expect(keys.count >= 2)
        #expect(Set(keys).count == 1)
        #expect(keys[0] != nil)
        #expect(try await database.store.describe(execution).status == .running)
        await server.stop()
    }

    @Test func silentServiceTimesOutWithItsState() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { _ in .silence }
        let worker = try configuration(database, ["AWS_ENDPOINT_URL_SQS": server.url])
        let end = try await database.withWorker(worker) {
            try await database.deploy(
                #"""
                "Work": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSeconds": 1,
                         "Parameters": {"QueueUrl": "q"}, "End": true}
                """#
            )
            return try await database.end(of: database.start())
        }
        #expect(end.status == .failed)
        #expect(end.error == "States.Timeout")
        await server.stop()
    }

    // MARK: Lambda's endpoint

    @Test func functionThatNoWorkerOffersIsInvokedAtTheEndpoint() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { request in
            .answer(200, [("X-Amz-Executed-Version", "$LATEST")], #"{"echo":\#(request.text)}"#)
        }
        let worker = try configuration(database, ["AWS_ENDPOINT_URL_LAMBDA": server.url])
        let (end, execution) = try await database.withWorker(worker) {
            try await database.deploy(
                #"""
                "Work": {"Type": "Task", "Resource": "\#(Database.function("elsewhere"))", "Next": "Wrapped"},
                "Wrapped": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
                            "Parameters": {"FunctionName": "elsewhere", "Payload.$": "$"}, "OutputPath": "$.Payload"}
                """#
            )
            let execution = try await database.start(input: ["n": 1])
            return (try await database.end(of: execution), execution)
        }
        #expect(try end.output?.value() == ["echo": ["echo": ["n": 1]]])
        #expect(server.requests.first?.target == "/2015-03-31/functions/elsewhere/invocations")
        #expect(try await database.events(of: execution).contains("LambdaFunctionSucceeded"))
        await server.stop()
    }

    @Test func whatTheFunctionThrowsIsTheError() async throws {
        let database = try await Database()
        let payload = #"{"errorMessage": "no stock", "errorType": "OutOfStock"}"#
        let server = try await LoopbackServer.start { _ in
            .answer(200, [("X-Amz-Function-Error", "Unhandled")], payload)
        }
        let worker = try configuration(database, ["AWS_ENDPOINT_URL_LAMBDA": server.url])
        let end = try await database.withWorker(worker) {
            try await database.deployTask("elsewhere")
            return try await database.end(of: database.start())
        }
        #expect(end.error == "OutOfStock")
        #expect(end.cause == payload)
        await server.stop()
    }

    @Test func functionOfAWorkerStaysThere() async throws {
        let database = try await Database()
        let server = try await LoopbackServer.start { _ in .answer(200, [], #""lambda""#) }
        let bare = Worker(configuration: try configuration(database, ["AWS_ENDPOINT_URL_LAMBDA": server.url]))
        let end = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await bare.run(handlesSignals: false) }
            let end = try await database.withWorker {
                Function("here") { (_: JSONValue) in "worker" }
            } body: {
                let offered = "select from stepwell.workers where 'here' = any (functions)"
                while try await database.sql(offered).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
                try await database.deployTask("here")
                var end = try await database.end(of: database.start())
                for _ in 0..<20 { end = try await database.end(of: database.start()) }
                return end
            }
            group.cancelAll()
            return end
        }
        #expect(end.output?.text == #""worker""#)
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test(arguments: [
        ["AWS_ENDPOINT_URL": "nowhere"], ["AWS_ACCESS_KEY_ID": "a"], ["STEPWELL_HTTP_ALLOW": "localhost"],
        ["STEPWELL_CONNECTIONS_FILE": "/nonexistent/connections.json"],
    ])
    func settingsMustMakeSense(_ environment: [String: String]) async throws {
        let database = try await Database()
        let worker = Worker(configuration: try configuration(database, environment))
        await #expect(throws: WorkerError.self) { try await worker.run(handlesSignals: false) }
    }
}
