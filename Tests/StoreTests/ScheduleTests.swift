import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Schedules")
struct ScheduleTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture(connections: 6)
        try await fixture.deploy("Rest", startAt: "Rest", #""Rest": {"Type": "Wait", "Seconds": 900, "End": true}"#)
    }

    @discardableResult
    private func create(
        _ name: String,
        _ expression: String,
        overlap: ScheduleOverlap = .allowAll,
        target: ScheduleTarget = .stateMachine("Rest"),
        _ change: (inout ScheduleSettings) -> Void = { _ in }
    ) async throws -> Schedule {
        var settings = ScheduleSettings(expression: expression, target: target)
        settings.overlap = overlap
        change(&settings)
        return try await fixture.store.createSchedule(name, settings)
    }

    /// As if no worker had been there for a while: what was due since then has not been run.
    private func setBack(_ interval: String) async throws {
        _ = try await fixture.sql(
            """
            update stepwell.schedules
            set base = date_trunc('second', now() - $1::interval), next_due = date_trunc('second', now() - $1::interval)
            """,
            [.text(interval)]
        )
    }

    private func outcomes(_ name: String) async throws -> [String: Int] {
        try await fixture.store.runs(ofSchedule: name, limit: 1000)
            .reduce(into: [:]) { $0[$1.outcome.rawValue, default: 0] += 1 }
    }

    private func runningCount() async throws -> Int {
        try await fixture.sql("select count(*)::int from stepwell.executions where status = 'RUNNING'").only().int(0)
    }

    // MARK: By hand

    @Test func itIsRunAtOnceHoweverItStands() async throws {
        try await create("nightly", "rate(1 day)", overlap: .skip) { $0.isEnabled = false }
        let run = try await fixture.store.runSchedule("nightly")
        #expect(run.outcome == .started)
        let schedule = try await fixture.store.schedule("nightly")
        #expect(schedule.lastExecution == run.execution && !schedule.settings.isEnabled)
        #expect(try await runningCount() == 1)
        await #expect(throws: StoreError.self) { try await fixture.store.runSchedule("unknown") }
    }

    @Test func manyWhoRunItAtOnceStartOneExecutionASecond() async throws {
        try await create("nightly", "rate(1 day)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { _ = try await fixture.store.runSchedule("nightly") } }
            try await group.waitForAll()
        }
        let runs = try await fixture.store.runs(ofSchedule: "nightly", limit: 100)
        #expect(runs.allSatisfy { $0.outcome == .started })
        #expect(try await runningCount() == runs.count)
    }

    // MARK: Once each

    @Test func manyProcessesStartEachDueTimeOnce() async throws {
        let stores = try await withThrowingTaskGroup(of: Store.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await Store.open(
                        fixture.configuration,
                        poolSize: 3,
                        patience: .seconds(120),
                        logger: fixture.store.logger
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for number in 0..<40 { try await create("each-\(number)", "rate(1 minute)") }
        try await setBack("9 minutes 30 seconds")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in stores {
                group.addTask { for _ in 0..<3 { _ = try await store.runDueSchedules() } }
            }
            try await group.waitForAll()
        }
        for store in stores { await store.close() }
        let rows = try await fixture.sql("select name from stepwell.executions")
        let names = try rows.map { try $0.text(0) }
        // Ten each; a minute may have passed on the way.
        #expect(names.count >= 400 && names.count <= 440)
        #expect(Set(names).count == names.count)
        for number in 0..<40 {
            let runs = try await fixture.store.runs(ofSchedule: "each-\(number)", limit: 1000)
            #expect(runs.allSatisfy { $0.outcome == .started })
            #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.due == $1.due.adding(seconds: Int64(60)) })
            #expect(Set(runs.compactMap(\.execution)).count == runs.count && runs.count >= 10)
        }
    }

    @Test func whatIsDueAgainAfterALostAnswerIsNotStartedAgain() async throws {
        let schedule = try await create("once", "rate(1 minute)")
        let due = try #require(schedule.nextDue)
        let call = Statement(
            "select stepwell.run_schedule('once', 1, $1, array[$1], null, $1 + interval '1 minute', null)",
            [.timestamptz(microseconds: due.microseconds)]
        )
        #expect(try await fixture.store.pool.query(call).only().bool(0))
        #expect(try await !fixture.store.pool.query(call).only().bool(0))
        #expect(try await fixture.count("executions") == 1)
    }

    @Test func nothingIsStartedEarly() async throws {
        let schedule = try await create("later", "rate(1 hour)") { $0.starts = Timestamp("2099-01-01T00:00:00Z") }
        #expect(schedule.nextDue == Timestamp("2099-01-01T00:00:00Z"))
        _ = try await fixture.store.runDueSchedules()
        // Whatever a process thinks that the time is.
        let call = Statement(
            "select stepwell.run_schedule('later', 1, $1, array[$1], null, null, null)",
            [.timestamptz(microseconds: schedule.nextDue?.microseconds)]
        )
        #expect(try await !fixture.store.pool.query(call).only().bool(0))
        _ = try await fixture.sql("update stepwell.schedules set next_due = now() - interval '1 second'")
        let early = Statement(
            "select stepwell.run_schedule('later', 1, s.next_due, array[now() + interval '1 hour'], null, null, null) "
                + "from stepwell.schedules s"
        )
        #expect(try await !fixture.store.pool.query(early).only().bool(0))
        #expect(try await fixture.count("executions") == 0)
    }

    // MARK: After downtime

    @Test(arguments: ScheduleOverlap.allCases)
    func whatWasMissed(overlap: ScheduleOverlap) async throws {
        try await create("missed", "rate(10 minutes)", overlap: overlap)
        try await setBack("55 minutes")
        _ = try await fixture.store.runDueSchedules()
        let running = try await runningCount()
        switch overlap {
        case .allowAll:
            #expect(try await outcomes("missed") == ["started": 6])
            #expect(running == 6)
        case .skip:
            #expect(try await outcomes("missed") == ["started": 1, "skipped": 5])
            #expect(running == 1)
        case .bufferOne:
            #expect(try await outcomes("missed") == ["started": 1, "buffered": 1, "skipped": 4])
            #expect(running == 1)
        case .bufferAll:
            #expect(try await outcomes("missed") == ["started": 1, "buffered": 5])
            #expect(running == 1)
        case .terminateOther:
            #expect(try await outcomes("missed") == ["started": 6])
            #expect(running == 1)
            let last = try #require(try await fixture.store.schedule("missed").lastExecution)
            #expect(try await fixture.store.describe(last).summary.status == .running)
            let first = try #require(try await fixture.store.runs(ofSchedule: "missed").last?.execution)
            #expect(try await fixture.store.describe(first).error == "Schedule.Terminated")
        }
        let next = try #require(try await fixture.store.schedule("missed").nextDue)
        let now = Timestamp(microseconds: try await fixture.sql("select now()").only().timestamp(0))
        #expect(next > now && next < now.adding(seconds: Int64(600)))
    }

    @Test func onlyAsFarBackAsTheWindow() async throws {
        try await create("window", "cron(* * * * ? *)") { $0.catchUp = 150 }
        try await setBack("3 days")
        _ = try await fixture.store.runDueSchedules()
        let outcomes = try await outcomes("window")
        #expect(outcomes["missed"] == 1)
        #expect((2...4).contains(outcomes["started"] ?? 0))
        #expect(outcomes.count == 2)
    }

    @Test func moreThanOneTransactionHolds() async throws {
        try await create("many", "rate(1 minute)")
        try await setBack("170 minutes")
        _ = try await fixture.store.runDueSchedules()
        #expect((171...173).contains(try await fixture.count("executions")))
        // What became of the newest hundred is kept.
        #expect(try await fixture.store.runs(ofSchedule: "many", limit: 1000).count == 100)
    }

    // MARK: One after the other

    @Test func whatWaitsIsStartedWhenTheOneBeforeHasEnded() async throws {
        try await create("queue", "rate(10 minutes)", overlap: .bufferAll)
        try await setBack("25 minutes")
        var seen: [String] = []
        for left in [2, 1, 0] {
            let wait = try await fixture.store.runDueSchedules()
            let schedule = try await fixture.store.schedule("queue")
            #expect(schedule.bufferedCount == left)
            #expect(left == 0 || (wait ?? .seconds(99)) <= .seconds(1))
            #expect(try await runningCount() == 1)
            seen.append(try #require(schedule.lastExecution))
            _ = try await fixture.store.stopExecution(seen[seen.count - 1])
        }
        #expect(seen.count == 3 && seen == seen.sorted())
        #expect(try await outcomes("queue") == ["started": 3])
    }

    @Test func processesThatReleaseWhatWaitsDoNotStartTwo() async throws {
        for number in 0..<20 { try await create("b\(number)", "rate(10 minutes)", overlap: .bufferAll) }
        try await setBack("35 minutes")
        _ = try await fixture.store.runDueSchedules()
        for _ in 0..<3 {
            for schedule in try await fixture.store.schedules().elements {
                _ = try await fixture.store.stopExecution(try #require(schedule.lastExecution))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await fixture.store.runDueSchedules() } }
                try await group.waitForAll()
            }
            #expect(try await runningCount() == 20)
        }
        #expect(try await fixture.count("executions") == 80)
    }

    // MARK: What is started

    @Test func theInputSaysWhatItIsFor() async throws {
        try await create("told", "at(2099-01-01T00:00:00)") {
            $0.input = JSONDocument(
                trusted:
                    #"{"time": "<aws.scheduler.scheduled-time>", "id": "<aws.scheduler.execution-id>", "n": "<aws.scheduler.attempt-number>", "of": "<aws.scheduler.schedule-arn>"}"#
            )
        }
        _ = try await fixture.sql(
            "update stepwell.schedules set next_due = '2026-11-28 16:00:07Z', catch_up = '100 years'"
        )
        _ = try await fixture.store.runDueSchedules()
        let execution = try await fixture.store.describe("Rest:told-20261128T160007")
        #expect(
            execution.input.text
                == #"{"time": "2026-11-28T16:00:07Z", "id": "told-20261128T160007", "n": "1", "of": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/told"}"#
        )
        #expect(try await fixture.store.schedule("told").nextDue != nil)
    }

    @Test func aFunctionIsCalledAsByAnEvent() async throws {
        try await create("call", "rate(1 minute)", target: .function("check_stock")) {
            $0.input = JSONDocument(trusted: #"{"sku": "tea"}"#)
        }
        _ = try await fixture.store.runDueSchedules()
        let step = try await fixture.one(["check_stock"])
        #expect(step.branch.input.text == #"{"sku": "tea"}"#)
    }

    @Test func aVersionIsStarted() async throws {
        let version = try await fixture.sql("select o_version from stepwell.publish_version('Rest', null, null)")
            .only()
        let number = try version.int(0)
        try await create("versioned", "rate(1 minute)", target: .stateMachine("Rest:\(number)"))
        _ = try await fixture.store.runDueSchedules()
        let last = try #require(try await fixture.store.schedule("versioned").lastExecution)
        #expect(try await fixture.store.describe(last).summary.version == number)
    }

    @Test func aTargetThatIsGoneFailsARunAndNoMore() async throws {
        try await fixture.deploy("Gone", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        try await create("gone", "rate(1 minute)", target: .stateMachine("Gone"))
        try await create("other", "rate(1 minute)")
        _ = try await fixture.sql("select stepwell.delete_state_machine('Gone')")
        _ = try await fixture.store.runDueSchedules()
        let run = try #require(try await fixture.store.runs(ofSchedule: "gone").first)
        #expect(run.outcome == .failed && run.detail?.contains("StateMachineDeleting") == true)
        #expect(try await outcomes("other") == ["started": 1])
        #expect(try await fixture.store.schedule("gone").nextDue != nil)
    }

    @Test func aZoneThatThisMachineDoesNotKnowEndsTheScheduleAndSaysSo() async throws {
        try await create("lost", "rate(1 minute)")
        _ = try await fixture.sql("update stepwell.schedules set time_zone = 'Mars/Olympus'")
        _ = try await fixture.store.runDueSchedules()
        let run = try #require(try await fixture.store.runs(ofSchedule: "lost").first)
        #expect(run.outcome == .failed && run.detail?.contains("Mars/Olympus") == true)
        #expect(try await fixture.store.schedule("lost").nextDue == nil)
    }

    // MARK: Changes

    @Test func pausedResumedChangedAndDeleted() async throws {
        let created = try await create("change", "rate(1 hour)")
        let paused = try await fixture.store.updateSchedule("change") { $0.isEnabled = false }
        #expect(paused.nextDue == nil && !paused.settings.isEnabled)
        _ = try await fixture.store.runDueSchedules()
        #expect(try await fixture.count("executions") == 0)
        // In step with what it was, and what was due meanwhile is not caught up on.
        let resumed = try await fixture.store.updateSchedule("change") { $0.isEnabled = true }
        #expect(resumed.nextDue == created.nextDue?.adding(seconds: Int64(3600)))
        let changed = try await fixture.store.updateSchedule("change") {
            $0.expression = "at(2099-01-01T00:00:00)"
            $0.timeZone = "Asia/Seoul"
            $0.description = "tea; drop table"
        }
        #expect(changed.nextDue == Timestamp("2098-12-31T15:00:00Z"))
        #expect(changed.settings.description == "tea; drop table")
        #expect(try await fixture.store.schedules().elements.map(\.nextDue) == [changed.nextDue])
        try await fixture.store.deleteSchedule("change")
        await #expect(throws: StoreError.self) { try await fixture.store.schedule("change") }
        await #expect(throws: StoreError.self) { try await fixture.store.deleteSchedule("change") }
    }

    @Test func whatIsDoneIsDeletedIfItWasAskedFor() async throws {
        for (name, deletes) in [("goes", true), ("stays", false)] {
            try await create(name, "at(2099-01-01T00:00:00)") { $0.deletesItself = deletes }
        }
        _ = try await fixture.sql(
            "update stepwell.schedules set expression = 'at(2020-01-01T00:00:00)', next_due = '2020-01-01Z', catch_up = '99 years'"
        )
        _ = try await fixture.store.runDueSchedules()
        #expect(try await fixture.store.schedules().elements.map(\.name) == ["stays"])
        #expect(try await fixture.store.schedule("stays").nextDue == nil)
        #expect(try await fixture.count("executions") == 2)
    }

    @Test func pagesOfSchedules() async throws {
        for number in 0..<5 { try await create("p\(number)", "rate(1 day)") }
        let first = try await fixture.store.schedules(limit: 3)
        #expect(first.elements.map(\.name) == ["p0", "p1", "p2"] && first.next == "p2")
        let rest = try await fixture.store.schedules(limit: 3, after: first.next)
        #expect(rest.elements.map(\.name) == ["p3", "p4"] && rest.next == nil)
    }

    @Test(arguments: [
        ("", "rate(1 day)", "Rest", "letters, digits"),
        ("a b", "rate(1 day)", "Rest", "letters, digits"),
        ("'; drop table stepwell.steps; --", "rate(1 day)", "Rest", "letters, digits"),
        (String(repeating: "n", count: 65), "rate(1 day)", "Rest", "letters, digits"),
        ("n", "rate(1 day)", "Rest; drop", "no state machine named"),
        ("n", "rate(1 day)", "Missing", "no state machine named"),
        ("n", "rate(1 day)", "Rest:7", "no state machine named"),
        ("n", "rate(1 day)", "Rest:none", "no state machine named"),
        ("n", "cron(0 0 31 2 ? *)", "Rest", "is not due at any time"),
        ("n", "at(2020-01-01T00:00:00)", "Rest", "is not due at any time"),
        ("n", "cron(0 0 * * ? 2020)", "Rest", "is not due at any time"),
        ("n", "often", "Rest", "is not an expression"),
        ("taken", "rate(1 day)", "Rest", "already"),
    ])
    func refused(name: String, expression: String, machine: String, words: String) async throws {
        if name == "taken" { try await create("taken", "rate(1 day)") }
        await #expect {
            try await create(name, expression, target: .stateMachine(machine))
        } throws: { error in
            "\(error)".contains(words)
        }
        #expect(try await fixture.count("schedules") == (name == "taken" ? 1 : 0))
    }

    @Test func theLongestNameStillMakesAnExecutionsName() async throws {
        try await create(String(repeating: "n", count: 64), "rate(1 day)")
        _ = try await fixture.store.runDueSchedules()
        #expect(try await fixture.sql("select char_length(name) from stepwell.executions").only().int(0) == 80)
    }

    @Test func inputThatIsTooLargeIsRefused() async throws {
        _ = try await fixture.sql("update stepwell.settings set payload_bytes = 1024")
        await #expect {
            try await create("large", "rate(1 day)") {
                $0.input = JSONDocument(trusted: "\"\(String(repeating: "x", count: 2000))\"")
            }
        } throws: { error in
            guard case StoreError.invalidInput = error else { return false }
            return true
        }
    }
}
