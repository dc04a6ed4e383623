import JSON
import Testing

@testable import Store

@Suite("Nested executions")
struct NestedExecutionTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture(buckets: 8)
        try await fixture.deploy(
            "Child",
            startAt: "Work",
            """
            "Work": {"Type": "Choice", "Default": "Good",
                "Choices": [{"Variable": "$.bad", "IsPresent": true, "Next": "Bad"}]},
            "Good": {"Type": "Pass", "Result": {"ok": true}, "End": true},
            "Bad": {"Type": "Fail", "Error": "ChildError", "Cause": "child's cause"}
            """
        )
    }

    private func deployParent(_ pattern: String, _ parameters: String, _ more: String = "") async throws {
        try await fixture.deploy(
            "Parent",
            startAt: "Call",
            """
            "Call": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution\(pattern)", \(more)
                "Parameters": {\(parameters)}, "End": true}
            """
        )
    }

    private let child = #""StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:Child""#

    @Test("request-response: the answer is the child's ARN, the child runs on its own")
    func requestResponse() async throws {
        try await deployParent("", #"\#(child), "Name": "kid", "Input": {"x.$": "$.x"}"#)
        _ = try await fixture.start("Parent", name: "p", input: #"{"x": 5}"#)
        try await ManualWorker(fixture: fixture).run()
        let parent = try await fixture.store.describe("Parent:p")
        #expect(parent.summary.status == .succeeded)
        let arn = try parent.output?.value()["ExecutionArn"]?.string
        #expect(arn == "arn:aws:states:us-east-1:000000000000:execution:Child:kid")
        #expect(try await fixture.store.describe("Child:kid").input.text == #"{"x":5}"#)
        #expect(try await fixture.count("outbox") == 0)
    }

    @Test("sync: the parent waits for the child and sees its output as JSON")
    func sync() async throws {
        try await deployParent(".sync:2", #"\#(child), "Input": {"x": 1}"#)
        _ = try await fixture.start("Parent", name: "p")
        try await ManualWorker(fixture: fixture).run()
        let parent = try await fixture.store.describe("Parent:p")
        #expect(parent.summary.status == .succeeded)
        let output = try parent.output?.value()
        #expect(output?["Output"] == ["ok": true] && output?["Status"] == "SUCCEEDED" && output?["Input"] == ["x": 1])
        #expect(
            try await fixture.eventTypes("Parent:p") == [
                "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted",
                "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
            ]
        )
        #expect(try await fixture.count("steps") == 0)
        #expect(try await fixture.count("outbox") == 0)
    }

    @Test("sync: the plain pattern shows the child's output as text")
    func plainSync() async throws {
        try await deployParent(".sync", #"\#(child), "Name": "kid", "Input": {"x": 1}"#)
        _ = try await fixture.start("Parent", name: "p")
        try await ManualWorker(fixture: fixture).run()
        let output = try await fixture.store.describe("Parent:p").output?.value().object
        #expect(output?["Output"] == #"{"ok":true}"# && output?["Input"] == #"{"x":1}"#)
        #expect(
            output?.keys.map { $0 } == [
                "ExecutionArn", "Input", "InputDetails", "Name", "Output", "OutputDetails", "RedriveCount",
                "RedriveStatus", "RedriveStatusReason", "StartDate", "StateMachineArn", "Status", "StopDate",
            ]
        )
    }

    @Test("stopping the parent stops the child that it waits for", arguments: ["", ".sync", ".sync:2"])
    func stop(pattern: String) async throws {
        try await fixture.deploy(
            "Sleeper",
            startAt: "Sleep",
            #""Sleep": {"Type": "Wait", "Seconds": 9999, "End": true}"#
        )
        let sleeper = #""StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:Sleeper""#
        try await fixture.deploy(
            "Parent",
            startAt: "Call",
            """
            "Call": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution\(pattern)", "Next": "Stay",
                "Parameters": {\(sleeper), "Name": "kid"}},
            "Stay": {"Type": "Wait", "Seconds": 9999, "End": true}
            """
        )
        _ = try await fixture.start("Parent", name: "p")
        try await ManualWorker(fixture: fixture).run()
        _ = try await fixture.store.stopExecution("Parent:p")
        try await ManualWorker(fixture: fixture).run()
        let status = try await fixture.store.describe("Sleeper:kid").summary.status
        #expect(status == (pattern.isEmpty ? .running : .aborted))
        #expect(try await fixture.count("outbox") == 0)
    }

    @Test("sync: the child's failure is the Task's failure")
    func failure() async throws {
        try await deployParent(".sync:2", #"\#(child), "Input": {"bad": 1}"#)
        _ = try await fixture.start("Parent", name: "p")
        try await ManualWorker(fixture: fixture).run()
        let parent = try await fixture.store.describe("Parent:p")
        #expect(parent.summary.status == .failed && parent.error == "States.TaskFailed")
        let cause = try JSONValue(parsing: parent.cause ?? "")
        #expect(cause["Error"] == "ChildError" && cause["Status"] == "FAILED")
    }

    @Test("a machine that does not exist and a name that is taken fail the Task")
    func refused() async throws {
        try await deployParent(
            "",
            #""StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:Nope""#
        )
        _ = try await fixture.start("Parent", name: "p1")
        try await ManualWorker(fixture: fixture).run()
        #expect(
            try await fixture.store.describe("Parent:p1").error == "StepFunctions.StateMachineDoesNotExistException"
        )
        _ = try await fixture.start("Child", name: "taken", input: #"{"other": 1}"#)
        try await deployParent("", #"\#(child), "Name": "taken", "Input": {}"#)
        _ = try await fixture.start("Parent", name: "p2")
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Parent:p2").error == "StepFunctions.ExecutionAlreadyExistsException")
    }

    @Test("a message that is delivered twice starts one child")
    func twice() async throws {
        try await deployParent(".sync:2", #"\#(child), "Input": {}"#)
        _ = try await fixture.start("Parent", name: "p")
        let step = try await fixture.one()
        let commit = StepCommit(
            lease: step.lease,
            revision: step.revision,
            decision: step.decision(),
            keepsLease: false
        )
        #expect(try await fixture.commit(commit).applied != nil)
        _ = try await fixture.sql("create table public.copy as select * from stepwell.outbox")
        try await deliver()
        _ = try await fixture.sql("insert into stepwell.outbox select * from public.copy")
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Parent:p").summary.status == .succeeded)
        #expect(try await fixture.count("executions") == 2)
    }

    private func deliver() async throws {
        for bucket in 0..<fixture.store.settings.buckets { _ = try await fixture.store.deliverOutbox(bucket: bucket) }
    }
}
