import Expressions
import JSON
import Postgres
import Testing

@testable import Console
@testable import Store

@Suite("A long history")
struct LongHistoryTests {
    /// An execution with events that nobody has run for.
    private static func start(_ fixture: ConsoleFixture, _ events: String, upTo last: Int) async throws {
        let definition = #"{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": true}}}"#
        _ = try await fixture.store.deploy(name: "Orders", definition: definition)
        _ = try await fixture.store.startExecution(
            stateMachine: "Orders",
            name: "long",
            input: JSONDocument(trusted: "{}")
        )
        _ = try await fixture.store.query(
            Statement(
                """
                insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
                select e.bucket, e.id, r.first, r.last, now(), 0, r.events
                from stepwell.find_execution('Orders:long') e, (\(events)) r (first, last, events)
                """
            )
        )
        _ = try await fixture.store.query(
            Statement(
                """
                update stepwell.steps s set events = \(last)
                where s.execution = (select e.id from stepwell.find_execution('Orders:long') e)
                """
            )
        )
    }

    /// Rows of a chain of states, of two events each, from event 2 on.
    private static func chain(_ states: Int) -> String {
        """
        select 2 * i, 2 * i + 1, json_build_object('p', json_build_array('{"n": ' || i || '}'), 'e', json_build_array(
            json_build_array('PassStateEntered', 2 * i - 1, 0, json_build_object('name', 'Step', 'input', json_build_array(0))),
            json_build_array('PassStateExited', -1, 0, json_build_object('name', 'Step', 'output', json_build_array(0)))))
        from generate_series(1, \(states)) i
        """
    }

    /// A Map of so many items, each of a row of four events, behind the event that entered it.
    private static func map(_ items: Int) -> String {
        """
        select 2, 3, json_build_object('p', json_build_array(), 'e', json_build_array(
            json_build_array('MapStateEntered', 1, 0, json_build_object('name', 'Each')),
            json_build_array('MapStateStarted', -1, 0, json_build_object('length', \(items)))))
        union all
        select 4 * i, 4 * i + 3, json_build_object('p', json_build_array(), 'e', json_build_array(
            json_build_array('MapIterationStarted', 3, 0, json_build_object('name', 'Each', 'index', i - 1)),
            json_build_array('PassStateEntered', -1, 0, json_build_object('name', 'Pack')),
            json_build_array('PassStateExited', -2, 0, json_build_object('name', 'Pack')),
            json_build_array('MapIterationSucceeded', -3, 0, json_build_object('name', 'Each', 'index', i - 1))))
        from generate_series(1, \(items)) i
        """
    }

    private static let path = "/console/executions/Orders/long"

    /// The address behind a link with this text.
    private static func link(_ rel: String, in page: String) -> String? {
        page.matches(of: /href="([^"]*)" rel="([a-z]+)"/).first { $0.2 == rel }
            .map { String($0.1).replacing("&amp;", with: "&") }
    }

    @Test("is counted to its last event, and its pages lead through all of it")
    func chain() async throws {
        try await ConsoleFixture.run { fixture in
            let states = 5000
            try await Self.start(fixture, Self.chain(states), upTo: 2 * states + 1)
            var names: [Int] = []
            var next: String? = "?view=timeline"
            var pages = 0
            while let address = next {
                let page = try await fixture.get(Self.path + address)
                #expect(page.status == 200)
                #expect(page.text.utf8.count < 200_000)
                names += page.text.matches(of: /\?view=graph&amp;span=(\d+)"/).compactMap { Int($0.1) }
                next = Self.link("next", in: page.text)
                pages += 1
            }
            #expect(names == (1...states).map { 2 * $0 })
            #expect(pages == (states + Timeline.pageSize - 1) / Timeline.pageSize)

            let graph = try await fixture.get(Self.path)
            #expect(!graph.text.contains("left out of the pictures"))
            let events = try await fixture.get(Self.path + "?view=events&event=9001")
            #expect(events.text.contains(#"id="event-9001""#))
            #expect(!events.text.contains(#"id="event-9000""#))
            #expect(events.text.utf8.count < 200_000)
            let before = try #require(Self.link("prev", in: events.text))
            #expect(try await fixture.get(Self.path + before).text.contains(#"id="event-9000""#))
            for far in ["99999999999999999999", "-5", "10001", "2147483647", "9223372036854775807"] {
                for field in ["event", "after"] {
                    #expect(try await fixture.get(Self.path + "?view=events&\(field)=\(far)").status == 200)
                }
                #expect(try await fixture.get(Self.path + "?view=timeline&row=\(far)&open=\(far)").status == 200)
            }
        }
    }

    @Test("with a Map of very many items folds them, and shows a page of them at a time")
    func map() async throws {
        try await ConsoleFixture.run { fixture in
            let items = 2000
            try await Self.start(fixture, Self.map(items), upTo: 4 * items + 3)
            let folded = try await fixture.get(Self.path + "?view=timeline")
            #expect(folded.text.contains("2,000 inside: 2,000 done, 0 failed"))
            #expect(folded.text.ranges(of: "<svg viewBox=\"0 0 1000").count == 1)
            let open = try await fixture.get(Self.path + "?view=timeline&open=2")
            #expect(open.text.contains("#0") && !open.text.contains("#500<"))
            #expect(open.text.contains("1–120 of 2,001"))
            let middle = try await fixture.get(Self.path + "?view=timeline&open=2&row=500")
            #expect(middle.text.contains("#500<") && !middle.text.contains("#0<"))
            #expect(middle.text.utf8.count < 200_000)
        }
    }

    @Test("is read on from where it was read to before")
    func cache() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(fixture, Self.chain(2000), upTo: 4001)
            let (cache, store) = (ReportCache(), fixture.store)
            let first = try await ExecutionReport.load("Orders:long", from: store, cache)
            #expect(first.spans.all.count == 2000)
            // Also in pieces that begin inside of a row.
            let pieces = try await ExecutionReport.load("Orders:long", from: store, ReportCache(page: 77))
            #expect(pieces.spans.all.map(\.exitEvent) == first.spans.all.map(\.exitEvent))
            #expect(pieces.spans.all.map(\.before) == first.spans.all.map(\.before))
            // What is known is not read again: its rows may go.
            _ = try await store.query("delete from stepwell.history")
            _ = try await store.query(
                """
                insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
                select e.bucket, e.id, 4002, 4002, now(), 0,
                    '{"p": [], "e": [["PassStateEntered", 4001, 0, {"name": "New"}]]}'
                from stepwell.find_execution('Orders:long') e
                """
            )
            _ = try await store.query("update stepwell.steps set events = 4002")
            let second = try await ExecutionReport.load("Orders:long", from: store, cache)
            #expect(second.spans.all.count == 2001)
            #expect(second.spans.all.last?.state == "New")
            #expect(second.states["Step"]?.runs == 2000)
        }
    }

    @Test("gives up the one that nobody has looked at for longest when there are too many")
    func eviction() async throws {
        try await ConsoleFixture.run { fixture in
            try await Self.start(fixture, Self.chain(2000), upTo: 4001)
            let (cache, store) = (ReportCache(capacity: 5000), fixture.store)
            for day in [1, 2] {
                let spans = try await cache.spans(
                    of: "Orders:long",
                    startedAt: .init(microseconds: Int64(day)),
                    upTo: 4001,
                    from: store
                )
                #expect(spans.all.count == 2000)
            }
            _ = try await store.query("delete from stepwell.history")
            for (day, count) in [(1, 0), (2, 2000)] {
                let spans = try await cache.spans(
                    of: "Orders:long",
                    startedAt: .init(microseconds: Int64(day)),
                    upTo: 4001,
                    from: store
                )
                #expect(spans.all.count == count)
            }
        }
    }
}
