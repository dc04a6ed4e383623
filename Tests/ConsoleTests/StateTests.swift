import JSON
import Postgres
import Testing

@testable import Console
@testable import Store

@Suite("A state of an execution")
struct StateTests {
    private static let path = "/console/executions/Orders/o-1"
    private static let hostile = "<img src=x onerror=alert(1)>"

    /// An execution of two states, the second of which is given back by nobody.
    private static func start(_ fixture: ConsoleFixture) async throws {
        let definition = """
            {"StartAt": "Prepare", "States": {
                "Prepare": {"Type": "Pass", "Next": "Ask"},
                "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
                    "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}}}}
            """
        _ = try await fixture.store.deploy(name: "Orders", definition: definition)
        _ = try await fixture.store.startExecution(
            stateMachine: "Orders",
            name: "o-1",
            input: JSONDocument(trusted: #"{"id": 1, "note": "\#(hostile)"}"#)
        )
        _ = try await fixture.store.query(
            """
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select e.bucket, e.id, 2, 4, now(), 0, json_build_object('p', json_build_array(
                '{"id": 1, "note": "<img src=x onerror=alert(1)>"}', '{"id": 1, "total": 12.50}', '{"nested": [1]}'),
                'e', json_build_array(
                json_build_array('PassStateEntered', 1, 0, json_build_object('name', 'Prepare', 'input', json_build_array(0))),
                json_build_array('PassStateExited', -1, 0, json_build_object('name', 'Prepare', 'output', json_build_array(1),
                    'assignedVariables', json_build_object('known', json_build_array(2)))),
                json_build_array('TaskStateEntered', -2, 0, json_build_object('name', 'Ask', 'input', json_build_array(1)))))
            from stepwell.find_execution('Orders:o-1') e
            """
        )
        _ = try await fixture.store.query("update stepwell.steps set events = 4")
        _ = try await fixture.store.query(
            """
            update stepwell.steps set status = 'w', wake_at = 'infinity', function = '', phase = 'submitted', state = 'Ask', entry = 2,
                last_event = 4, entered_event = 4, entered_at = now()
            """
        )
    }

    @Test("shows what went in, what came out, what it assigned and what that changed")
    func values() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(fixture)
            let page = try await fixture.get(Self.path + "?state=Prepare")
            #expect(page.status == 200)
            #expect(!page.text.contains("<img src=x"))
            #expect(page.text.contains("Variables assigned"))
            #expect(page.text.contains("<del>&quot;&lt;img src=x onerror=alert(1)&gt;&quot;</del>"))
            #expect(page.text.contains("<ins>12.50</ins>"))
            #expect(page.text.contains("/note") && page.text.contains("/total"))
            // Beside the step before: what that has put out is what this one was given.
            let compared = try await fixture.get(Self.path + "?span=4&with=2")
            #expect(compared.text.contains("Prepare (event 2) → Input"))
            #expect(compared.text.contains("They are equal."))
            let start = try await fixture.get(Self.path + "?span=4&with=start")
            #expect(start.text.contains("the input of the execution → Input"))
            #expect(start.text.contains("<ins>12.50</ins>"))
            for with in ["99", "-1", "x", Self.hostile] {
                let page = try await fixture.get(Self.path + "?span=2&with=\(with.percentEncoded)")
                #expect(page.status == 200)
                #expect(page.text.contains("<ins>12.50</ins>"))
            }
            let variables = try await fixture.get(Self.path + "/value?event=3&of=assignedVariables")
            #expect(variables.text == #"{"known":"{\"nested\": [1]}"}"#)
        }
    }

    @Test("is searched in all of its values")
    func search() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(fixture)
            let found = try await fixture.get(Self.path + "?span=2&find=NOTE")
            #expect(found.text.contains(#"<td class="text mono">/note</td>"#))
            #expect(found.text.contains(#"<input type="hidden" name="span" value="2">"#))
            let none = try await fixture.get(Self.path + "?span=2&find=\(Self.hostile.percentEncoded)x")
            #expect(none.text.contains("Nothing."))
            #expect(!none.text.contains("<img src=x"))
            let data = try await fixture.get(Self.path + "?view=data&find=id")
            #expect(data.text.contains(#"<td class="text mono">/id</td>"#))
        }
    }

    @Test("that waits for an answer is given one by who may, once, and that is written down without the token")
    func answer() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            try await Self.start(fixture)
            let reader = try await fixture.logIn(try await fixture.makeKey("Describe*,List*,GetExecutionHistory"))
            let readers = try await fixture.get(Self.path, cookie: reader)
            #expect(!readers.text.contains(Self.path + "/answer"))
            let fields = ["step": "0", "entry": "2", "attempt": "0", "outcome": "success", "output": #"{"ok": true}"#]
            let refused = try await fixture.post(
                Self.path + "/answer",
                fields,
                cookie: reader,
                intent: readers.intent
            )
            #expect(refused.status == 403)
            // A right on other state machines is none on this one.
            let other = try await fixture.logIn(
                try await fixture.makeKey("Describe*,List*,GetExecutionHistory", "SendTask*@Salaries")
            )
            let others = try await fixture.get(Self.path, cookie: other)
            #expect(
                try await fixture.post(Self.path + "/answer", fields, cookie: other, intent: others.intent).status
                    == 403
            )

            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let page = try await fixture.get(Self.path, cookie: cookie)
            #expect(page.text.contains(#"data-fill="step=0&amp;entry=2&amp;attempt=0""#))
            for (name, value) in [
                ("entry", "1"), ("attempt", "1"), ("step", "7"), ("output", "{"), ("entry", "x"), ("outcome", ""),
            ] {
                var wrong = fields
                wrong[name] = value
                let answer = try await fixture.post(
                    Self.path + "/answer",
                    wrong,
                    cookie: cookie,
                    intent: page.intent
                )
                #expect(answer.status == 400, "\(name) = \(value)")
            }
            let done = try await fixture.post(Self.path + "/answer", fields, cookie: cookie, intent: page.intent)
            #expect(done.status == 200)
            let rows = try await fixture.store.query("select outcome, outcome_value::text from stepwell.steps")
            #expect(try rows.only().text(0) == "succeeded")
            #expect(try rows.only().text(1) == #"{"ok": true}"#)
            let again = try await fixture.post(Self.path + "/answer", fields, cookie: cookie, intent: page.intent)
            #expect(again.status == 400)
            #expect(!(try await fixture.get(Self.path, cookie: cookie).text.contains("/answer")))
            let entries = try await fixture.store.auditEntries().elements.filter { $0.action == "SendTaskSuccess" }
            #expect(entries.first?.refusal != nil)
            #expect(entries.contains { $0.refusal == nil && $0.subject.hasSuffix(":Orders:o-1") })
            #expect(entries.allSatisfy { $0.detail == nil })
        }
    }

    @Test("runs again with another input, as the version or alias that was chosen")
    func again() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(fixture)
            let page = try await fixture.get(Self.path)
            let answer = try await fixture.post(
                Self.path + "/again",
                ["input": #"{"id": 2}"#, "name": "o-2"],
                intent: page.intent
            )
            #expect(answer.status == 200)
            #expect(answer.text.contains("/console/executions/Orders/o-2"))
            #expect(try await fixture.store.describe("Orders:o-2").input.text == #"{"id": 2}"#)
            let unknown = try await fixture.post(
                Self.path + "/again",
                ["input": "{}", "target": "nowhere"],
                intent: page.intent
            )
            #expect(unknown.status == 400)
            #expect(page.text.contains("stepwell stop Orders:o-1"))
        }
    }
}

extension String {
    fileprivate var percentEncoded: String {
        utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
