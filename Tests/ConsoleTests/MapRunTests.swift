import JSON
import Postgres
import Testing

@testable import Console
@testable import Store

@Suite("Map runs and activities")
struct MapRunTests {
    private static let definition = """
        {"StartAt": "Each", "States": {"Each": {"Type": "Map", "Label": "Each", "End": true, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Pack",
            "States": {"Pack": {"Type": "Wait", "Seconds": 3600, "End": true}}}}}}
        """
    private static let id = "0f0e0d0c-0b0a-4908-8706-050403020100"
    private static let path = "/console/map-runs/Orders/Each/\(id)"

    /// A run with so many children, every third of which has failed; the last one runs.
    private static func start(_ children: Int, _ fixture: ConsoleFixture) async throws {
        let store = fixture.store
        _ = try await store.deploy(name: "Orders", definition: definition)
        _ = try await store.startExecution(stateMachine: "Orders", name: "o-1", input: JSONDocument(trusted: "[]"))
        _ = try await store.query(
            Statement(
                """
                insert into stepwell.map_runs (bucket, id, execution, step, machine, label, max_concurrency,
                    tolerated_percentage, item_total, next_item, next_child, started_at)
                select e.bucket, $1, e.id, 0, e.machine, 'Each', 7, 12.5, \(children + 5), \(children), \(children), now()
                from stepwell.find_execution('Orders:o-1') e
                """,
                [.uuid(PGUUID(id))]
            )
        )
        _ = try await store.query(
            Statement(
                """
                insert into stepwell.executions (bucket, id, machine, revision, name, status, input, error, cause,
                    started_at, stopped_at, last_event, map_run, map_index, map_items, map_label)
                select stepwell.bucket_of('Orders/Each', 'c-' || i, 2), stepwell.new_execution_id(), e.machine,
                    e.revision, 'c-' || i,
                    case when i = \(children - 1) then 'RUNNING' when i % 3 = 0 then 'FAILED' else 'SUCCEEDED' end, '{}',
                    case when i % 3 = 0 then 'Broken<b>' end, case when i % 3 = 0 then 'item ' || i end,
                    now(), case when i < \(children - 1) then now() end, 3, $1, i, 1, 'Each'
                from stepwell.find_execution('Orders:o-1') e, generate_series(0, \(children - 1)) i
                """,
                [.uuid(PGUUID(id))]
            )
        )
        _ = try await store.query(
            Statement(
                """
                insert into stepwell.map_run_shards (bucket, run, started, succeeded, failed, items_started,
                    items_succeeded, items_failed)
                select e.bucket, $1, count(*), count(*) filter (where e.status = 'SUCCEEDED'),
                    count(*) filter (where e.status = 'FAILED'), count(*),
                    count(*) filter (where e.status = 'SUCCEEDED'), count(*) filter (where e.status = 'FAILED')
                from stepwell.executions e where e.map_run = $1 group by e.bucket
                """,
                [.uuid(PGUUID(id))]
            )
        )
    }

    @Test("map runs are listed by when they began, whatever their ids say")
    func order() async throws {
        try await ConsoleFixture.run { fixture in
            let store = fixture.store
            _ = try await store.deploy(name: "Orders", definition: Self.definition)
            _ = try await store.startExecution(stateMachine: "Orders", name: "o-1", input: JSONDocument(trusted: "[]"))
            // Two of them in one moment.
            let begun = [3, 1, 4, 1, 5, 9, 2, 6]
            for (position, minutes) in begun.enumerated() {
                _ = try await store.query(
                    Statement(
                        """
                        insert into stepwell.map_runs (bucket, id, execution, step, machine, label, started_at)
                        select e.bucket, $1, e.id, 0, e.machine, 'Each', date_trunc('day', now()) + $2 * interval '1 minute'
                        from stepwell.find_execution('Orders:o-1') e
                        """,
                        [
                            .uuid(PGUUID("\(position)0000000-0000-4000-8000-000000000000")),
                            .float8(Double(minutes)),
                        ]
                    )
                )
            }
            let arn = try await store.describe("Orders:o-1").summary.arn
            var (listed, token) = ([String](), JSONValue?.none)
            repeat {
                var arguments: JSONObject = ["executionArn": .string(arn), "maxResults": 3]
                if let token { arguments["nextToken"] = token }
                let answer = try await fixture.api("ListMapRuns", arguments)
                listed += (answer["mapRuns"]?.array ?? []).compactMap { $0["mapRunArn"]?.string }
                token = answer["nextToken"]
            } while token != nil
            let ids = listed.compactMap { $0.split(separator: ":").last?.first }
            #expect(String(ids) == "57420631")
            let page = try await fixture.get("/console/map-runs?machine=Orders")
            #expect(page.text.matches(of: /Each\/([0-9])0000000-/).compactMap { $0.1.first } == ids)
        }
    }

    @Test("a map run says how far it is and what failed in it, and leads to its children a page at a time")
    func mapRun() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(302, fixture)
            let list = try await fixture.get("/console/map-runs?machine=Orders&status=RUNNING")
            #expect(list.text.contains(Self.path))
            #expect(list.text.contains("301 / 307"))
            #expect(!(try await fixture.get("/console/map-runs?status=FAILED").text.contains(Self.path)))
            #expect(!(try await fixture.get("/console/map-runs?machine=Other").text.contains(Self.path)))
            #expect(try await fixture.get("/console/map-runs?after=5-x").status == 200)
            #expect(!(try await fixture.get("/console/map-runs?after=5-\(Self.id)").text.contains(Self.path)))

            let page = try await fixture.get(Self.path)
            #expect(page.status == 200)
            #expect(page.text.contains(#"<span class="name">Failed</span><span class="value">101</span>"#))
            #expect(page.text.contains(#"<span class="name">Not begun</span><span class="value">5</span>"#))
            #expect(page.text.contains(#">Broken&lt;b&gt;</span></td><td class="number">101<"#))
            #expect(page.text.contains("12.5 %"))
            #expect(page.text.utf8.count < 200_000)
            for (view, expected) in [("all", Array(0..<302)), ("failed", (0..<301).filter { $0 % 3 == 0 })] {
                var (indexes, next) = ([Int](), Optional("?view=\(view)"))
                while let address = next {
                    let page = try await fixture.get(Self.path + address)
                    indexes += page.text.matches(of: /<td class="number">#(\d+)<\/td>/).compactMap { Int($0.1) }
                    next = page.text.firstMatch(of: /href="([^"]*)" rel="next"/)
                        .map { String($0.1).replacing("&amp;", with: "&") }
                }
                #expect(indexes.sorted() == expected, "\(view)")
            }
            let running = try await fixture.get(Self.path + "?view=running")
            #expect(running.text.matches(of: /<td class="number">#301</).count == 1)

            // Both of those whose it is lead to it.
            #expect(try await fixture.get("/console/executions/Orders/o-1").text.contains(Self.path))
            #expect(try await fixture.get("/console/executions/Orders%2FEach/c-3").text.contains(Self.path))
            for wrong in ["Other/Each/\(Self.id)", "Orders/None/\(Self.id)", "Orders/Each/x"] {
                #expect(try await fixture.get("/console/map-runs/\(wrong)").status == 404)
            }
        }
    }

    @Test("the limits of a map run are changed while it goes on, by who may")
    func limits() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            try await Self.start(3, fixture)
            let reader = try await fixture.logIn(try await fixture.makeKey("Describe*,List*"))
            let readers = try await fixture.get(Self.path, cookie: reader)
            #expect(!readers.text.contains(Self.path + "/update"))
            let update = Self.path + "/update"
            let fields = ["maxConcurrency": "40", "toleratedFailurePercentage": "2.5", "toleratedFailureCount": ""]
            #expect(try await fixture.post(update, fields, cookie: reader, intent: readers.intent).status == 400)

            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let page = try await fixture.get(Self.path, cookie: cookie)
            #expect(page.text.contains(update))
            for wrong in ["x", "-1", "1e999", "1.5", "{}", "99999999999999999999999"] {
                let answer = try await fixture.post(
                    update,
                    ["maxConcurrency": wrong],
                    cookie: cookie,
                    intent: page.intent
                )
                #expect(answer.status == 400, "\(wrong)")
            }
            #expect(try await fixture.post(update, fields, cookie: cookie, intent: page.intent).status == 200)
            let changed = try await fixture.get(Self.path, cookie: cookie)
            #expect(changed.text.contains(#"<dd id="concurrency">40</dd>"#))
            #expect(changed.text.contains("2.5 %"))
            let entries = try await fixture.store.auditEntries().elements
            let entry = entries.first { $0.action == "UpdateMapRun" && $0.refusal == nil }
            #expect(entry?.detail?.text == #"{"maxConcurrency":40,"toleratedFailurePercentage":2.5}"#)
            // Of a run that is over nothing can be changed.
            _ = try await fixture.store.query("update stepwell.map_runs set status = 'SUCCEEDED', stopped_at = now()")
            #expect(!(try await fixture.get(Self.path, cookie: cookie).text.contains(update)))
            #expect(try await fixture.post(update, fields, cookie: cookie, intent: page.intent).status == 400)
        }
    }

    @Test("an activity says whose tasks wait for it and that nobody asks; it is created and deleted by who may")
    func activities() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let store = fixture.store
            let cookie = try await fixture.logIn(try await fixture.makeKey("*"))
            let intent = try await fixture.get("/console/activities", cookie: cookie).intent
            let created = try await fixture.post(
                "/console/activities",
                ["name": "ask"],
                cookie: cookie,
                intent: intent
            )
            #expect(created.text == #"{"location":"/console/activities/ask"}"#)
            for wrong in ["", "a b", "<b>", String(repeating: "x", count: 81)] {
                let answer = try await fixture.post(
                    "/console/activities",
                    ["name": wrong],
                    cookie: cookie,
                    intent: intent
                )
                #expect(answer.status == 400, "\(wrong)")
            }
            let arn = store.settings.activityARN("ask")
            let definition = """
                {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "\(arn)", "End": true}}}
                """
            _ = try await store.deploy(name: "Orders", definition: definition)
            for name in ["o-1", "o-2"] {
                _ = try await store.startExecution(
                    stateMachine: "Orders",
                    name: name,
                    input: JSONDocument(trusted: "{}")
                )
            }
            _ = try await store.query(
                "update stepwell.steps set status = 'w', wake_at = 'infinity', function = 'activity:ask', phase = 'submitted', state = 'Ask'"
            )
            let list = try await fixture.get("/console/activities", cookie: cookie)
            #expect(list.text.contains("nobody asks for them"))
            let page = try await fixture.get("/console/activities/ask", cookie: cookie)
            #expect(page.text.contains(#"<dd id="waiting">2</dd>"#))
            #expect(page.text.contains("/console/executions/Orders/o-1"))
            // Whoever may not see the executions sees how many there are, and not which.
            let other = try await fixture.logIn(try await fixture.makeKey("DescribeActivity", "List*@Other"))
            let others = try await fixture.get("/console/activities/ask", cookie: other)
            #expect(others.text.contains(#"<dd id="waiting">2</dd>"#))
            #expect(!others.text.contains("o-1") && !others.text.contains("/delete"))
            #expect(try await fixture.get("/console/activities", cookie: other).status == 403)
            #expect(
                try await fixture.post("/console/activities/ask/delete", cookie: other, intent: others.intent).status
                    == 400
            )
            let nosy = try await fixture.logIn(try await fixture.makeKey("*@arn"))
            let byARN = arn.replacing(":", with: "%3A")
            #expect(try await fixture.get("/console/activities/\(byARN)", cookie: nosy).status == 404)
            _ = try await store.registerPoller("stepwell_x", for: ["ask"], lifetime: .seconds(600))
            #expect(!(try await fixture.get("/console/activities", cookie: cookie).text.contains("nobody asks")))
            let deleted = try await fixture.post("/console/activities/ask/delete", cookie: cookie, intent: intent)
            #expect(deleted.status == 200)
            #expect(try await fixture.get("/console/activities/ask", cookie: cookie).status == 404)
        }
    }
}
