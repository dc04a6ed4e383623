import JSON
import Postgres
import Store
import Testing

@testable import Console
@testable import Server

@Suite("Functions")
struct FunctionTests {
    private static let hostile = "<img src=x onerror=alert(1)>\"'{{t}}"

    /// A worker that says that it lives, and does nothing.
    private static func addWorker(_ fixture: ConsoleFixture, offering functions: [String]) async throws {
        var record = WorkerRecord(
            host: hostile,
            name: "w-\(hostile)",
            instance: .v7(microseconds: 1),
            pid: 1,
            version: hostile,
            functions: functions,
            slots: 7
        )
        record.figures = """
            {"functions": {"charge": {"succeeded": 1200, "failed": 3, "timedOut": -1, "runTime":
              {"counts": [1203, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "sum": 2406}}, "<b>": {"failed": 9e99}}}
            """
        _ = try await fixture.store.register(record)
    }

    @Test("are shown with who offers them, what is set for them and what calls them; services and activities are none")
    func pages() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.addWorker(fixture, offering: ["charge", "charge:1", "service:sqs", Self.hostile])
            var settings = FunctionSettings()
            settings.reserved = 20
            settings.rate = 2.5
            settings.fairKey = "$.tenant.id"
            settings.onFailure = .function("notify")
            try await fixture.store.putFunction("charge", settings)
            try await fixture.store.putFunction("nobodys", FunctionSettings())
            _ = try await fixture.store.createSchedule(
                "nightly",
                ScheduleSettings(expression: "rate(5 minutes)", target: .function("charge"))
            )
            let list = try await fixture.get("/console/functions")
            #expect(list.status == 200)
            #expect(list.text.contains("20 at once, 2.5 a second"))
            #expect(list.text.contains("nobodys") && !list.text.contains("service:sqs"))
            #expect(list.text.contains("&lt;img src=x") && !list.text.contains("<img src=x"))
            let version = try await fixture.get("/console/functions/charge%3A1")
            #expect(version.status == 200 && version.text.contains("tenant.id"))
            let called = try await fixture.post(
                "/console/functions/charge%3A1/invoke",
                ["kind": "event", "payload": "{}"],
                intent: list.intent
            )
            #expect(called.text.contains("Accepted"), "\(called.text)")
            let calls = try await fixture.get("/console/functions/charge%3A1")
            #expect(calls.text.contains("event%20charge.1"))
            let page = try await fixture.get("/console/functions/charge")
            #expect(page.status == 200)
            for text in ["nightly", "/console/functions/notify", "6 h", "0 / 7", "&lt;img src=x", "1,200", "2 ms"] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains("<img src=x"))
            let intent = list.intent
            for name in ["service:sqs", Self.hostile] {
                let call = try await fixture.post(
                    Address.of(["functions", name, "invoke"]),
                    ["kind": "request", "payload": "{}"],
                    intent: intent
                )
                #expect(call.text.contains("not valid"), "\(name)")
            }
            let address = Address.of(["functions", Self.hostile])
            let strange = try await fixture.get(address)
            #expect(strange.status == 200 && !strange.text.contains("<img src=x"))
            #expect(try await fixture.get("/console/functions/unknown").status == 404)
            // Nobody offers it: there is nothing to call.
            let idle = try await fixture.get("/console/functions/nobodys")
            #expect(idle.status == 200 && !idle.text.contains("/invoke"))
        }
    }

    @Test("are called by who may, and it is written down")
    func invoke() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            try await Self.addWorker(fixture, offering: ["charge", "refund"])
            let reader = try await fixture.logIn(try await fixture.makeKey("List*", "InvokeFunction@refund"))
            let page = try await fixture.get("/console/functions/charge", cookie: reader)
            #expect(page.status == 200 && !page.text.contains("charge/invoke"))
            let refused = try await fixture.post(
                "/console/functions/charge/invoke",
                ["kind": "event", "payload": "{}"],
                cookie: reader,
                intent: page.intent
            )
            #expect(refused.text.contains("not authorized"))
            let done = try await fixture.post(
                "/console/functions/refund/invoke",
                ["kind": "event", "payload": "{\"id\": 1}"],
                cookie: reader,
                intent: page.intent
            )
            #expect(done.status == 200 && done.text.contains("Accepted"), "\(done.text)")
            let entries = try await fixture.store.auditEntries().elements.filter { $0.action == "InvokeFunction" }
            #expect(entries.map(\.subject) == ["refund", "charge"])
            #expect(entries.map { $0.refusal == nil } == [true, false])

            let all = try await fixture.logIn(try await fixture.makeKey("*"))
            let shown = try await fixture.get("/console/functions/refund", cookie: all)
            #expect(shown.text.contains("event%20refund"))
            let nobody = try await fixture.logIn(try await fixture.makeKey("DescribeStateMachine"))
            #expect(try await fixture.get("/console/functions", cookie: nobody).status == 403)
            #expect(try await fixture.get("/console/functions/charge", cookie: nobody).status == 403)
        }
    }

    @Test("answer what they answer, or what their error is, and refuse what is no JSON")
    func answer() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.addWorker(fixture, offering: ["charge"])
            let intent = try await fixture.get("/console").intent
            async let call = fixture.post(
                "/console/functions/charge/invoke",
                ["kind": "request", "payload": "{}"],
                intent: intent
            )
            var filter = ExecutionFilter()
            filter.statuses = [.running]
            var arn: String?
            while arn == nil {
                arn = try await fixture.store.executions(filter).executions.first?.arn
            }
            var steps: [ClaimedStep] = []
            while steps.isEmpty {
                for bucket in 0..<fixture.store.settings.buckets {
                    steps +=
                        try await fixture.store
                        .claim(
                            bucket: bucket,
                            functions: ["charge", ""],
                            limit: 1,
                            worker: .v7(microseconds: 1),
                            lease: .seconds(60)
                        )
                        .steps
                }
            }
            try await fixture.store.keepLogTail("printed \(Self.hostile)", of: "r-1", steps[0].key)
            _ = try await fixture.store.stopExecution(try #require(arn), error: "Broke", cause: Self.hostile)
            let answer = try await call
            #expect(answer.status == 200)
            #expect(answer.text.contains("Failed") && answer.text.contains("Broke"))
            #expect(answer.text.contains("printed &lt;img"))
            #expect(answer.text.contains("&lt;img src=x") && !answer.text.contains("<img src=x"))

            for payload in ["<b>", "{\"a\": \u{1}}", String(repeating: "[", count: 5000)] {
                let refused = try await fixture.post(
                    "/console/functions/charge/invoke",
                    ["kind": "event", "payload": payload],
                    intent: intent
                )
                #expect(refused.text.contains("alert") && !refused.text.contains("<b>"))
            }
            // Without a script it is a page, with the event as it was.
            let page = try await fixture.post(
                "/console/functions/charge/invoke",
                ["kind": "event", "payload": "<b>", "intent": intent ?? ""]
            )
            #expect(page.status == 200 && page.text.contains("&lt;b&gt;") && page.text.contains("</html>"))
        }
    }
}
