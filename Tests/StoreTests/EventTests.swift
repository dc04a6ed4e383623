import Expressions
import Interpreter
import JSON
import Postgres
import Synchronization
import Testing

@testable import Store

/// Calls of functions that nobody waits for.
@Suite("Events")
struct EventTests {
    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture() }

    /// Works until nothing is due, not even what pauses between attempts.
    private func run(_ functions: [String: ManualWorker.Handler]) async throws {
        let worker = ManualWorker(fixture: fixture, functions: functions)
        for _ in 0..<10 {
            try await worker.run()
            let waiting = try await fixture.sql(
                "update stepwell.steps set run_at = now() where status = 'r' and run_at > now() and id = 0 returning id"
            )
            if waiting.isEmpty { return }
        }
        Issue.record("there is always something to wait for")
    }

    private func event(_ function: String, _ payload: JSONValue = ["n": 1]) async throws -> String {
        try await fixture.store.invoke(function, payload: JSONDocument(payload), kind: .event)
    }

    private func inputs(of machine: String) async throws -> [JSONValue] {
        try await fixture.sql(
            "select input::text from stepwell.execution_overview where state_machine = $1 order by started_at",
            [.text(machine)]
        )
        .map { try JSONValue(parsing: $0.text(0)) }
    }

    @Test(arguments: [0, 1, 2])
    func whatFailsIsTriedAgain(retries: Int) async throws {
        var settings = FunctionSettings()
        settings.retries = retries
        try await fixture.store.putFunction("charge", settings)
        let calls = Mutex<[String]>([])
        let execution = try await event("charge")
        try await run([
            "charge": { input in
                calls.withLock { $0.append(input.text) }
                return .failed(error: "NoMoney", cause: #"{"errorMessage":"none","errorType":"NoMoney"}"#)
            }
        ])
        #expect(calls.withLock(\.self) == Array(repeating: #"{"n":1}"#, count: retries + 1))
        let end = try await fixture.store.describe(execution)
        #expect(end.error == "NoMoney" && end.cause == #"{"errorMessage":"none","errorType":"NoMoney"}"#)
    }

    @Test func pausesAreLambdas() async throws {
        _ = try await event("charge")
        let worker = ManualWorker(
            fixture: fixture,
            functions: ["charge": { _ in .failed(error: "E", cause: "") }]
        )
        for expected in [60, 120] {
            try await worker.run()
            let wait =
                try await fixture.sql(
                    "select extract(epoch from run_at - now())::int from stepwell.steps where id = 0"
                )
                .only().int(0)
            #expect((expected - 20...expected).contains(wait))
            _ = try await fixture.sql("update stepwell.steps set run_at = now() where id = 0")
        }
        try await worker.run()
        #expect(try await fixture.count("steps") == 0)
    }

    @Test func onSuccessAndThenOnItsSuccess() async throws {
        try await fixture.deploy("Done", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        var settings = FunctionSettings()
        settings.onSuccess = .stateMachine("Done")
        try await fixture.store.putFunction("second", settings)
        settings.onSuccess = .function("second")
        try await fixture.store.putFunction("first", settings)
        let execution = try await event("first", ["tea": 2])
        try await run([
            "first": { _ in .succeeded(JSONDocument(trusted: #"{"first": true}"#)) },
            "second": { _ in .succeeded(JSONDocument(trusted: #""second""#)) },
        ])
        #expect(try await fixture.store.describe(execution).output?.text == #"{"first":true}"#)
        let record = try #require(try await inputs(of: "Done").first?.object)
        #expect(record["version"] == "1.0")
        #expect(record["responsePayload"] == "second")
        let context = try #require(record["requestContext"]?.object)
        #expect(context["condition"] == "Success" && context["approximateInvokeCount"] == 1)
        #expect(context["functionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:second:$LATEST")
        let request = try #require(record["requestPayload"]?.object)
        #expect(request["requestPayload"] == ["tea": 2])
        #expect(request["responsePayload"] == ["first": true])
        #expect(request["requestContext"]?.object?["requestId"]?.string.map { execution.hasSuffix(":\($0)") } == true)
    }

    @Test func onFailure() async throws {
        try await fixture.deploy("Refund", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        var settings = FunctionSettings()
        settings.retries = 1
        settings.onFailure = .stateMachine("Refund")
        try await fixture.store.putFunction("charge", settings)
        let own = try await event("charge")
        try await run(["charge": { _ in .failed(error: "E", cause: #"{"errorMessage": "m", "errorType": "E"}"#) }])
        let plain = try await event("charge")
        try await run(["charge": { _ in .failed(error: "Other", cause: "no JSON {") }])
        for execution in [own, plain] {
            #expect(try await fixture.store.describe(execution).summary.status == .failed)
        }
        let records = try await inputs(of: "Refund")
        #expect(records.count == 2)
        #expect(records.first?["requestContext"]?.object?["condition"] == "RetriesExhausted")
        #expect(records.first?["requestContext"]?.object?["approximateInvokeCount"] == 2)
        #expect(records.first?["responseContext"]?.object?["functionError"] == "Unhandled")
        #expect(records.first?["responsePayload"] == ["errorMessage": "m", "errorType": "E"])
        #expect(records.last?["responsePayload"] == ["errorMessage": "no JSON {", "errorType": "Other"])
    }

    @Test func anEventThatIsTooOldIsNotLookedAt() async throws {
        try await fixture.deploy("Refund", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        var settings = FunctionSettings()
        settings.maximumAge = 60
        settings.onFailure = .stateMachine("Refund")
        try await fixture.store.putFunction("charge", settings)
        let execution = try await event("charge")
        // It waits for a worker that has the function: nobody else can tell how old it has become by then.
        #expect(try await fixture.claim().isEmpty)
        let step = try await fixture.one(["charge"])
        let interpreter = Interpreter(machine: step.revision.machine, execution: step.execution, limits: Limits()) {
            _ in ""
        }
        var random = SystemRandomNumberGenerator()
        let late = step.execution.startTime.adding(seconds: Int64(61))
        let decision = interpreter.advance(step.branch, on: step.outcome, now: late, random: &random)
        _ = try await fixture.commit(
            StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: false)
        )
        try await run(["charge": { _ in .succeeded(JSONDocument(trusted: "1")) }])
        let end = try await fixture.store.describe(execution)
        #expect(end.error == "EventAgeExceeded")
        let record = try #require(try await inputs(of: "Refund").first)
        #expect(record["requestContext"]?.object?["condition"] == "EventAgeExceeded")
        #expect(record["requestContext"]?.object?["approximateInvokeCount"] == 0)
        #expect(record["responsePayload"] == .null)
    }

    @Test func aDestinationThatIsGoneIsAnErrorOfItsOwn() async throws {
        try await fixture.deploy("Gone", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        var settings = FunctionSettings()
        settings.onSuccess = .stateMachine("Gone")
        try await fixture.store.putFunction("f", settings)
        _ = try await fixture.sql("select stepwell.delete_state_machine('Gone')")
        let execution = try await event("f")
        try await run(["f": { _ in .succeeded(JSONDocument(trusted: "1")) }])
        let end = try await fixture.store.describe(execution)
        #expect(end.error == "Lambda.DestinationDeliveryFailed")
        #expect(end.cause?.contains("StateMachineDeleting") == true)
    }

    @Test func settingsAreKeptChangedAndForgotten() async throws {
        #expect(try await fixture.store.functionSettings("f") == nil)
        var settings = FunctionSettings()
        settings.retries = 0
        settings.onFailure = .function("f")
        try await fixture.store.putFunction("f", settings)
        #expect(try await fixture.store.functionSettings("f") == settings)
        settings.maximumAge = 120
        try await fixture.store.putFunction("f", settings)
        #expect(try await fixture.store.functions().map(\.settings) == [settings])
        try await fixture.store.deleteFunction("f")
        #expect(try await fixture.store.functions().isEmpty)
        await #expect(throws: StoreError.self) { try await fixture.store.deleteFunction("f") }
    }

    @Test(arguments: [
        ("", 2, 60, nil as String?), ("a b", 2, 60, nil), ("f", 3, 60, nil), ("f", -1, 60, nil), ("f", 2, 59, nil),
        ("f", 2, 21_601, nil), ("f", 2, 60, "stateMachine:Missing"),
    ])
    func settingsThatCannotBeAreRefused(name: String, retries: Int, age: Int, destination: String?) async throws {
        var settings = FunctionSettings()
        settings.retries = retries
        settings.maximumAge = age
        settings.onFailure = destination.flatMap(Destination.init)
        let given = settings
        await #expect(throws: StoreError.self) { try await fixture.store.putFunction(name, given) }
        #expect(try await fixture.count("functions") == 0)
    }

    @Test(arguments: [
        ("function:f", "function:f"), ("stateMachine:My Machine", "stateMachine:My Machine"),
        ("arn:aws:lambda:us-east-1:000000000000:function:f", "function:f"),
        ("arn:aws:states:us-east-1:000000000000:stateMachine:M", "stateMachine:M"), ("f", nil), ("function:", nil),
        ("function:a b", nil), ("queue:q", nil), ("", nil), ("arn:aws:sqs:us-east-1:000000000000:q", nil),
    ])
    func destinations(text: String, meaning: String?) {
        #expect(Destination(text)?.description == meaning)
    }
}
