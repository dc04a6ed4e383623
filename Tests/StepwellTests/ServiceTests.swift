import Expressions
import Foundation
import JSON
import Postgres
import Stepwell
import Store
import Testing

/// Activities, `aws-sdk:sfn` and child executions with real workers.
@Suite struct ServiceTests {
    private static let activity = "arn:aws:states:us-east-1:000000000000:activity:approve"

    private func service(_ action: String, _ parameters: String, _ more: String = #""End": true"#) -> String {
        #"""
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:\#(action)", "Parameters": {\#(parameters)}, \#(more)}
        """#
    }

    @Test func anExecutionCanServeAnActivity() async throws {
        let database = try await Database()
        _ = try await database.store.createActivity("approve")
        try await database.deploy(#""Work": {"Type": "Task", "Resource": "\#(Self.activity)", "End": true}"#)
        try await database.deploy(
            #"""
            "Work": \#(service("getActivityTask", #""ActivityArn": "\#(Self.activity)", "WorkerName": "machine""#,
                #""Next": "Answer""#)),
            "Answer": \#(service("sendTaskSuccess", #""TaskToken.$": "$.TaskToken", "Output.$": "$.Input""#))
            """#,
            as: "Server"
        )
        let (end, server) = try await database.withWorker {
            let server = try await database.start("Server")
            let execution = try await database.start(input: ["id": 7])
            return (try await database.end(of: execution), try await database.end(of: server))
        }
        #expect(end.output?.text == #"{"id":7}"#)
        #expect(server.output?.text == "{}")
        #expect(
            try await database.events(of: end.summary.arn) == [
                "ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded",
                "TaskStateExited", "ExecutionSucceeded",
            ]
        )
    }

    @Test func anActivityThatDoesNotExistFailsTheExecution() async throws {
        let database = try await Database()
        try await database.deploy(#""Work": {"Type": "Task", "Resource": "\#(Self.activity)", "End": true}"#)
        let end = try await database.withWorker { try await database.end(of: try await database.start()) }
        #expect(end.error == "States.Runtime")
        #expect(
            end.cause == "An error occurred while executing the state 'Work' (entered at the event id #2)."
                + " The activity \(Self.activity) does not exist."
        )
        let events = try await database.events(of: end.summary.arn)
        #expect(events == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"])
    }

    @Test func theAPIIsThereForDefinitions() async throws {
        let database = try await Database()
        try await database.deploy(#""Work": {"Type": "Wait", "Seconds": 9999, "End": true}"#, as: "Sleeper")
        let sleeper = "arn:aws:states:us-east-1:000000000000:stateMachine:Sleeper"
        try await database.deploy(
            #"""
            "Work": \#(service("startExecution", #""StateMachineArn": "\#(sleeper)", "Input": {"a": 1}"#,
                #""ResultPath": "$.started", "Next": "Stop""#)),
            "Stop": \#(service("stopExecution", #""ExecutionArn.$": "$.started.ExecutionArn", "Cause": "enough""#,
                #""ResultPath": null, "Next": "Describe""#)),
            "Describe": \#(service("describeExecution", #""ExecutionArn.$": "$.started.ExecutionArn""#,
                #""ResultPath": "$.described", "Next": "List""#)),
            "List": \#(service("listExecutions", #""StateMachineArn": "\#(sleeper)", "StatusFilter": "ABORTED""#,
                #""ResultPath": "$.listed", "Next": "History""#)),
            "History": \#(service("getExecutionHistory", #""ExecutionArn.$": "$.started.ExecutionArn""#,
                #""ResultPath": "$.history", "End": true"#))
            """#
        )
        let end = try await database.withWorker { try await database.end(of: try await database.start()) }
        let output = try #require(try end.output?.value())
        let described = output["described"]
        #expect(described?["Status"] == "ABORTED" && described?["Cause"] == "enough")
        #expect(described?["Input"] == #"{"a":1}"# && described?["RedriveStatus"] == "REDRIVABLE")
        #expect(output["listed"]?["Executions"]?.array?.count == 1)
        #expect(output["history"]?["Events"]?[0]?["Type"] == "ExecutionStarted")
        #expect(output["history"]?["Events"]?[0]?["ExecutionStartedEventDetails"]?["Input"] == #"{"a":1}"#)
    }

    @Test(arguments: [
        (
            "sendTaskSuccess", #""Output": "no JSON", "TaskToken": "NoSuchTaskToken""#, "Sfn.InvalidTokenException",
            "Invalid Token: 'Invalid token'"
        ),
        (
            "sendTaskFailure", #""TaskToken": "NoSuchTaskToken""#, "Sfn.InvalidTokenException",
            "Invalid Token: 'Invalid token'"
        ),
        (
            "sendTaskHeartbeat", #""TaskToken": "NoSuchTaskToken""#, "Sfn.InvalidTokenException",
            "Invalid Token: 'Invalid token'"
        ),
        (
            "startExecution", #""StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:No""#,
            "Sfn.StateMachineDoesNotExistException",
            "State Machine Does Not Exist: 'arn:aws:states:us-east-1:000000000000:stateMachine:No'"
        ),
        (
            "describeExecution", #""ExecutionArn": "none""#, "Sfn.ExecutionDoesNotExistException",
            "Execution Does Not Exist: 'none'"
        ),
        (
            "getActivityTask", #""ActivityArn": "none""#, "Sfn.ActivityDoesNotExistException",
            "Activity Does Not Exist: 'none'"
        ),
        (
            "stopExecution", #""Cause": "none""#, "Sfn.ValidationException",
            "1 validation error detected: Value at 'executionArn' failed to satisfy constraint: Member must not be null"
        ),
    ])
    func refusals(action: String, parameters: String, error: String, message: String) async throws {
        let database = try await Database()
        try await database.deploy(#""Work": \#(service(action, parameters))"#)
        let end = try await database.withWorker { try await database.end(of: try await database.start()) }
        #expect(end.error == error)
        #expect(end.cause?.hasPrefix(message + " (Service: Sfn, Status Code: 400, Request ID: ") == true)
        #expect(try await database.events(of: end.summary.arn).suffix(2) == ["TaskFailed", "ExecutionFailed"])
    }

    @Test func aFailedBranchStopsTheChildOfItsSibling() async throws {
        let database = try await Database()
        try await database.deploy(#""Work": {"Type": "Wait", "Seconds": 9999, "End": true}"#, as: "Sleeper")
        try await database.deploy(
            #"""
            "Work": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "Parameters": {"Name": "kid",
                    "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:Sleeper"},
                    "Resource": "arn:aws:states:::states:startExecution.sync"}}},
                {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "\#(Database.function("wait"))",
                    "Next": "C"}, "C": {"Type": "Fail", "Error": "E"}}}]}
            """#
        )
        let child = try await database.withWorker {
            Function("wait") { (_: JSONValue) in
                while (try? await database.store.describe("Sleeper:kid")) == nil {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        } body: {
            let end = try await database.end(of: try await database.start())
            #expect(end.error == "E")
            return try await database.end(of: "Sleeper:kid")
        }
        #expect(child.status == .aborted)
    }
}
