import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

/// Every damage is seen, by the invariant that it breaks, and what is whole is left in peace.
@Suite("What must hold, read off the rows")
struct CheckupTests {
    let fixture: StoreFixture
    let checkup: Checkup

    /// A task that is retried once, a short Wait, a Map and a Parallel.
    private static let states = """
        "Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work", "Next": "Rest",
            "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 1, "IntervalSeconds": 1}]},
        "Rest": {"Type": "Wait", "Seconds": 0, "Next": "Each"},
        "Each": {"Type": "Map", "ItemsPath": "$.items", "Next": "Both", "ResultPath": "$.each", "MaxConcurrency": 2,
            "ItemProcessor": {"StartAt": "Item", "States": {
                "Item": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:item", "End": true}}}},
        "Both": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": true}}},
            {"StartAt": "Right", "States": {
                "Right": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:item", "End": true}}}]}
        """

    init() async throws {
        fixture = try await StoreFixture()
        checkup = Checkup(fixture.configuration, logger: fixture.store.logger)
        try await fixture.deploy("Whole", startAt: "Work", Self.states, more: #""TimeoutSeconds": 3600,"#)
        try await fixture.deploy(
            "Open",
            startAt: "Never",
            """
            "Never": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:never", "End": true,
                "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 1}]}
            """
        )
        try await fixture.deploy("Later", startAt: "Rest", #""Rest": {"Type": "Wait", "Seconds": 1000, "End": true}"#)
    }

    /// One execution that has ended and one that is running, both with a history.
    private func history() async throws -> [Acknowledgement] {
        let large = String(repeating: "x", count: 2000)
        let input = #"{"items": [1, 2, 3, 4], "large": "\#(large)"}"#
        _ = try await fixture.start("Whole", name: "ended", input: input)
        _ = try await fixture.start("Open", name: "open")
        let handler: ManualWorker.Handler = { .succeeded($0) }
        try await ManualWorker(fixture: fixture, functions: ["work": handler, "item": handler]).run()
        return try await ["Whole:ended", "Open:open"]
            .async { execution in
                let description = try await fixture.store.describe(execution)
                return Acknowledgement(
                    machine: description.summary.stateMachine,
                    name: description.summary.name,
                    startedAt: description.summary.startedAt.microseconds,
                    lastEvent: try await fixture.store.history(execution).count,
                    output: description.output?.text
                )
            }
    }

    private func broken(
        _ acknowledged: [Acknowledgement]? = nil,
        isQuiet: Bool = false
    ) async throws -> [String: [InvariantReport.Violation]] {
        var broken: [String: [InvariantReport.Violation]] = [:]
        for report in try await checkup.invariants(acknowledged: acknowledged, isQuiet: isQuiet) where !report.holds {
            broken[report.invariant.rawValue] = report.violations
        }
        return broken
    }

    @Test func whatIsWholeIsLeftInPeace() async throws {
        let acknowledged = try await history()
        let description = try await fixture.store.describe("Whole:ended")
        #expect(description.summary.status == .succeeded)
        #expect(try await broken(acknowledged).isEmpty)
        let reports = try await checkup.invariants(hours: 1)
        #expect(reports.map(\.invariant) == Invariant.allCases)
        #expect(reports.filter { $0.notChecked != nil }.map(\.invariant.rawValue) == ["I1", "I8", "I9", "I12"])
        await checkup.close()
    }

    @Test("events are read alike however their rows are written: in short, in full, or half and half")
    func eventsAreReadAlike() async throws {
        _ = try await history()
        // Times and causes that jump, which those of a quick run do not.
        _ = try await fixture.sql(
            """
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            values (0, '00000000-0000-7000-8000-000000000001', 2, 6, now(), 0,
                '{"p":[],"e":[[53,{"n":"A"},0],[17,{},null,7],19,[21,{},-2,11],[54,{"n":"A"},null,5]]}')
            """
        )
        let jumps = """
            select string_agg(concat(e.o_id, '<', e.o_previous, '+', (extract(epoch from e.o_at - h.at) * 1000000)::int), ' '
                order by e.o_id)
            from stepwell.events_of(0, null) e
            join stepwell.history h on h.execution = e.o_execution and h.first_event = 2
            where e.o_execution = '00000000-0000-7000-8000-000000000001'
            """
        let events = """
            select md5(string_agg(e::text, ',' order by e.o_execution, e.o_id)) || ' ' || count(*) || ' ' || count(e.o_name)
                || ' ' || count(distinct e.o_at)
            from generate_series(0, 1) as b (bucket) cross join lateral stepwell.events_of(b.bucket, null) e
            """
        let short = try await fixture.sql(events).only().text(0)
        #expect(short.split(separator: " ").dropFirst().allSatisfy { $0 != "0" }, "\(short)")
        for staysShort in ["p.ord % 2 = 0", "p.ord > 1", "false"] {
            _ = try await fixture.sql(
                """
                update stepwell.history h set events = json_build_object('p', h.events -> 'p', 'e', (
                    select json_agg(case when \(staysShort) then s.event else p.event end order by p.ord)
                    from json_array_elements(stepwell.plain_events(h.events) -> 'e') with ordinality as p (event, ord)
                    join json_array_elements(h.events -> 'e') with ordinality as s (event, ord) using (ord)))
                """
            )
            #expect(try await fixture.sql(events).only().text(0) == short)
            #expect(try await fixture.sql(jumps).only().text(0) == "2<0+0 3<2+7 4<3+7 5<3+18 6<5+23")
        }
        await checkup.close()
    }

    @Test func whatRunsIsAViolationOnlyWhenEverythingShouldHaveEnded() async throws {
        _ = try await history()
        let found = try await broken(isQuiet: true)
        #expect(found["I5"]?.map(\.execution) == ["Open:open"])
        #expect(found.count == 1)
        await checkup.close()
    }

    /// The statement that does the damage, the invariant that is broken, and part of what is said of it.
    static let damages: [(sql: String, invariant: String, detail: String)] = [
        ("delete from stepwell.executions where name = 'ended'", "I1", "it is not there"),
        (
            "update stepwell.executions set started_at = started_at + interval '1 second' where name = 'ended'", "I2",
            "started"
        ),
        ("update stepwell.executions set bucket = 1 - bucket where name = 'ended'", "I2", "belongs in bucket"),
        (
            """
            alter table stepwell.executions drop constraint executions_bucket_machine_name_key;
            insert into stepwell.executions (bucket, id, machine, revision, name, started_at)
            select bucket, gen_random_uuid(), machine, revision, name, started_at from stepwell.executions where name = 'open'
            """, "I2", "are named"
        ),
        (
            """
            insert into stepwell.history select bucket, execution, first_event + 1, last_event, at, step, events
            from stepwell.history where last_event > first_event order by first_event limit 1
            """, "I3", "is recorded twice"
        ),
        (
            // The result of the task is there once more, with ids that fit.
            """
            update stepwell.history set last_event = last_event + 1,
                events = json_build_object('p', events -> 'p', 'e', (
                    select json_agg(i.e order by i.n) from (
                        select e, n from json_array_elements(events -> 'e') with ordinality as a (e, n)
                        union all
                        select e, n + 0.5 from json_array_elements(events -> 'e') with ordinality as a (e, n)
                        where e ->> 0 = 'LambdaFunctionSucceeded') i))
            where step = 0 and events::text like '%LambdaFunctionSucceeded%'
            """, "I3", "result of one attempt"
        ),
        ("delete from stepwell.history where first_event = 2", "I4", "is missing"),
        (
            "update stepwell.executions set last_event = last_event + 1 where name = 'ended'", "I4", "are recorded"
        ),
        (
            """
            update stepwell.history set events = json_build_object('p', events -> 'p', 'e', (
                select json_agg(e order by n) from json_array_elements(events -> 'e') with ordinality as a (e, n) where n > 1))
            where first_event = 2
            """, "I4", "names event"
        ),
        (
            "update stepwell.history set events = replace(events::text, ',-1,', ',99999,')::json where events::text like '%,-1,%'",
            "I4", "as the one before it"
        ),
        ("update stepwell.executions set status = 'FAILED' where name = 'ended'", "I4", "says that it is SUCCEEDED"),
        ("update stepwell.executions set status = 'RUNNING' where name = 'ended'", "I4", "it is RUNNING"),
        ("delete from stepwell.payloads where value::text like '%xxx%'", "I4", "payload"),
        ("delete from stepwell.steps where function = 'never'", "I5", "no step of it is in the queue"),
        ("update stepwell.steps set id = 9 where function = 'never'", "I5", "its root branch is not in the queue"),
        ("update stepwell.executions set status = 'ABORTED' where name = 'open'", "I5", "1 of its steps are left"),
        ("delete from stepwell.executions where name = 'open'", "I5", "its execution is not"),
        (
            "update stepwell.steps set status = 'j', fork = 7, remaining = 2, item_count = 2, next_item = 1 where id = 0",
            "I5", "waits for 2 branches"
        ),
        (
            "insert into stepwell.results select bucket, id, 5 from stepwell.executions where name = 'ended'", "I5",
            "nobody will read"
        ),
        (
            """
            update stepwell.history set events = replace(events::text, '"LambdaFunctionScheduled"', '"PassStateExited"')::json
            """, "I6", "never made"
        ),
        ("update stepwell.steps set applied = fence", "I7", "which a transition has used"),
        ("update stepwell.steps set status = 'l', worker = gen_random_uuid()", "I7", "nobody would notice"),
        (
            "update stepwell.steps set lease_until = now() where status = 'r'", "I7", "leased by nobody"
        ),
        (
            "update stepwell.executions set output = '1', output_id = null where name = 'ended'", "I9",
            "its output is not"
        ),
        (
            """
            update stepwell.history set events = replace(events::text, '"LambdaFunctionStarted"', '"LambdaFunctionScheduled"')::json;
            update stepwell.history set events = replace(events::text, '"TaskStateExited"', '"LambdaFunctionScheduled"')::json
            """, "I10", "was tried"
        ),
        (
            """
            update stepwell.steps set status = 'l', worker = gen_random_uuid(), run_at = now() + interval '1 hour',
                lease_until = now() + interval '1 minute', wake_at = now() where function = 'never'
            """, "I11", "due only at"
        ),
        (
            "update stepwell.executions set last_event = 3 where name = 'ended'", "I12", "events were read"
        ),
    ]

    @Test(arguments: damages.indices)
    func aDamageIsSeenByTheInvariantThatItBreaks(place: Int) async throws {
        let damage = Self.damages[place]
        let acknowledged = try await history()
        // Damages name what they damage in full.
        _ = try await fixture.sql("update stepwell.history set events = stepwell.plain_events(events)")
        for statement in damage.sql.split(separator: ";") { _ = try await fixture.sql(String(statement)) }
        let found = try await broken(acknowledged)
        let violations = found[damage.invariant] ?? []
        #expect(violations.contains { $0.detail.contains(damage.detail) }, "\(found)")
        await checkup.close()
    }

    @Test func aWaitThatIsLeftTooEarlyIsSeen() async throws {
        _ = try await fixture.start("Later", name: "early")
        try await ManualWorker(fixture: fixture).run()
        #expect(try await broken().isEmpty)
        _ = try await fixture.sql("update stepwell.steps set run_at = now() where function = '' and phase = 'sleeping'")
        try await ManualWorker(fixture: fixture).run()
        #expect(try await broken()["I11"]?.first?.detail.contains("instead of 1000 s") == true)
        await checkup.close()
    }

    @Test func charactersThatSQLCannotHoldAreNoReasonToFail() async throws {
        let states = #""Stop": {"Type": "Fail", "Error": "E", "Cause": "a\u0000b"}"#
        try await fixture.deploy("Nul", startAt: "Stop", states)
        _ = try await fixture.start("Nul", name: "nul", input: #"{"a": "\u0000"}"#)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Nul:nul").summary.status == .failed)
        #expect(try await fixture.store.describe("Nul:nul").cause == "a\u{FFFD}b")
        #expect(try await broken().isEmpty)
        await checkup.close()
    }
}

extension Array {
    /// Each element's answer, one after the other.
    fileprivate func async<Value>(_ body: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
