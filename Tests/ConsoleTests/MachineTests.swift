import Expressions
import Interpreter
import JSON
import StatesLanguage
import Store
import Testing

@testable import Console
@testable import Server

@Suite("State machines")
struct MachineTests {
    private static let pass = #"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#
    private static let hostile =
        "<img src=x onerror=alert(1)>\"'`{{t.nav}}</textarea></script><script>alert(1)</script>"

    @Test("are published under numbers and names, and that is written down")
    func release() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.pass)
            _ = try await fixture.store.addTags(
                [.init(key: Self.hostile, value: Self.hostile)],
                to: "stateMachine:Orders"
            )
            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let page = try await fixture.get("/console/machines/Orders", cookie: cookie)
            #expect(page.status == 200)
            #expect(page.text.ranges(of: "&lt;img src=x").count == 2 && !page.text.contains("<img src=x"))
            #expect(page.text.contains("No version has been published."))
            let intent = try #require(page.intent)
            let published = try await fixture.post(
                "/console/machines/Orders/publish",
                ["description": Self.hostile],
                cookie: cookie,
                intent: intent
            )
            #expect(published.status == 200)
            let alias = try await fixture.post(
                "/console/machines/Orders/alias",
                ["name": "live", "version": "1", "description": Self.hostile],
                cookie: cookie,
                intent: intent
            )
            #expect(alias.status == 200)
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.pass.replacing("\"A\"", with: "\"B\""))
            for (path, fields) in [
                ("publish", [:]),
                ("alias", ["do": "update", "name": "live", "version": "1", "other": "2", "weight": "10"]),
            ] {
                let answer = try await fixture.post(
                    "/console/machines/Orders/\(path)",
                    fields,
                    cookie: cookie,
                    intent: intent
                )
                #expect(answer.status == 200, "\(answer.text)")
            }
            let shown = try await fixture.get("/console/machines/Orders", cookie: cookie)
            #expect(shown.text.contains("1: 90 %") && shown.text.contains("2: 10 %"))
            let version = try await fixture.get("/console/machines/Orders?version=1", cookie: cookie)
            #expect(version.text.contains("This is version"))
            #expect(version.text.contains("&quot;A&quot;") && !version.text.contains("&quot;B&quot;"))
            #expect(version.text.contains("&lt;img src=x") && !version.text.contains("<img src=x"))
            #expect(try await fixture.get("/console/machines/Orders?version=3", cookie: cookie).status == 404)
            let actions = try await fixture.store.auditEntries().elements.map(\.action).filter { $0 != "LogIn" }
            #expect(
                actions == [
                    "UpdateStateMachineAlias", "PublishStateMachineVersion", "CreateStateMachineAlias",
                    "PublishStateMachineVersion",
                ]
            )
        }
    }

    @Test(
        "are given no alias that means nothing",
        arguments: [
            ["version": "x"], ["version": "-1"], ["version": "1", "other": "2", "weight": ""],
            ["version": "1", "other": "2", "weight": "101"], ["version": "1", "other": "1", "weight": "50"],
            ["version": "9"], ["version": "99999999999999999999"],
        ]
    )
    func wrongAlias(fields: [String: String]) async throws {
        try await ConsoleFixture.run { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.pass)
            _ = try await fixture.store.publishVersion(ofStateMachine: "Orders", revisionID: nil, description: nil)
            let intent = try await fixture.get("/console/machines/Orders").intent
            let answer = try await fixture.post(
                "/console/machines/Orders/alias",
                fields.merging(["name": "live"]) { $1 },
                intent: intent
            )
            #expect(answer.status == 400)
            #expect(try await fixture.store.alias("live", ofStateMachine: "Orders") == nil)
        }
    }

    @Test("are edited by who may, and by nobody who does not know what stands there now")
    func edit() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.pass)
            let path = "/console/machines/Orders/edit"
            let reader = try await fixture.logIn(try await fixture.makeKey("Describe*,List*"))
            let readersPage = try await fixture.get(path, cookie: reader)
            #expect(readersPage.status == 200)
            #expect(!readersPage.text.contains(#"value="save""#) && !readersPage.text.contains(#"value="test""#))
            let fields = [
                "do": "save", "revision": "INITIAL", "definition": Self.pass.replacing("\"A\"", with: "\"B\""),
            ]
            let refused = try await fixture.post(path, fields, cookie: reader, intent: readersPage.intent)
            #expect(refused.status == 400 && refused.text.contains("not authorized"))
            let check = try await fixture.post("/console/draft", fields, cookie: reader, intent: readersPage.intent)
            #expect(check.status == 403)
            let test = fields.merging(["do": "test", "state": "B"]) { $1 }
            let tested = try await fixture.post(path, test, cookie: reader, intent: readersPage.intent)
            #expect(tested.text.contains("not authorized"))

            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let page = try await fixture.get(path, cookie: cookie)
            let intent = try #require(page.intent)
            let lines = ["definition": "{\r\n" + fields["definition", default: ""].dropFirst()]
            let saved = try await fixture.post(
                path,
                fields.merging(lines) { $1 },
                cookie: cookie,
                intent: intent
            )
            #expect(saved.status == 200, "\(saved.text)")
            let stored = try #require(try await fixture.store.machineDetails("Orders"))
            #expect(stored.definition.hasPrefix("{\n\"StartAt\""))
            // The same again: it was changed since the page was loaded. Nor is what does not say what it changes kept.
            for revision in ["INITIAL", "", "<b>"] {
                let late = fields.merging(["revision": revision]) { $1 }
                let answer = try await fixture.post(path, late, cookie: cookie, intent: intent)
                #expect(answer.status == 409 && answer.text.contains("Copy it, load the page again"))
            }
            #expect(try await fixture.store.machineDetails("Orders")?.definition == stored.definition)
            let entries = try await fixture.store.auditEntries().elements.filter { $0.action == "UpdateStateMachine" }
            #expect(entries.map { $0.refusal == nil } == [false, false, false, true, false])
        }
    }

    @Test("are saved by one of those who save at once, and the others are told what to do")
    func race() async throws {
        try await ConsoleFixture.run { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.pass)
            let intent = try await fixture.get("/console").intent
            let answers: [ConsoleFixture.Answer] = try await withThrowingTaskGroup(of: ConsoleFixture.Answer.self) {
                group in
                for writer in 0..<8 {
                    group.addTask {
                        try await fixture.post(
                            "/console/machines/Orders/edit",
                            [
                                "do": "save", "revision": "INITIAL",
                                "definition": Self.pass.replacing("\"A\"", with: "\"By\(writer)\""),
                            ],
                            intent: intent
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.filter { $0.status == 200 }.count == 1)
            let refused = answers.filter { $0.status == 409 }
            #expect(refused.count == 7)
            #expect(refused.allSatisfy { $0.text.contains("make your change to what stands there now") })
            let entries = try await fixture.store.auditEntries().elements.filter { $0.action == "UpdateStateMachine" }
            #expect(entries.filter { $0.refusal == nil }.count == 1 && entries.count == 8)
        }
    }

    @Test("are created, with what is wrong said beside the lines")
    func create() async throws {
        try await ConsoleFixture.run { fixture in
            let page = try await fixture.get("/console/new/machine")
            #expect(page.status == 200)
            let intent = page.intent
            let broken = """
                {
                  "StartAt": "A",
                  "States": {
                    "A": {"Type": "Pass", "Next": "B"}
                  }
                }
                """
            let draft = try await fixture.post("/console/draft", ["definition": broken], intent: intent)
            #expect(draft.status == 200)
            #expect(draft.text.contains(#"data-line="4""#))
            #expect(!draft.text.contains("<svg"))
            let good = try await fixture.post("/console/draft", ["definition": Self.pass], intent: intent)
            #expect(good.text.contains(#"data-state="A""#))
            let hostile = #"{"StartAt": "<b>\"'", "States": {"<b>\"'": {"Type": "Pass", "End": true}}}"#
            let named = try await fixture.post("/console/draft", ["definition": hostile], intent: intent)
            #expect(named.text.contains("&lt;b&gt;&quot;&#39;") && !named.text.contains("<b>"))

            let refused = try await fixture.post(
                "/console/new/machine",
                ["do": "save", "name": "Orders", "definition": broken],
                intent: intent
            )
            #expect(refused.status == 400 && refused.text.contains("MISSING_TRANSITION_TARGET"))
            let bad = try await fixture.post(
                "/console/new/machine",
                ["do": "save", "name": Self.hostile, "definition": Self.pass],
                intent: intent
            )
            #expect(bad.status == 400)
            let endless = String(repeating: "a\u{301}", count: 200_000)
            _ = try await fixture.post(
                "/console/new/machine",
                ["do": "save", "name": endless, "definition": Self.pass],
                intent: intent
            )
            let entries = try await fixture.store.auditEntries().elements
            #expect(entries.allSatisfy { $0.subject.utf8.count + ($0.refusal?.utf8.count ?? 0) < 10_000 })
            let made = try await fixture.post(
                "/console/new/machine",
                ["do": "save", "name": "Orders", "type": "EXPRESS", "definition": Self.pass, "publish": "yes"],
                intent: intent
            )
            #expect(made.status == 200)
            #expect(made.text.contains("/console/machines/Orders"))
            let details = try #require(try await fixture.store.machineDetails("Orders", version: 1))
            #expect(details.type == .express && details.definition == Self.pass)
        }
    }

    @Test("have their states tried out, with what a mock answers")
    func tryOut() async throws {
        try await ConsoleFixture.run { fixture in
            let intent = try await fixture.get("/console/new/machine").intent
            let machine = """
                {"StartAt": "Pay", "States": {
                  "Pay": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {"FunctionName": "pay", "Payload.$": "$"}, "ResultPath": "$.paid", "Next": "Done",
                    "Catch": [{"ErrorEquals": ["Broke"], "Next": "Done"}]},
                  "Done": {"Type": "Succeed"}}}
                """
            func run(_ fields: [String: String]) async throws -> String {
                let all = ["do": "test", "definition": machine, "state": "Pay", "input": #"{"id": "<b>"}"#]
                let answer = try await fixture.post(
                    "/console/new/machine",
                    all.merging(fields) { $1 },
                    intent: intent
                )
                #expect(answer.status == 200)
                #expect(!answer.text.contains("<b>"))
                return answer.text
            }
            let paid = try await run(["mock": "result", "result": #"{"StatusCode": 200, "Payload": {"x": "<b>"}}"#])
            #expect(paid.contains("Succeeded") && paid.contains("<strong>Done</strong>"))
            #expect(paid.contains("afterResultPath") && paid.contains("&lt;b&gt;"))
            let brief = try await run([
                "mock": "result", "result": #"{"StatusCode": 200, "Payload": {}}"#, "level": "INFO",
            ])
            #expect(!brief.contains("afterResultPath"))
            let caught = try await run(["mock": "error", "error": "Broke", "cause": "<b>"])
            #expect(caught.contains("Failed, caught"))
            let failed = try await run(["mock": "error", "error": "Other", "cause": "<b>"])
            #expect(failed.contains("Other") && failed.contains("&lt;b&gt;"))
            for fields in [["mock": "none"], ["state": "<b>"], ["input": "<b>"], ["mock": "result", "result": "<b>"]] {
                #expect(try await run(fields).contains("alert"))
            }
        }
    }

    @Test("that are larger than anybody can read take no longer to look at")
    func large() async throws {
        try await ConsoleFixture.run { fixture in
            let intent = try await fixture.get("/console/new/machine").intent
            let states = (0..<9000)
                .map { #""S\#($0)": {"Type": "Pass", "Next": "S\#($0 + 1)"}"# }
                .joined(separator: ",")
            let chain = #"{"StartAt": "S0", "States": {\#(states), "S9000": {"Type": "Pass", "End": true}}}"#
            let rules = (0..<9000)
                .map { #"{"Variable": "$.a", "NumericEquals": \#($0), "Next": "S\#($0 % 300)"}"# }
                .joined(separator: ",")
            let ends = (0..<300).map { #""S\#($0)": {"Type": "Succeed"}"# }.joined(separator: ",")
            let fan = #"{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [\#(rules)]}, \#(ends)}}"#
            for definition in [chain, fan] {
                let draft = try await fixture.post("/console/draft", ["definition": definition], intent: intent)
                #expect(draft.status == 200)
                #expect(draft.text.contains("There is nothing to object to"))
                #expect(draft.text.utf8.count < 500_000)
            }
        }
    }

    @Test("show how their states have fared: all of a hundred only if it is all")
    func figures() throws {
        func execution(_ fails: Bool) -> [OutlinedEvent] {
            func event(_ id: Int, _ type: EventType, _ state: String? = nil) -> OutlinedEvent {
                OutlinedEvent(
                    id: id,
                    previous: id - 1,
                    type: type,
                    at: Timestamp(microseconds: Int64(id)),
                    state: state
                )
            }
            let start = [event(2, .taskStateEntered, "Pay"), event(3, .lambdaFunctionScheduled)]
            guard fails else {
                return start + [event(4, .lambdaFunctionSucceeded), event(5, .taskStateExited, "Pay")]
            }
            return start + [event(4, .lambdaFunctionFailed), event(5, .executionFailed)]
        }
        let texts = try Renderer(assets: Assets()).texts(.english)
        let mixed = StateFigures((0..<300).map { execution($0 == 0) })
        #expect(mixed.look("Pay", texts)?.note == "99 % of 300")
        #expect(mixed.look("Pay", texts)?.tone == "caught")
        #expect(mixed.look("Other", texts) == nil)
        let good = StateFigures([execution(false)])
        #expect(good.look("Pay", texts)?.note == "100 % of 1")
        #expect(good.look("Pay", texts)?.tone == "succeeded")
        #expect(StateFigures([execution(true)]).look("Pay", texts)?.tone == "failed")
    }

    @Test("that are long are shown as far as somebody reads, with the problems of a line behind it")
    func text() throws {
        let many = DefinitionText(String(repeating: "x\n", count: 10_000), [])
        #expect(many.isCut && many.lines.count <= 3000)
        let wide = DefinitionText(String(repeating: "x", count: 500_000), [])
        #expect(wide.lines.allSatisfy { $0.text.utf8.count < 5000 })
        let accents = DefinitionText("a" + String(repeating: "\u{301}", count: 500_000), [])
        #expect(accents.lines.allSatisfy { $0.text.utf8.count < 5000 })
        let name = String(repeating: "x", count: 100_000)
        let long = Finding.all(of: Definition(parsing: #"{"StartAt": "\#(name)", "States": {"\#(name)": {}}}"#))
        #expect(!long.isEmpty && long.allSatisfy { $0.message.utf8.count + $0.place.utf8.count < 2000 })
        let definition = Definition(parsing: "{\n\"StartAt\": \"A\",\n\"States\": {}\n}")
        let findings = Finding.all(of: definition)
        #expect(!findings.isEmpty)
        let shown = DefinitionText("{\n\"StartAt\": \"A\",\n\"States\": {}\n}", findings)
        #expect(shown.lines.flatMap(\.findings).count + shown.others.count == findings.count)
    }
}
