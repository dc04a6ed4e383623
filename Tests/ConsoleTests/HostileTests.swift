import JSON
import Postgres
import Testing

@testable import Console
@testable import Server
@testable import Store

@Suite("Whatever stands in the database is text on every page")
struct HostileTests {
    static let strings = [
        "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "javascript:alert(1)",
        "<svg/onload=alert(1)>", "{{t.nav}}{{{page}}}{{#page}}<%= 1 %>${1}", "\u{1B}[31mred\u{1B}]0;title\u{7}",
        "\"'`><b onclick=alert(1)>", "\"\u{301} autofocus onfocus=alert(1) x=\"", "<\u{338}img src=x>",
        "\u{202E}gnp.exe\u{2066}\u{2028}", "&lt;b&gt;&amp;#39;", "--></title></textarea></svg><b>", "' or 1=1; --\\",
    ]

    /// What the pages consist of. Attributes that run or fetch something are not among them.
    private static let tags: Set<String> = [
        "!doctype", "html", "head", "meta", "title", "link", "script", "noscript", "body", "a", "header", "img", "nav",
        "div",
        "main",
        "button", "span", "h1", "h2", "h3", "p", "section", "form", "input", "label", "select", "option", "datalist",
        "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "details", "summary", "dl", "dt", "dd", "ul",
        "li",
        "strong", "br", "dialog", "textarea", "time", "svg", "rect", "path", "circle", "text", "figure", "figcaption",
        "del", "ins",
    ]

    /// Reads a page as a browser does, and says what should not be in it.
    static func findings(_ html: String) -> [String] {
        var findings: [String] = []
        for match in html.matches(of: /<(\/?)([!a-zA-Z][^\s>\/]*)([^>]*)>/) {
            let tag = match.2.lowercased()
            if !tags.contains(tag) { findings.append("<\(tag)>") }
            for attribute in match.3.matches(of: /([^\s="\/]+)(="([^"]*)")?/) {
                let (name, value) = (attribute.1.lowercased(), String(attribute.3 ?? ""))
                if name.contains(/^(on|style$|srcdoc$|formaction$|xlink)/) { findings.append("<\(tag) \(name)>") }
                if ["href", "src", "action"].contains(name) {
                    let isOurs = value.isEmpty || ["/console", "?", "#"].contains { value.hasPrefix($0) }
                    if !isOurs { findings.append("<\(tag) \(name)=\(value)>") }
                }
            }
        }
        // No text begins what is not a tag either.
        if html.ranges(of: /<(?![\/!a-zA-Z])/).count > 0 { findings.append("a loose <") }
        return findings
    }

    /// Puts a string into every field that can hold it.
    private static func fill(_ text: String, _ fixture: ConsoleFixture) async throws {
        let store = fixture.store
        let name = JSONValue.string(String(text.prefix(70))).text
        let quoted = JSONValue.string(text).text
        let definition = """
            {"Comment": \(quoted), "StartAt": \(name), "States": {
                \(name): {"Type": "Wait", "Seconds": 3600, "Comment": \(quoted), "End": true}}}
            """
        _ = try await store.deploy(name: "Orders", definition: definition)
        _ = try await store.startExecution(
            stateMachine: "Orders",
            name: "o-1",
            input: JSONDocument(parsing: "{\(quoted): [\(quoted), {\"x\": \(quoted)}]}")
        )
        let parameters: [PostgresValue] = [.text(String(text.prefix(70))), .text(text)]
        for statement in [
            """
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select e.bucket, e.id, 2, 6, now(), 0, json_build_object(
                'p', json_build_array($2::text, to_json($2::text)::text), 'e', json_build_array(
                json_build_array('TaskStateEntered', 1, 0,
                    json_build_object('name', $1::text, 'input', json_build_array(1))),
                json_build_array('ActivityStarted', -1, 0, json_build_object('workerName', $2::text)),
                json_build_array('LambdaFunctionScheduled', -2, 0, json_build_object('resource', $2::text)),
                json_build_array('LambdaFunctionFailed', -3, 0,
                    json_build_object('error', $2::text, 'cause', $2::text)),
                json_build_array('TaskStateExited', -4, 0, json_build_object(
                    'name', $1::text, 'output', json_build_array(1),
                    'assignedVariables', json_build_object($1::text, json_build_array(1))))))
            from stepwell.find_execution('Orders:o-1') e
            """,
            "update stepwell.steps set events = 6 where $1::text is not null and $2::text is not null",
            """
            update stepwell.executions set status = 'FAILED', error = $1, cause = $2, stopped_at = now(), last_event = 6
            """,
            """
            insert into stepwell.executions (bucket, id, machine, revision, name, input, started_at, alias)
            select 0, stepwell.new_execution_id(), e.machine, e.revision, $1, json_build_object('x', $2::text), now(), $1
            from stepwell.find_execution('Orders:o-1') e
            """,
            """
            insert into stepwell.workers (host, name, instance, pid, version, functions, slots, idle, claims)
            values ($2, $1, gen_random_uuid(), 1, $2, array[$2], 4, false, array[$2])
            """,
            """
            insert into stepwell.audit (bucket, id, actor, action, subject, detail, refusal)
            values (0, gen_random_uuid(), $1, $2, $2, json_build_object($2::text, $2::text), $2)
            """,
            "insert into stepwell.activities (name) select $1 where $2::text is not null",
            """
            insert into stepwell.map_runs (bucket, id, execution, step, machine, label, status, error, cause, item_total)
            select e.bucket, '00000000-0000-4000-8000-000000000001', e.id, 0, e.machine, $1, 'FAILED', $2, $2, 1
            from stepwell.find_execution('Orders:o-1') e
            """,
            """
            insert into stepwell.executions (bucket, id, machine, revision, name, input, started_at, stopped_at, status,
                error, cause, map_run, map_index, map_items, map_label)
            select 0, stepwell.new_execution_id(), e.machine, e.revision, 'c' || $1, '{}', now(), now(), 'FAILED', $1, $2,
                '00000000-0000-4000-8000-000000000001', 0, 1, $1
            from stepwell.find_execution('Orders:o-1') e
            """,
            """
            insert into stepwell.map_run_shards (bucket, run, started, failed, items_started, items_failed)
            select 0, '00000000-0000-4000-8000-000000000001', 1, 1, 1, 1 where $1::text is not null and $2::text is not null
            """,
            """
            insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function, next_function,
                run_at, phase, state, input)
            select 0, e.id, 9, e.machine, e.revision, 'x', 'w', 'activity:' || $1, '', now(), 'submitted', $1, '{}'
            from stepwell.find_execution('Orders:o-1') e where $2::text is not null
            """,
        ] { _ = try await store.query(Statement(statement, parameters)) }
    }

    @Test("strings that pages are broken with", arguments: strings)
    func everywhere(text: String) async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.fill(text, fixture)
            let label = String(text.prefix(70)).percentEncoded
            let whole = text.percentEncoded
            let execution = "/console/executions/Orders/o-1"
            let pages = [
                "/console", "/console/machines", "/console/machines/Orders", "/console/executions", "/console/workers",
                "/console/audit", "/console/activities", "/console/activities/\(label)", "/console/map-runs",
                "/console/map-runs/Orders/\(label)/00000000-0000-4000-8000-000000000001?view=failed", execution,
                execution + "?view=timeline", execution + "?view=events", execution + "?view=data",
                execution + "?state=\(label)", execution + "?span=2&find=\(whole)&with=start",
                execution + "?view=data&find=\(whole)", execution + "?state=\(whole)x",
                "/console/executions?name=\(whole)&error=\(whole)&fields=x%3D\(whole)&machine=\(whole)&after=\(whole)",
                "/console/executions/bulk?action=stop&name=\(whole)&error=\(whole)", "/console/login?to=\(whole)",
                "/console/map-runs?machine=\(whole)&status=\(whole)", "/console/\(whole)", "/console/machines/\(whole)",
                "/console/executions/\(whole)/\(whole)", "/console/activities/none\(whole)",
                "/console?language=\(whole)",
            ]
            for path in pages {
                for language in ["en", "ko"] {
                    let page = try await fixture.get(path, ["Accept-Language": language])
                    #expect(page.status < 500, "\(path)")
                    #expect(Self.findings(page.text) == [], "\(path)")
                    #expect(page.text.utf8.count < 200_000, "\(path)")
                }
            }
            // It is there, and not left out.
            let shown = EscapedHTML().escapeText(text)
            for path in ["/console/workers", "/console/audit", execution, execution + "?view=events"] {
                #expect(try await fixture.get(path).text.contains(shown), "\(path)")
            }
        }
    }

    @Test("U+0000 in what an execution failed with keeps no page from being shown")
    func zero() async throws {
        try await ConsoleFixture.run { fixture in
            let definition = #"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": true}}}"#
            _ = try await fixture.store.deploy(name: "Orders", definition: definition)
            _ = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "o-1",
                input: JSONDocument(parsing: "{}")
            )
            let events = #"""
                {"p": [], "e": [["WaitStateEntered", 0, 0, {"name": "A"}],
                    ["ExecutionFailed", -1, 0, {"error": "E", "cause": "before\u0000behind"}]]}
                """#
            let insert = """
                insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
                select e.bucket, e.id, 2, 3, now(), 0, $1 from stepwell.find_execution('Orders:o-1') e
                """
            _ = try await fixture.store.query(Statement(insert, [.json(events)]))
            _ = try await fixture.store.query(Statement("update stepwell.steps set events = 3"))
            let execution = "/console/executions/Orders/o-1"
            for path in [
                "/console/machines/Orders", execution, execution + "?view=timeline", execution + "?view=events",
                execution + "?view=data", execution + "?state=A",
            ] { #expect(try await fixture.get(path).status == 200, "\(path)") }
        }
    }

    @Test("a cell of a megabyte leaves a page small")
    func large() async throws {
        try await ConsoleFixture.run { fixture in
            let text = String(repeating: "<&\"'", count: 1 << 18)
            let definition = #"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": true}}}"#
            _ = try await fixture.store.deploy(name: "Orders", definition: definition)
            let input = JSONValue.object(["cell": .string(text), "list": .array([.string(text)])])
            let started = try await fixture.store.startExecution(
                stateMachine: "Orders",
                name: "o-1",
                input: JSONDocument(input)
            )
            _ = try await fixture.store.stopExecution(started.arn, error: "Large", cause: String(text.prefix(32_000)))
            for view in ["graph", "timeline", "events", "data", "data&find=%3C", "data&find=list"] {
                let path = "/console/executions/Orders/o-1?view=\(view)"
                let page = try await fixture.get(path)
                #expect(page.status == 200, "\(path)")
                #expect(page.text.utf8.count < 200_000, "\(path)")
                #expect(Self.findings(page.text) == [], "\(path)")
            }
            for path in ["/console", "/console/executions", "/console/audit"] {
                #expect(try await fixture.get(path).text.utf8.count < 200_000, "\(path)")
            }
        }
    }

    @Test("what looks for that finds it")
    func lookOut() {
        #expect(Self.findings("<p class=\"x\">a</p>") == [])
        for html in [
            "<iframe>", "<p onclick=\"x\">", "<a href=\"javascript:x\">", "<p style=\"x\">", "<img src=\"//evil\">",
            "a < b",
            "<p title=\"\" onfocus=x>",
        ] { #expect(Self.findings(html) != [], "\(html)") }
    }
}

extension String {
    fileprivate var percentEncoded: String {
        utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
