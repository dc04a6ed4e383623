import JSON
import Store
import Testing

@testable import Console
@testable import Server

@Suite("Schedules")
struct SchedulePageTests {
    private static let waiting = #"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": true}}}"#
    private static let hostile = "<img src=x onerror=alert(1)>\"'`{{t.nav}}</textarea>"
    private static let fields = [
        "do": "save", "name": "nightly", "expression": "cron(0 3 * * ? *)", "zone": "Asia/Seoul", "kind": "machine",
        "target": "Orders", "input": #"{"at": "<aws.scheduler.scheduled-time>"}"#, "overlap": "skip", "catchUp": "12h",
        "description": hostile,
    ]

    @Test("are made, looked at, changed, paused, resumed, run and deleted, and all that is written down")
    func life() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.waiting)
            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let intent = try await fixture.get("/console/new/schedule", cookie: cookie).intent
            func post(_ path: String, _ fields: [String: String] = [:]) async throws -> Int {
                let answer = try await fixture.post("/console/\(path)", fields, cookie: cookie, intent: intent)
                #expect(answer.status == 200, "\(path): \(answer.text)")
                return answer.status
            }
            _ = try await post("new/schedule", Self.fields)
            let made = try await fixture.store.schedule("nightly")
            #expect(made.settings.timeZone == "Asia/Seoul" && made.settings.catchUp == 43_200)
            #expect(made.settings.overlap == .skip && made.settings.isEnabled)
            let page = try await fixture.get("/console/schedules/nightly", cookie: cookie)
            for text in ["cron(0 3 * * ? *)", "03:00", "leave it out", "&lt;img src=x", "schedules/nightly/pause"] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains("<img src=x"))
            _ = try await post("schedules/nightly/pause")
            #expect(try await fixture.store.schedule("nightly").settings.isEnabled == false)
            _ = try await post("schedules/nightly/run")
            let run = try #require(try await fixture.store.runs(ofSchedule: "nightly").first)
            #expect(run.outcome == .started)
            let shown = try await fixture.get("/console/schedules/nightly", cookie: cookie)
            #expect(shown.text.contains("/console/executions/Orders/nightly-"))
            // A change leaves it paused.
            let changed = Self.fields.merging(["expression": "rate(2 hours)", "deletes": "yes"]) { $1 }
            _ = try await post("schedules/nightly/edit", changed)
            let settings = try await fixture.store.schedule("nightly").settings
            #expect(settings.expression == "rate(2 hours)" && settings.deletesItself && !settings.isEnabled)
            #expect(try await fixture.get("/console/schedules/nightly/edit", cookie: cookie).text.contains("12h"))
            _ = try await post("schedules/nightly/resume")
            let list = try await fixture.get("/console/schedules", cookie: cookie)
            #expect(list.text.contains("nightly") && list.text.contains("/console/machines/Orders"))
            _ = try await post("schedules/nightly/delete")
            #expect(try await fixture.get("/console/schedules/nightly", cookie: cookie).status == 404)
            let actions = try await fixture.store.auditEntries().elements.map(\.action).filter { $0 != "LogIn" }
            #expect(
                actions == [
                    "DeleteSchedule", "UpdateSchedule", "UpdateSchedule", "UpdateSchedule", "UpdateSchedule",
                    "CreateSchedule",
                ]
            )
        }
    }

    @Test("start nothing for somebody who may not start it")
    func rights() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            for name in ["Orders", "Salaries"] {
                _ = try await fixture.store.deploy(name: name, definition: Self.waiting)
            }
            var settings = ScheduleSettings(expression: "rate(1 day)", target: .stateMachine("Salaries"))
            settings.isEnabled = false
            _ = try await fixture.store.createSchedule("payday", settings)
            let cookie = try await fixture.logIn(
                try await fixture.makeKey("ListSchedules,CreateSchedule,UpdateSchedule", "StartExecution@Order")
            )
            let page = try await fixture.get("/console/schedules/payday", cookie: cookie)
            #expect(page.status == 200)
            for part in ["run", "resume", "edit"] { #expect(!page.text.contains("payday/\(part)"), "\(part)") }
            let intent = page.intent
            for (path, fields) in [
                ("schedules/payday/run", [:]), ("schedules/payday/resume", [:]), ("schedules/payday/delete", [:]),
                ("new/schedule", Self.fields.merging(["target": "Salaries"]) { $1 }),
                ("new/schedule", Self.fields.merging(["target": "Salaries:1"]) { $1 }),
                (
                    "new/schedule",
                    Self.fields.merging(["target": fixture.store.settings.stateMachineARN("Salaries")]) { $1 }
                ),
                ("new/schedule", Self.fields.merging(["kind": "function", "target": "charge"]) { $1 }),
                ("schedules/payday/edit", Self.fields.merging(["target": "Salaries"]) { $1 }),
            ] {
                let answer = try await fixture.post("/console/\(path)", fields, cookie: cookie, intent: intent)
                #expect(answer.status == 403, "\(path) \(answer.text)")
            }
            #expect(try await fixture.store.runs(ofSchedule: "payday").isEmpty)
            #expect(try await fixture.store.schedule("payday").settings.isEnabled == false)
            let allowed = try await fixture.post("/console/new/schedule", Self.fields, cookie: cookie, intent: intent)
            #expect(allowed.status == 200)
            let refusals = try await fixture.store.auditEntries().elements.filter { $0.refusal != nil }
            #expect(refusals.count == 8)

            let nobody = try await fixture.logIn(try await fixture.makeKey("StartExecution"))
            for path in ["schedules", "schedules/payday", "new/schedule", "schedules/payday/edit"] {
                #expect(try await fixture.get("/console/\(path)", cookie: nobody).status == 403, "\(path)")
            }
        }
    }

    @Test(
        "are refused where they mean nothing",
        arguments: [
            ["expression": "<b>"], ["zone": "<b>"], ["target": ""], ["target": "<b>"], ["overlap": "<b>"],
            ["catchUp": "<b>"], ["catchUp": "99999999999999999999d"], ["starts": "<b>"],
            ["ends": "2026-13-01T00:00:00Z"],
            ["input": "<b>"], ["name": "<b>"], ["name": ""], ["kind": "function", "target": "<b>"],
            ["expression": "at(2020-01-01T00:00:00)"],
        ]
    )
    func nonsense(change: [String: String]) async throws {
        try await ConsoleFixture.run { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.waiting)
            let intent = try await fixture.get("/console").intent
            let fields = Self.fields.merging(change) { $1 }
            let answer = try await fixture.post("/console/new/schedule", fields, intent: intent)
            #expect((400..<500).contains(answer.status), "\(answer.text)")
            #expect(try await fixture.store.schedules().elements.isEmpty)
        }
    }

    @Test("say when they would be due before they are there")
    func preview() async throws {
        try await ConsoleFixture.run { fixture in
            let intent = try await fixture.get("/console/new/schedule?machine=Orders").intent
            let fields = Self.fields.merging(["do": "check"]) { $1 }
            let times = try await fixture.post("/console/new/schedule", fields, intent: intent)
            #expect(times.status == 200)
            #expect(times.text.ranges(of: "<time").count == 10 && times.text.contains("Asia/Seoul"))
            let never = try await fixture.post(
                "/console/new/schedule",
                fields.merging(["expression": "at(2020-01-01T00:00:00)"]) { $1 },
                intent: intent
            )
            #expect(never.status == 200 && never.text.contains("Nothing will be due"))
            let wrong = try await fixture.post(
                "/console/new/schedule",
                fields.merging(["expression": "cron(x)"]) { $1 },
                intent: intent
            )
            #expect(wrong.status == 200 && wrong.text.contains("alert"))
        }
    }
}
