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

    @Test("are set by who may, and only what somebody has changed")
    func settings() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let store = fixture.store
            let pass = #"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#
            _ = try await store.deploy(name: "Salaries", definition: pass)
            var settings = FunctionSettings()
            settings.rate = 5
            try await store.putFunction("charge", settings)
            let path = "/console/functions/charge"
            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let page = try await fixture.get(path, cookie: cookie)
            #expect(page.text.contains("charge/settings") && page.text.contains("charge/forget"))
            // Meanwhile somebody else sets something else.
            settings.retries = 0
            try await store.putFunction("charge", settings)
            let fields = [
                "reserved": "20", "was-reserved": "", "rate": "5", "was-rate": "5", "retries": "2", "was-retries": "2",
                "fairKey": "$.tenant", "was-fairKey": "", "priority": "$.urgency", "was-priority": "",
                "maximumAge": "2h", "was-maximumAge": "6h", "onFailure": "stateMachine:Salaries", "was-onFailure": "",
            ]
            let saved = try await fixture.post(path + "/settings", fields, cookie: cookie, intent: page.intent)
            #expect(saved.status == 200, "\(saved.text)")
            settings.reserved = 20
            (settings.fairKey, settings.priority) = ("$.tenant", "$.urgency")
            settings.maximumAge = 7200
            settings.onFailure = .stateMachine("Salaries")
            #expect(try await store.functionSettings("charge") == settings)
            let shown = try await fixture.get(path, cookie: cookie)
            for text in ["$.tenant", "$.urgency", "/console/machines/Salaries", "2 h"] {
                #expect(shown.text.contains(text), "\(text)")
            }
            let list = try await fixture.get("/console/functions", cookie: cookie)
            #expect(list.text.contains("20 at once, 5 a second, in turns by $.tenant, by priority $.urgency"))
            for (field, value) in [
                ("reserved", "-1"), ("reserved", "x"), ("rate", "0"), ("rate", "nan"), ("rate", "1e309"),
                ("retries", "3"), ("retries", ""), ("maximumAge", "7d"), ("maximumAge", "<b>"), ("fairKey", "<b>"),
                ("fairKey", "$..x"), ("priority", "urgency"), ("onSuccess", "<b>"),
                ("onSuccess", "stateMachine:Nobody"),
                ("reserved", "99999999999999999999"),
            ] {
                let answer = try await fixture.post(
                    path + "/settings",
                    [field: value, "was-\(field)": "?"],
                    cookie: cookie,
                    intent: page.intent
                )
                #expect((400..<500).contains(answer.status), "\(field) \(value): \(answer.text)")
            }
            #expect(try await store.functionSettings("charge") == settings)

            let some = try await fixture.logIn(
                try await fixture.makeKey("List*,UpdateFunctionConfiguration@charge", "StartExecution@Order")
            )
            let someIntent = try await fixture.get(path, cookie: some).intent
            for (path, fields) in [
                ("other/settings", ["retries": "1"]), ("other/forget", [:]),
                ("charge/settings", ["onSuccess": "stateMachine:Salaries"]),
                ("charge/settings", ["onSuccess": "function:charge"]),
            ] {
                let answer = try await fixture.post(
                    "/console/functions/\(path)",
                    fields,
                    cookie: some,
                    intent: someIntent
                )
                #expect(answer.status == 403, "\(path) \(answer.text)")
            }
            let reader = try await fixture.logIn(try await fixture.makeKey("List*"))
            #expect(!(try await fixture.get(path, cookie: reader).text.contains("charge/settings")))
            let gone = try await fixture.post(path + "/forget", cookie: cookie, intent: page.intent)
            #expect(gone.status == 200)
            #expect(try await store.functionSettings("charge") == nil)
            let entries = try await store.auditEntries().elements.filter { $0.action == "UpdateFunctionConfiguration" }
            #expect(entries.filter { $0.refusal == nil }.count == 2 && entries.count == 21)
            #expect(entries.last?.detail?["reserved"] == "20")
        }
    }

    @Test("have versions, each with its queue, and aliases that lead to them")
    func versions() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let store = fixture.store
            for (version, digest) in [(1, "a"), (2, "b"), (3, "c")] {
                #expect(
                    try await store.publishFunction("charge", digest: digest, description: Self.hostile) == version
                )
            }
            try await Self.addWorker(fixture, offering: ["charge:2"])
            let path = "/console/functions/charge"
            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let page = try await fixture.get(path, cookie: cookie)
            #expect(page.status == 200)
            #expect(page.text.contains(#"href="/console/functions/charge%3A2">2</a>"#))
            #expect(page.text.contains("no worker offers it, and nothing waits for it"))
            #expect(page.text.contains("&lt;img src=x") && !page.text.contains("<img src=x"))
            func post(_ fields: [String: String]) async throws -> ConsoleFixture.Answer {
                try await fixture.post(path + "/alias", fields, cookie: cookie, intent: page.intent)
            }
            let live = ["name": "live", "version": "2", "other": "3", "weight": "12.5", "description": Self.hostile]
            #expect(try await post(live).status == 200)
            #expect(try await post(live).status == 400)
            let alias = try #require(try await store.functionQualifiers(of: "charge").aliases.first)
            #expect(alias.version == 2 && alias.other == FunctionAlias.Other(version: 3, weight: 0.125))
            let shown = try await fixture.get(path, cookie: cookie)
            #expect(shown.text.contains("2: 87.5 %") && shown.text.contains("3: 12.5 %"))
            #expect(!shown.text.contains("<img src=x"))
            for change in [
                ["version": "9"], ["version": "x"], ["weight": "101"], ["weight": "nan"], ["weight": ""],
                ["other": "2"], ["name": "1"], ["name": "<b>"], ["name": "", "do": "update"],
                ["name": "nobody", "do": "update"], ["name": "nobody", "do": "delete"],
            ] {
                let answer = try await post(live.merging(["name": "next"]) { $1 }.merging(change) { $1 })
                #expect(answer.status == 400, "\(change) \(answer.text)")
            }
            let latest = ["do": "update", "name": "live", "version": "$LATEST"]
            #expect(try await post(latest).status == 200)
            #expect(try await store.functionQualifiers(of: "charge").aliases.map(\.version) == [nil])
            #expect(try await post(["do": "delete", "name": "live"]).status == 200)
            #expect(try await store.functionQualifiers(of: "charge").aliases.isEmpty)
            let entries = try await store.auditEntries().elements.filter { $0.action.hasSuffix("Alias") }
            #expect(
                entries.filter { $0.refusal == nil }.map(\.action) == ["DeleteAlias", "UpdateAlias", "CreateAlias"]
            )

            let version = try await fixture.get("/console/functions/charge%3A2", cookie: cookie)
            #expect(version.text.contains(#"<a href="/console/functions/charge">charge</a> / Version 2"#))
            #expect(!version.text.contains("charge%3A2/settings") && !version.text.contains("charge/settings"))
            let some = try await fixture.logIn(
                try await fixture.makeKey("List*,UpdateAlias@charge", "CreateAlias@other")
            )
            let intent = try await fixture.get(path, cookie: some).intent
            for fields in [live, live.merging(["do": "delete"]) { $1 }] {
                let answer = try await fixture.post(path + "/alias", fields, cookie: some, intent: intent)
                #expect(answer.status == 403)
            }
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
        }
    }
}
