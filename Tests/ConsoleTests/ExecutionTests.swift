import JSON
import NIOHTTP1
import Testing

@testable import Console
@testable import Server
@testable import Store

@Suite("One execution")
struct ExecutionTests {
    private static let waiting = """
        {"StartAt": "Wait here", "States": {"Wait here": {"Type": "Wait", "Seconds": 3600, "End": true}}}
        """

    @Test("is shown in every view, with its input as text")
    func views() async throws {
        try await ConsoleFixture.run { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.waiting)
            let input = #"{"note": "<img src=x onerror=alert(1)>\"\#u{301} {{t}}"}"#
            let started = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "o-1",
                input: JSONDocument(parsing: input)
            )
            #expect(started.isNew)
            for view in ["graph", "timeline", "events", "data"] {
                let page = try await fixture.get("/console/executions/Orders/o-1?view=\(view)")
                #expect(page.status == 200, "\(view)")
                #expect(!page.text.contains("<img src=x"), "\(view)")
                #expect(page.text.utf8.count < 200_000)
            }
            let data = try await fixture.get("/console/executions/Orders/o-1?view=data")
            #expect(data.text.contains("&lt;img src=x onerror=alert(1)&gt;"))
            let file = try await fixture.get("/console/executions/Orders/o-1/value?of=input")
            #expect(file.text == input)
            #expect(file.headers.first(name: "content-disposition")?.hasPrefix("attachment") == true)
            #expect(try await fixture.get("/console/executions/Orders/none").status == 404)
            #expect(try await fixture.get("/console/executions/Orders/%00").status == 404)
        }
    }

    @Test("says what it failed with wherever it is listed, and why as somebody reads it")
    func failure() async throws {
        try await ConsoleFixture.run { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.waiting)
            let started = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "o-1",
                input: JSONDocument(trusted: "{}")
            )
            let cause = """
                {"errorMessage": "no <b>tea</b>", "errorType": "Sold<b>Out", "requestId": "r-1", "stackTrace": ["at a", "at b"]}
                """
            _ = try await fixture.store.stopExecution(started.arn, error: "Sold<b>Out", cause: cause)
            for path in ["", "/executions", "/machines/Orders"] {
                let page = try await fixture.get("/console\(path)")
                // Those that were stopped are none of those that failed.
                let isListed = page.text.contains(#"<span class="reason">Sold&lt;b&gt;Out</span>"#)
                #expect(isListed == !path.isEmpty, "\(path)")
            }
            let page = try await fixture.get("/console/executions/Orders/o-1")
            #expect(page.text.contains("no &lt;b&gt;tea&lt;/b&gt;\nrequestId: r-1\nstackTrace:\n  at a\n  at b"))
            #expect(!page.text.contains("<b>"))
        }
    }

    @Test("has causes that are shown whole: one line of what a function has thrown is its message")
    func causes() {
        #expect(Cause.text("plain", of: "E") == "plain")
        #expect(Cause.text("{\"a\": 1}", of: "E") == "{\"a\": 1}")
        #expect(Cause.text("{\"errorMessage\": \"m\", \"errorType\": \"E\", \"stackTrace\": []}", of: "E") == "m")
        #expect(
            Cause.text("{\"errorMessage\": \"m\", \"errorType\": \"F\", \"n\": 1}", of: "E") == "m\nerrorType: F\nn: 1"
        )
    }

    @Test("of a machine with very many states is a small page all the same", arguments: [380, 2000])
    func manyStates(count: Int) async throws {
        try await ConsoleFixture.run { fixture in
            func name(_ number: Int) -> String { "State \(number) \(String(repeating: "상", count: 60))" }
            let states = (0..<count)
                .map { number in
                    let next = number + 1 < count ? #""Next": "\#(name(number + 1))""# : #""End": true"#
                    return #""\#(name(number))": {"Type": "Pass", \#(next)}"#
                }
            let definition = #"{"StartAt": "\#(name(0))", "States": {\#(states.joined(separator: ","))}}"#
            _ = try await fixture.store.deploy(name: "Orders", definition: definition)
            _ = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "o-1",
                input: JSONDocument(trusted: "{}")
            )
            let page = try await fixture.get("/console/executions/Orders/o-1")
            #expect(page.status == 200)
            #expect(page.text.contains("State 1 "))
            #expect(page.text.contains("This is only the beginning."))
            #expect(page.text.utf8.count < 200_000)
        }
    }

    @Test("is stopped by who may, refused to who may not, and both are written down")
    func stop() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.waiting)
            _ = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "o-1",
                input: JSONDocument(trusted: "{}")
            )
            let path = "/console/executions/Orders/o-1"
            let reader = try await fixture.logIn(try await fixture.makeKey("Describe*,List*,GetExecutionHistory"))
            let page = try await fixture.get(path, cookie: reader)
            #expect(!page.text.contains(path + "/stop"))
            let refused = try await fixture.post(path + "/stop", cookie: reader, intent: page.intent)
            #expect(refused.status == 400)
            #expect(refused.text.contains("not authorized"))

            let stopper = try await fixture.logIn(try await fixture.makeKey("*"))
            let other = try await fixture.get(path, cookie: stopper)
            #expect(other.text.contains(path + "/stop"))
            let done = try await fixture.post(
                path + "/stop",
                ["error": "Enough", "cause": "<b>"],
                cookie: stopper,
                intent: other.intent
            )
            #expect(done.status == 200)
            #expect(try await fixture.get(path, cookie: stopper).text.contains("&lt;b&gt;"))
            let entries = try await fixture.store.auditEntries().elements.filter { $0.action == "StopExecution" }
            #expect(entries.map { $0.refusal == nil } == [true, false])
        }
    }

    @Test("tells a page that it has ended")
    func live() async throws {
        try await ConsoleFixture.run { fixture in
            _ = try await fixture.store.deploy(name: "Orders", definition: Self.waiting)
            let started = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "o-1",
                input: JSONDocument(trusted: "{}")
            )
            async let stream = fixture.get("/console/executions/Orders/o-1/live?after=0")
            _ = try await fixture.store.stopExecution(started.arn, error: nil, cause: nil)
            let events = try await stream
            #expect(events.headers.first(name: "content-type") == "text/event-stream")
            #expect(events.text.contains(" ABORTED\n\n"))
        }
    }
}
