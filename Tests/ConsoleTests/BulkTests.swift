import Expressions
import JSON
import Postgres
import Testing

@testable import Console
@testable import Server
@testable import Store

@Suite("Many executions at once")
struct BulkTests {
    private static let waiting = """
        {"StartAt": "Wait here", "States": {"Wait here": {"Type": "Wait", "Seconds": 3600, "End": true}}}
        """

    private static func start(_ count: Int, of machine: String = "Orders", _ fixture: ConsoleFixture) async throws {
        _ = try await fixture.store.deploy(name: machine, definition: waiting)
        for number in 0..<count {
            _ = try await fixture.store.startExecution(
                stateMachine: machine,
                name: "o-\(number)",
                input: JSONDocument(trusted: #"{"shop": "\#(number % 2 == 0 ? "north" : "south")"}"#)
            )
        }
    }

    /// What the preview's form sends.
    private static func form(_ page: ConsoleFixture.Answer) -> [String: String] {
        var fields: [String: String] = [:]
        for match in page.text.matches(of: /<input type="hidden" name="(\w+)" value="([^"]*)">/) {
            fields[String(match.1)] = String(match.2).replacing("&amp;", with: "&")
        }
        return fields
    }

    private static func statuses(
        _ fixture: ConsoleFixture,
        of machine: String = "Orders"
    ) async throws -> [ExecutionStatus: Int] {
        let page = try await fixture.store.executions(stateMachine: machine, limit: 1000)
        return page.executions.reduce(into: [:]) { $0[$1.status, default: 0] += 1 }
    }

    /// Sends the form until all are done, as the page does.
    private static func carryOut(
        _ fields: [String: String],
        _ fixture: ConsoleFixture,
        cookie: String? = nil,
        intent: String?
    ) async throws -> (done: Int, refused: Int, requests: Int) {
        var (fields, done, refused, requests) = (fields, 0, 0, 0)
        while true {
            let answer = try await fixture.post("/console/executions/bulk", fields, cookie: cookie, intent: intent)
            #expect(answer.status == 200)
            let json = try JSONValue(parsing: answer.text)
            done += json["done"]?.number?.exactly(Int.self) ?? 0
            refused += json["refused"]?.number?.exactly(Int.self) ?? 0
            requests += 1
            guard let next = json["next"]?.string else { return (done, refused, requests) }
            fields["after"] = next
        }
    }

    @Test("are stopped as the preview said, in pieces, and every one is written down")
    func stop() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(90, fixture)
            try await Self.start(3, of: "Other", fixture)
            let list = try await fixture.get("/console/executions?machine=Orders&fields=shop%3Dnorth")
            #expect(list.text.contains("bulk?action=stop&amp;machine=Orders&amp;fields=shop%3Dnorth"))
            let preview = try await fixture.get(
                "/console/executions/bulk?action=stop&machine=Orders&fields=shop%3Dnorth"
            )
            #expect(preview.text.contains("45 will be touched"))
            #expect(preview.text.contains("And more."))
            // Nothing is done by looking.
            #expect(try await Self.statuses(fixture) == [.running: 90])
            // What begins after the preview was not agreed to.
            _ = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "late",
                input: JSONDocument(trusted: #"{"shop": "north"}"#)
            )
            var fields = Self.form(preview)
            fields["error"] = "Closed"
            let outcome = try await Self.carryOut(fields, fixture, intent: preview.intent)
            #expect(outcome.done == 45)
            #expect(outcome.refused == 0)
            #expect(outcome.requests == 2)
            #expect(try await Self.statuses(fixture) == [.running: 46, .aborted: 45])
            #expect(try await Self.statuses(fixture, of: "Other") == [.running: 3])
            #expect(try await fixture.store.describe("Orders:o-0").error == "Closed")
            let entries = try await fixture.store.auditEntries(limit: 200).elements
            #expect(entries.count { $0.action == "StopExecution" && $0.refusal == nil } == 45)
            let whole = entries.filter { $0.action == "StopMany" }
            #expect(whole.map(\.subject) == ["machine=Orders fields=shop=north"])
        }
    }

    @Test("are redriven, and those that can't be are named")
    func redrive() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(4, fixture)
            for number in 0..<3 {
                _ = try await fixture.store.stopExecution("Orders:o-\(number)", error: nil, cause: nil)
            }
            // One of them for so long that it can't be gone on with.
            _ = try await fixture.store.query(
                "update stepwell.executions set stopped_at = now() - interval '20 days' where name = 'o-1'"
            )
            let preview = try await fixture.get("/console/executions/bulk?action=redrive&machine=Orders")
            #expect(preview.text.contains("3 will be touched"))
            let outcome = try await Self.carryOut(Self.form(preview), fixture, intent: preview.intent)
            #expect(outcome.done == 2)
            #expect(outcome.refused == 1)
            #expect(try await Self.statuses(fixture) == [.running: 3, .aborted: 1])
        }
    }

    @Test("are only touched with the confirmation of the very preview, by who may")
    func confirmation() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            try await Self.start(3, fixture)
            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let other = try await fixture.logIn(try await fixture.makeKey("*"))
            let path = "/console/executions/bulk"
            let preview = try await fixture.get(path + "?action=stop&machine=Orders&name=o-1", cookie: cookie)
            let fields = Self.form(preview)
            #expect(fields.keys.sorted() == ["action", "confirmation", "filter", "moment"])
            func refused(_ name: String, _ value: String) async throws {
                var wrong = fields
                wrong[name] = value
                let answer = try await fixture.post(path, wrong, cookie: cookie, intent: preview.intent)
                #expect(answer.status == 400, "\(name) = \(value)")
            }
            try await refused("filter", "/console?machine=Orders")
            try await refused("filter", "/console?machine=Orders&name=o-")
            try await refused("filter", "")
            try await refused("action", "redrive")
            try await refused("action", "destroy")
            try await refused("moment", "\(Int64(fields["moment"] ?? "")! + 1)")
            try await refused("moment", "99999999999999999999")
            try await refused("confirmation", "")
            try await refused("confirmation", String(repeating: "0", count: 64))
            #expect(try await fixture.post(path, fields, cookie: cookie).status == 403)
            // Somebody else's preview is not theirs, and not mine.
            let intent = try await fixture.get("/console", cookie: other).intent
            #expect(try await fixture.post(path, fields, cookie: other, intent: intent).status == 400)
            #expect(try await Self.statuses(fixture) == [.running: 3])

            let reader = try await fixture.logIn(try await fixture.makeKey("List*,Describe*"))
            let list = try await fixture.get("/console/executions", cookie: reader)
            #expect(!list.text.contains("action=stop"))
            #expect(try await fixture.get(path + "?action=stop", cookie: reader).status == 403)
            #expect(try await fixture.get(path + "?action=nothing", cookie: cookie).status == 404)
            let nothing = try await fixture.get(path + "?action=stop&status=FAILED", cookie: cookie)
            #expect(nothing.text.contains("There is nothing to do it to."))

            let done = try await Self.carryOut(fields, fixture, cookie: cookie, intent: preview.intent)
            #expect(done.done == 1)
        }
    }

    @Test(
        "a preview is good for an hour",
        arguments: [(0, true), (3599, true), (3600, false), (-60, false), (1_000_000_000, false)]
    )
    func age(seconds: Int64, isFresh: Bool) {
        let moment = Timestamp(microseconds: 1_700_000_000_000_000)
        #expect(BulkChange.isFresh(moment, now: moment.adding(seconds: seconds)) == isFresh)
    }

    @Test("a state machine's executions are for those who may see them, whichever way it is named")
    func names() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            try await Self.start(1, of: "Salaries", fixture)
            let cookie = try await fixture.logIn(try await fixture.makeKey("*@a"))
            let arn = fixture.store.settings.stateMachineARN("Salaries").replacing(":", with: "%3A")
            for machine in [arn, arn + "%3A1", "Salaries%3A1", "Salaries", "arn%3Ax"] {
                let list = try await fixture.get("/console/executions?machine=\(machine)", cookie: cookie)
                #expect(!list.text.contains("o-0"), "\(machine)")
                #expect(list.status == (machine == "arn%3Ax" ? 200 : 403), "\(machine)")
                let bulk = try await fixture.get(
                    "/console/executions/bulk?action=stop&machine=\(machine)",
                    cookie: cookie
                )
                #expect(!bulk.text.contains("o-0"), "\(machine)")
            }
        }
    }
}
