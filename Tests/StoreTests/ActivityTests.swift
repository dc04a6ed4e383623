import Expressions
import Interpreter
import JSON
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

@Suite("Activities")
struct ActivityTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        _ = try await fixture.store.createActivity("approve")
        try await deploy()
    }

    private func deploy(_ more: String = "") async throws {
        try await fixture.deploy(
            "Approval",
            startAt: "Ask",
            """
            "Ask": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:approve", \(more)
                "End": true}
            """
        )
    }

    private func poll(_ worker: String? = "anna", patience: Duration = .zero) async throws -> ActivityTask? {
        try await fixture.store.activityTask("approve", workerName: worker, patience: patience)
    }

    private func pass(_ seconds: Int) async throws {
        _ = try await fixture.sql(
            """
            update stepwell.steps set wake_at = wake_at - make_interval(secs => $1),
                deadline = deadline - make_interval(secs => $1), heartbeat_due = heartbeat_due - make_interval(secs => $1)
            """,
            [.float8(Double(seconds))]
        )
        for bucket in 0..<fixture.store.settings.buckets { _ = try await fixture.store.sweep(bucket: bucket) }
    }

    @Test("activities are created once, found, listed in pages and deleted")
    func lifeCycle() async throws {
        let first = try await fixture.store.createActivity("b")
        #expect(try await fixture.store.createActivity("b").createdAt == first.createdAt)
        #expect(first.arn == "arn:aws:states:us-east-1:000000000000:activity:b")
        #expect(try await fixture.store.activity(first.arn).name == "b")
        let page = try await fixture.store.activities(limit: 1)
        #expect(page.activities.map(\.name) == ["approve"] && page.next == "approve")
        #expect(try await fixture.store.activities(after: "approve").activities.map(\.name) == ["b"])
        for _ in 0..<2 { try await fixture.store.deleteActivity(first.arn) }
        await #expect {
            _ = try await fixture.store.activityTask("b")
        } throws: {
            if case StoreError.activityDoesNotExist = $0 { true } else { false }
        }
        for name in ["a b", "", "a:b", String(repeating: "x", count: 81)] {
            await #expect(throws: StoreError.self) { _ = try await fixture.store.createActivity(name) }
        }
    }

    @Test("a task goes to one who asks; the history says to whom", arguments: ["anna", nil] as [String?])
    func task(worker: String?) async throws {
        #expect(try await poll() == nil)
        _ = try await fixture.start("Approval", name: "a", input: #"{"id": 7}"#)
        try await ManualWorker(fixture: fixture).run()
        let task = try #require(try await poll(worker))
        #expect(task.input.text == #"{"id": 7}"#)
        #expect(try await poll() == nil)
        try await fixture.store.sendTaskHeartbeat(token: task.token)
        try await fixture.store.sendTaskSuccess(token: task.token, output: JSONDocument("yes"))
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Approval:a").output?.text == #""yes""#)
        #expect(
            try await fixture.eventTypes("Approval:a") == [
                "ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded",
                "TaskStateExited", "ExecutionSucceeded",
            ]
        )
        let started = try await fixture.store.history("Approval:a")[3].json
        #expect(started["previousEventId"] == 3)
        let details: JSONValue = worker.map { ["workerName": .string($0)] } ?? [:]
        #expect(started["activityStartedEventDetails"] == details)
        #expect(try await fixture.store.history("Approval:a")[4].json["previousEventId"] == 4)
    }

    @Test("many who ask at once get each task once")
    func concurrently() async throws {
        for index in 0..<20 { _ = try await fixture.start("Approval", input: "\(index)") }
        try await ManualWorker(fixture: fixture).run()
        let tokens = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var tokens: [String] = []
                    while let task = try await poll() { tokens.append(task.token) }
                    return tokens
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        // One who passes by a task that another has in hand may leave one behind.
        var rest: [String] = []
        while let task = try await poll() { rest.append(task.token) }
        #expect(Set(tokens + rest).count == 20 && tokens.count + rest.count == 20)
    }

    @Test("whoever waits finds a task by itself")
    func longPoll() async throws {
        let store = fixture.store
        let polling = Task { try await store.activityTask("approve", patience: .seconds(60)) }
        _ = try await fixture.start("Approval", input: #""in time""#)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await polling.value?.input.text == #""in time""#)
    }

    @Test("nobody asks in time")
    func queueTimeout() async throws {
        try await deploy(#""TimeoutSeconds": 600,"#)
        _ = try await fixture.start("Approval", name: "a")
        try await ManualWorker(fixture: fixture).run()
        try await pass(601)
        #expect(try await poll() == nil)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.eventTypes("Approval:a").suffix(2) == ["ActivityTimedOut", "ExecutionFailed"])
    }

    @Test("its time counts from when it was handed out, and so do heartbeats")
    func timeouts() async throws {
        try await deploy(#""TimeoutSeconds": 6000, "HeartbeatSeconds": 600,"#)
        _ = try await fixture.start("Approval", name: "a")
        try await ManualWorker(fixture: fixture).run()
        try await pass(3000)
        let task = try #require(try await poll())
        for _ in 0..<10 {
            try await pass(500)
            try await fixture.store.sendTaskHeartbeat(token: task.token)
        }
        try await pass(601)
        await #expect(throws: StoreError.self) { try await fixture.store.sendTaskHeartbeat(token: task.token) }
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Approval:a").error == "States.Timeout")
    }

    @Test("a stopped execution leaves no task behind")
    func stopped() async throws {
        _ = try await fixture.start("Approval", name: "a")
        try await ManualWorker(fixture: fixture).run()
        _ = try await fixture.store.stopExecution("Approval:a")
        #expect(try await poll() == nil)
    }
}
