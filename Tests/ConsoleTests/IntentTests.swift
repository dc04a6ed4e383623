import Foundation
import JSON
import NIOHTTP1
import Postgres
import Testing

@testable import Console
@testable import Server
@testable import Store

/// What changes something needs a header that only a script of the console can send, and has to come from this server.
@Suite("What changes something")
struct IntentTests {
    private static let machine = """
        {"StartAt": "Each", "States": {
          "Each": {"Type": "Map", "Label": "Each", "Next": "Ask", "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Pass",
            "States": {"Pass": {"Type": "Pass", "End": true}}}},
          "Ask": {"Type": "Wait", "Seconds": 3600, "End": true}}}
        """
    private static let run = "0f0e0d0c-0b0a-4908-8706-050403020100"

    /// Every address at which something can be done, with what would do it.
    private static let actions: [(path: String, body: String)] = [
        ("logout", ""), ("machines/Orders/start", "input={}"), ("machines/Orders/publish", "description=x"),
        ("machines/Orders/alias", "name=live&version=1"),
        (
            "machines/Orders/edit",
            "do=save&revision=INITIAL&definition=" + encoded(machine.replacing("3600", with: "1"))
        ),
        ("machines/Orders/edit", "do=test&definition=" + encoded(machine)),
        ("new/machine", "do=save&name=Other&type=STANDARD&definition=" + encoded(machine)),
        ("draft", "definition={}"), ("functions/charge/invoke", "kind=event&payload={}"),
        ("functions/charge/settings", "retries=0&was-retries=2"), ("functions/charge/forget", ""),
        ("functions/charge/alias", "name=live&version=$LATEST"),
        ("new/schedule", "do=save&name=s2&expression=rate(1 day)&kind=machine&target=Orders&overlap=skip&catchUp=1d"),
        ("schedules/s/edit", "do=save&expression=rate(2 days)&kind=machine&target=Orders&overlap=skip&catchUp=1d"),
        ("schedules/s/pause", ""), ("schedules/s/resume", ""), ("schedules/s/run", ""), ("schedules/s/delete", ""),
        ("map-runs/Orders/Each/\(run)/update", "maxConcurrency=9"), ("activities", "name=another"),
        ("activities/ask/delete", ""),
        ("executions/bulk", "action=stop&filter=machine%3DOrders&moment=1&confirmation=x"),
        ("executions/Orders/o-1/stop", "error=x"), ("executions/Orders/o-2/redrive", ""),
        ("executions/Orders/o-1/again", "input={}"),
        ("executions/Orders/o-1/answer", "step=1&entry=1&attempt=1&outcome=success&output={}"),
    ]

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    /// Something to act on at each of the addresses.
    private static func fill(_ fixture: ConsoleFixture) async throws {
        let store = fixture.store
        _ = try await store.deploy(name: "Orders", definition: machine)
        for name in ["o-1", "o-2"] {
            _ = try await store.startExecution(stateMachine: "Orders", name: name, input: JSONDocument(trusted: "[]"))
        }
        _ = try await store.stopExecution(
            store.settings.executionARN(machine: "Orders", execution: "o-2"),
            error: nil,
            cause: nil
        )
        _ = try await store.createSchedule(
            "s",
            ScheduleSettings(expression: "rate(1 day)", target: .stateMachine("Orders"))
        )
        _ = try await store.createActivity("ask")
        try await store.putFunction("charge", FunctionSettings())
        _ = try await store.query(
            Statement(
                """
                insert into stepwell.map_runs (bucket, id, execution, step, machine, label)
                select e.bucket, $1, e.id, 0, e.machine, 'Each' from stepwell.find_execution('Orders:o-1') e
                """,
                [.uuid(PGUUID(run))]
            )
        )
    }

    /// A digest of every table.
    private static func contents(_ fixture: ConsoleFixture) async throws -> [String: String?] {
        let tables = try await fixture.store.query(
            """
            select c.relname from pg_catalog.pg_class c where c.relkind = 'r' and c.relnamespace
                = (select m.relnamespace from pg_catalog.pg_class m where m.oid = 'stepwell.state_machines'::regclass)
            """
        )
        var contents: [String: String?] = [:]
        for row in tables {
            let table = try row.text(0)
            let digest = try await fixture.store.query(
                Statement("select md5(string_agg(t::text, chr(10) order by t::text)) from stepwell.\"\(table)\" t", [])
            )
            contents.updateValue(try digest.only().optionalText(0), forKey: table)
        }
        return contents
    }

    @Test("is refused without the header, with another one, and from elsewhere; then nothing has changed")
    func refusals() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            try await Self.fill(fixture)
            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let other = try await fixture.logIn(try await fixture.makeKey("*"))
            let intent = try #require(try await fixture.get("/console", cookie: cookie).intent)
            let others = try #require(try await fixture.get("/console", cookie: other).intent)
            #expect(intent != others)
            let header = "X-Stepwell-Intent"
            let good = [header: intent, "Origin": fixture.origin]
            let port = fixture.port
            let bad: [[String: String?]] = [
                // No header, also where a field says the same.
                [header: nil], [header: ""], [header: others], [header: String(intent.dropLast())], [header: "login"],
                ["Origin": nil], ["Origin": "null"], ["Origin": ""], ["Origin": "http://evil.example"],
                ["Origin": "http://127.0.0.1"], ["Origin": "http://127.0.0.1:\(port).evil.example"],
                ["Origin": "http://evil.example/127.0.0.1:\(port)"], ["Origin": "127.0.0.1:\(port)"],
                ["Origin": "http://localhost:\(port)"], ["Sec-Fetch-Site": "cross-site"],
                ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": "none"],
            ]
            let before = try await Self.contents(fixture)
            for (path, body) in Self.actions {
                for change in bad {
                    var headers: [String: String] = good
                    for (name, value) in change { headers[name] = value }
                    headers["Content-Type"] = "application/x-www-form-urlencoded"
                    let answer = try await fixture.send(
                        .POST,
                        "/console/\(path)",
                        cookie: cookie,
                        headers,
                        body: body + "&intent=\(intent)"
                    )
                    #expect(answer.status == 403, "\(path) \(change)")
                    #expect(
                        answer.text.contains("JavaScript") || answer.text.contains("page of this server")
                            || answer.text.contains("Load it again"),
                        "\(path) \(change): \(answer.text)"
                    )
                }
            }
            #expect(try await Self.contents(fixture) == before)
        }
    }

    @Test("is done with the header: every address is one")
    func addresses() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.fill(fixture)
            let headers = [
                "X-Stepwell-Intent": try #require(try await fixture.get("/console").intent), "Origin": fixture.origin,
                "Sec-Fetch-Site": "same-origin",
            ]
            for (path, body) in Self.actions {
                let answer = try await fixture.send(.POST, "/console/\(path)", headers, body: body)
                #expect(answer.status != 403 && !answer.text.contains("no page at this address"), "\(path)")
                #expect(answer.status < 500, "\(path) \(answer.text)")
            }
        }
    }

    @Test("a login is no exception")
    func logIn() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let key = try await fixture.makeKey("*")
            let body = "accessKey=\(key.id)&secret=\(Self.encoded(key.secret))&intent=login"
            for headers in [
                [:], ["Origin": fixture.origin], ["X-Stepwell-Intent": "login"],
                ["Origin": fixture.origin, "X-Stepwell-Intent": "x"],
                ["Origin": "null", "X-Stepwell-Intent": "login", "Sec-Fetch-Site": "same-origin"],
                ["Origin": "http://evil.example", "X-Stepwell-Intent": "login"],
                ["Origin": fixture.origin, "X-Stepwell-Intent": "login", "Sec-Fetch-Site": "cross-site"],
            ] {
                let answer = try await fixture.send(.POST, "/console/login", headers, body: body)
                #expect(answer.status == 403 && answer.cookie == nil, "\(headers)")
            }
            #expect(try await fixture.store.auditEntries().elements.isEmpty)
            _ = try await fixture.logIn(key)
        }
    }

    @Test("is nothing that a page shows: no other method does anything")
    func methods() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.fill(fixture)
            let intent = try #require(try await fixture.get("/console").intent)
            let before = try await Self.contents(fixture)
            for (path, body) in Self.actions {
                for method in [HTTPMethod.PUT, .DELETE, .PATCH] {
                    let headers = ["X-Stepwell-Intent": intent, "Origin": fixture.origin]
                    let answer = try await fixture.send(method, "/console/\(path)", headers, body: body)
                    #expect(answer.status == 404, "\(method) \(path)")
                }
                _ = try await fixture.get("/console/\(path)")
            }
            #expect(try await Self.contents(fixture) == before)
        }
    }

    @Test("is sent by scripts: every form that changes something is one of theirs, and says so where none is run")
    func pages() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.fill(fixture)
            for path in [
                "machines", "machines/Orders", "machines/Orders/edit", "new/machine", "functions/charge",
                "schedules/s", "schedules/s/edit", "new/schedule", "executions/Orders/o-1", "executions/Orders/o-2",
                "activities", "activities/ask", "map-runs/Orders/Each/\(Self.run)", "executions/bulk?action=stop",
            ] {
                let page = try await fixture.get("/console/\(path)")
                #expect(page.status == 200, "\(path)")
                #expect(page.text.contains("<noscript><link rel=\"stylesheet\""), "\(path)")
                #expect(page.text.contains("Your browser runs no scripts"), "\(path)")
                for form in page.text.matches(of: /<form [^>]*>/).map({ String($0.output) }) {
                    let isScripts =
                        form.contains("method=\"post\"")
                        && ["data-act", "data-bulk", "class=\"editor\""].contains { form.contains($0) }
                    #expect(isScripts || form.contains("method=\"get\""), "\(path): \(form)")
                }
            }
        }
    }
}
