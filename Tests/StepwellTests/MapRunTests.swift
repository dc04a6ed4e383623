import Foundation
import JSON
import Postgres
import Stepwell
import Store
import Synchronization
import Testing

/// Distributed Maps, with real workers.
@Suite struct MapRunTests {
    /// A Map whose children call a function, or pass their input on.
    static func map(_ fields: String = "", function: String? = nil, states: String? = nil) -> String {
        let work =
            states
            ?? function.map { #""Item": {"Type": "Task", "Resource": "\#(Database.function($0))", "End": true}"# }
            ?? #""Item": {"Type": "Pass", "End": true}"#
        return #"""
            "Work": {"Type": "Map", "End": true, "Label": "L"\#(fields), "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Item", "States": {\#(work)}}}
            """#
    }

    private static let wholeRun = [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded",
        "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]

    @Test func childrenAreExecutionsAndTheirOutputsTheResult() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(function: "double"))
        let execution = try await database.withWorker {
            Function("double") { (number: Int) in number * 2 }
        } body: {
            let execution = try await database.start(input: .array((0..<250).map { .number(JSONNumber($0)) }))
            let end = try await database.end(of: execution)
            #expect(end.output?.text == "[" + (0..<250).map { "\($0 * 2)" }.joined(separator: ",") + "]")
            return execution
        }
        #expect(try await database.events(of: execution) == Self.wholeRun)
        let child = try await database.sql(
            "select stepwell.execution_arn('Machine/L', name) from stepwell.executions where map_index = 7"
        )
        let arn = try child.only().text(0)
        let description = try await database.store.describe(arn)
        #expect(description.summary.arn == arn)
        #expect(description.input.text == "7")
        #expect(description.output?.text == "14")
        #expect(try await database.events(of: arn) == Database.oneTask)
        try await Self.expectNothingLeft(in: database)
    }

    /// AWS lets 1,000 map runs go on at once; the others wait behind `MapRunStarted`.
    @Test func aRunBeyondTheQuotaWaitsForItsTurn() async throws {
        let database = try await Database(settings: "strict_aws = true")
        try await database.deploy(Self.map())
        _ = try await database.sql(
            """
            insert into stepwell.map_runs (bucket, id, execution, step, machine, label, started_at)
            select 0, gen_random_uuid(), gen_random_uuid(), 0, 1, 'L', now() - interval '1 minute'
            from generate_series(1, 1000)
            """
        )
        try await database.withWorker {
            let execution = try await database.start(input: [1, 2])
            while try await database.events(of: execution).last != "MapRunStarted" {
                try await Task.sleep(for: .milliseconds(10))
            }
            // It has been looked at more than once, and nothing was read.
            while try await database.sql("select max(pause) from stepwell.map_runs").only().int(0) < 80 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await database.sql("select from stepwell.map_runs where item_total is not null").count == 0)
            _ = try await database.sql(
                """
                update stepwell.map_runs set status = 'SUCCEEDED', stopped_at = now()
                where id = (select r.id from stepwell.map_runs r where r.label = 'L' order by r.started_at limit 1)
                """
            )
            #expect(try await database.end(of: execution).output?.text == "[1,2]")
            #expect(try await database.events(of: execution) == Self.wholeRun)
        }
    }

    /// Queue, items and messages are empty, and every child was counted once.
    static func expectNothingLeft(in database: Database) async throws {
        for table in ["steps", "map_run_items", "outbox", "results", "map_items"] {
            let count = try await database.sql("select count(*)::int from stepwell.\(table)").only().int(0)
            #expect(count == 0, "\(table)")
        }
        let counted =
            try await database.sql(
                """
                select coalesce(sum(started), 0)::int, coalesce(sum(succeeded + failed + timed_out + aborted), 0)::int,
                    (select count(*)::int from stepwell.executions where map_run is not null)
                from stepwell.map_run_shards
                """
            )
            .only()
        #expect(try counted.int(0) == counted.int(2))
        #expect(try counted.int(1) == counted.int(2))
    }

    @Test func maxConcurrencyBoundsTheChildrenThatRun() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(#", "MaxConcurrency": 3"#, function: "wait"))
        let gauge = Gauge()
        let end = try await database.withWorker {
            Function("wait") { (_: JSONValue) in
                await gauge.enter()
                try await Task.sleep(for: .milliseconds(20))
                await gauge.leave()
                return true
            }
        } body: {
            try await database.end(of: database.start(input: .array(Array(repeating: 1, count: 12))))
        }
        #expect(end.status == .succeeded)
        #expect(await gauge.highest <= 3)
        #expect(await gauge.highest > 0)
    }

    @Test func aFailureThatIsNotToleratedAbortsTheOthers() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(function: "work"))
        let execution = try await database.withWorker {
            Function("work") { (number: Int) in
                guard number != 3 else { throw Broken() }
                try await Task.sleep(for: .seconds(3600))
                return number
            }
        } body: {
            let execution = try await database.start(input: [1, 2, 3, 4])
            let end = try await database.end(of: execution)
            #expect(end.status == .failed)
            #expect(end.error == "States.ExceedToleratedFailureThreshold")
            #expect(end.cause == "The specified tolerated failure threshold was exceeded")
            return execution
        }
        #expect(
            try await database.events(of: execution).suffix(4)
                == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]
        )
        let statuses = try await database.sql(
            "select status, count(*)::int from stepwell.executions where map_run is not null group by 1 order by 1"
        )
        #expect(try statuses.map { try "\($0.text(0)) \($0.int(1))" } == ["ABORTED 3", "FAILED 1"])
        try await Self.expectNothingLeft(in: database)
    }

    @Test(arguments: ["STANDARD", "EXPRESS"])
    func aRedriveRunsOnlyTheChildrenThatDidNotSucceed(_ type: String) async throws {
        let database = try await Database()
        let map = Self.map(#", "MaxConcurrency": 2"#, function: "work").replacing("STANDARD", with: type)
        try await database.deploy(map)
        let isMended = Mutex(false)
        let calls = Mutex<[Int]>([])
        let execution = try await database.withWorker {
            Function("work") { (number: Int) in
                guard number != 3 || isMended.withLock(\.self) else { throw Broken() }
                calls.withLock { $0.append(number) }
                return number
            }
        } body: {
            let execution = try await database.start(input: [1, 2, 3, 4, 5, 6])
            let end = try await database.end(of: execution)
            #expect(end.status == .failed)
            #expect(end.redriveStatus == .redrivable)
            isMended.withLock { $0 = true }
            let before = calls.withLock { Set($0) }
            calls.withLock { $0 = [] }
            _ = try await database.store.redriveExecution(execution)
            let redriven = try await database.end(of: execution)
            #expect(redriven.output?.text == "[1,2,3,4,5,6]", "\(redriven.cause ?? "")")
            #expect(calls.withLock { $0.contains(3) })
            // A call that was aborted before its end was recorded is made again; none of the others.
            let succeeded = before.subtracting(calls.withLock { Set($0) })
            #expect(!succeeded.isEmpty)
            return execution
        }
        #expect(
            try await database.events(of: execution) == [
                "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunFailed",
                "MapStateFailed", "ExecutionFailed", "ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded",
                "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
            ]
        )
        let runs = try await database.sql("select redrive_count, status, redriving from stepwell.map_runs")
        #expect(try runs.only().int(0) == 1)
        #expect(try runs.only().text(1) == "SUCCEEDED")
        #expect(try !runs.only().bool(2))
        try await Self.expectNothingLeft(in: database)
    }

    @Test(arguments: ["STANDARD", "EXPRESS"])
    func aRedriveKeepsMaxConcurrencyAndWhatWaitsIsPending(_ type: String) async throws {
        let database = try await Database()
        try await database.deploy(Self.map(function: "work").replacing("STANDARD", with: type))
        let isMended = Mutex(false)
        let gauge = Gauge()
        let (failures, ends) = (Gate(), Gate())
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        let execution = try await database.withWorker {
            Function("work") { (number: Int) in
                guard number < 6 else { return number }
                guard isMended.withLock(\.self) else {
                    enter.yield()
                    await failures.pass()
                    throw Broken()
                }
                await gauge.enter()
                enter.yield()
                await ends.pass()
                await gauge.leave()
                return number
            }
        } body: {
            let store = database.store
            var entries = entered.makeAsyncIterator()
            let execution = try await database.start(input: [1, 2, 3, 4, 5, 6])
            for _ in 0..<5 { await entries.next() }
            let run = try #require(
                try await store.mapRuns(ofExecution: execution, after: nil, limit: 1).elements.first
            )
            while try await store.mapRunCounts(run.id).executions.succeeded == 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            _ = try await store.updateMapRun(
                run.id,
                maxConcurrency: 2,
                toleratedFailureCount: nil,
                toleratedFailurePercentage: nil
            )
            await failures.open()
            #expect(try await database.end(of: execution).status == .failed)
            let (before, _) = try await store.mapRunCounts(run.id)
            #expect(before.unsuccessful == 5 && before.pendingRedrive == 0)
            isMended.withLock { $0 = true }
            _ = try await store.redriveExecution(execution)
            for _ in 0..<2 { await entries.next() }

            let (executions, items) = try await store.mapRunCounts(run.id)
            #expect(executions.pendingRedrive == 3 && items.pendingRedrive == 3)
            #expect(executions.succeeded == 1 && executions.running == 2 && executions.unsuccessful == 0)
            func children(_ status: ExecutionStatus) async throws -> [MapRunChild] {
                try await store.mapRunExecutions(run.id, status: status, after: nil, limit: 10).elements
            }
            let pending = try await children(.pendingRedrive)
            #expect(pending.count == 3)
            #expect(try await store.describe(#require(pending.first).summary.arn).status == .pendingRedrive)
            for status in [ExecutionStatus.failed, .aborted] { #expect(try await children(status).isEmpty) }
            #expect(try await children(.running).count == 2)

            await ends.open()
            #expect(try await database.end(of: execution).output?.text == "[1,2,3,4,5,6]")
            let (after, _) = try await store.mapRunCounts(run.id)
            #expect(after.succeeded == 6 && after.pendingRedrive == 0 && after.unsuccessful == 0)
            return execution
        }
        #expect(await gauge.highest == 2)
        #expect(try await database.store.describe(execution).summary.redriveCount == 1)
        try await Self.expectNothingLeft(in: database)
    }

    @Test func whatIsStillToBeRedrivenWhenTheExecutionIsStoppedHasFailedAsBefore() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(function: "work"))
        let isMended = Mutex(false)
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        let failures = Gate()
        let execution = try await database.withWorker {
            Function("work") { (_: Int) in
                enter.yield()
                guard isMended.withLock(\.self) else {
                    await failures.pass()
                    throw Broken()
                }
                try await Task.sleep(for: .seconds(3600))
            }
        } body: {
            let store = database.store
            var entries = entered.makeAsyncIterator()
            let execution = try await database.start(input: [1, 2, 3])
            for _ in 0..<3 { await entries.next() }
            let run = try #require(
                try await store.mapRuns(ofExecution: execution, after: nil, limit: 1).elements.first
            )
            _ = try await store.updateMapRun(
                run.id,
                maxConcurrency: 1,
                toleratedFailureCount: nil,
                toleratedFailurePercentage: nil
            )
            await failures.open()
            #expect(try await database.end(of: execution).status == .failed)
            isMended.withLock { $0 = true }
            _ = try await store.redriveExecution(execution)
            await entries.next()
            #expect(try await store.mapRunCounts(run.id).executions.pendingRedrive == 2)
            _ = try await store.stopExecution(execution)
            while try await database.hasMessages() { try await Task.sleep(for: .milliseconds(10)) }
            let (counts, _) = try await store.mapRunCounts(run.id)
            #expect(counts.unsuccessful == 3 && counts.pendingRedrive == 0 && counts.running == 0)
            return execution
        }
        #expect(try await database.store.describe(execution).status == .aborted)
        try await Self.expectNothingLeft(in: database)
    }

    @Test func toleratedFailuresAreDescribedAmongTheResults() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(#", "ToleratedFailurePercentage": 34"#, function: "work"))
        let end = try await database.withWorker {
            Function("work") { (number: Int) in
                guard number != 2 else { throw Broken() }
                return number
            }
        } body: {
            try await database.end(of: database.start(input: [1, 2, 3]))
        }
        let output = try #require(try end.output?.value().array)
        #expect(output.count == 3)
        #expect(output[0] == 1)
        #expect(output[2] == 3)
        #expect(output[1]["Status"] == "FAILED")
        #expect(output[1]["Error"] == "Broken")
        #expect(output[1]["Input"] == "2")
    }

    @Test func stoppingTheParentStopsTheChildren() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(function: "hang"))
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let (cancelled, cancel) = AsyncStream.makeStream(of: Void.self)
        try await database.withWorker {
            Function("hang") { (_: JSONValue) in
                defer { cancel.yield() }
                start.yield()
                try await Task.sleep(for: .seconds(3600))
            }
        } body: {
            let execution = try await database.start(input: [1, 2, 3])
            var count = 0
            for await _ in started {
                count += 1
                if count == 3 { break }
            }
            _ = try await database.store.stopExecution(execution)
            count = 0
            for await _ in cancelled {
                count += 1
                if count == 3 { break }
            }
            // Handlers hear of it before all of it is carried out.
            let left = "select from stepwell.outbox union all select from stepwell.steps"
            while try await !database.sql(left).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        }
        let statuses = try await database.sql("select distinct status from stepwell.executions")
        #expect(try statuses.map { try $0.text(0) } == ["ABORTED"])
        #expect(try await database.sql("select status from stepwell.map_runs").only().text(0) == "ABORTED")
        try await Self.expectNothingLeft(in: database)
    }

    @Test func mapsCanBeNestedAndBatched() async throws {
        let database = try await Database()
        try await database.deploy(
            Self.map(
                #", "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"k": 1}}"#,
                states: #"""
                    "Item": {"Type": "Map", "End": true, "ItemsPath": "$.Items", "ItemSelector": {
                            "v.$": "$$.Map.Item.Value", "s.$": "$$.Map.Item.Source", "k.$": "$.BatchInput.k"},
                        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Inner",
                            "States": {"Inner": {"Type": "Pass", "Parameters": {"n.$": "$.v",
                                "name.$": "$$.StateMachine.Name", "s.$": "$.s", "k.$": "$.k"}, "End": true}}}}
                    """#
            )
        )
        let end = try await database.withWorker {
        } body: {
            try await database.end(of: database.start(input: [1, 2, 3]))
        }
        let inner = { (number: Int) in
            #"{"n":\#(number),"name":"Machine/Item","s":"STATE_DATA","k":1}"#
        }
        let output = try #require(try end.output?.value())
        #expect(output.text == "[[\(inner(1)),\(inner(2))],[\(inner(3))]]")
    }

    @Test func aRunThatRestsGoesOnWhenChildrenEnd() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(#", "MaxConcurrency": 1"#, function: "work"))
        let pause = "select coalesce(max(pause), 0)::int from stepwell.map_runs"
        let (steps, step) = AsyncStream.makeStream(of: Void.self)
        let (begins, began) = AsyncStream.makeStream(of: Void.self)
        try await database.withWorker {
            Function("work") { (number: Int) in
                began.yield()
                if number == 0 { for await _ in steps { break } }
                return number
            }
        } body: {
            let execution = try await database.start(input: [0, 1])
            var begins = begins.makeAsyncIterator()
            _ = await begins.next()
            // Nothing has happened for long: the next look is an hour away.
            while try await database.sql(pause).only().int(0) < 1000 { try await Task.sleep(for: .milliseconds(20)) }
            let postpone =
                """
                update stepwell.steps set run_at = now() + interval '1 hour'
                where phase = 'mapping' and status = 'r' returning 1
                """
            while try await database.sql(postpone).isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            step.yield()
            _ = await begins.next()
            #expect(try await database.end(of: execution).output?.text == "[0,1]")
        }
    }

    @Test(arguments: [1, 25, 90])
    func processesThatAreKilledCountEveryItemOnce(_ after: Int) async throws {
        let database = try await Database()
        try await database.deploy(
            Self.map(#", "MaxConcurrency": 40, "ToleratedFailureCount": 0"#, function: "nap")
        )
        let count = 300
        let execution = try await database.start(input: .array((0..<count).map { .number(JSONNumber($0)) }))
        for round in 1...3 {
            let process = try await FixtureProcess(
                environment: [
                    "DATABASE_URL": database.configuration.conninfo, "STEPWELL_LEASE_SECONDS": "1",
                    "STEPWELL_CONCURRENCY": "16", "SWIFT_BACKTRACE": "enable=no",
                    // Fewer each time: some must be left for the next.
                    "STEPWELL_NAPS": "\(max(1, after / round))",
                ]
            )
            #expect(try await process.exitStatus() == 128 + SIGKILL)
        }
        let end = try await database.withWorker {
            Function("nap") { (event: JSONValue) in event }
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.output?.text == "[" + (0..<count).map { "\($0)" }.joined(separator: ",") + "]")
        let children = try await database.sql(
            """
            select count(*)::int, count(distinct map_index)::int,
                (select sum(items_succeeded)::int from stepwell.map_run_shards),
                (select sum(items_started)::int from stepwell.map_run_shards)
            from stepwell.executions where map_run is not null
            """
        )
        let row = try children.only()
        for column in 0..<4 { #expect(try row.int(.index(column)) == count) }
        try await Self.expectNothingLeft(in: database)
    }

    @Test func itemsMayBeSoLargeThatFewStandTogether() async throws {
        let database = try await Database()
        try await database.deploy(Self.map(states: #""Item": {"Type": "Pass", "Result": 1, "End": true}"#))
        let item = JSONValue.string(String(repeating: "x", count: 10_000))
        let end = try await database.withWorker {
        } body: {
            try await database.end(of: database.start(input: .array(Array(repeating: item, count: 200))))
        }
        #expect(end.output?.text == "[" + Array(repeating: "1", count: 200).joined(separator: ",") + "]")
    }

    @Test func anEmptyMapEndsAtOnce() async throws {
        let database = try await Database()
        try await database.deploy(Self.map())
        let end = try await database.withWorker {
        } body: {
            try await database.end(of: database.start(input: []))
        }
        #expect(end.output?.text == "[]")
    }

    @Test func aChildCannotSeeTheVariablesOfItsParent() async throws {
        let database = try await Database()
        try await database.deploy(
            #""Set": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Work"}, "#
                + Self.map(states: #""Item": {"Type": "Pass", "Parameters": {"x.$": "$x"}, "End": true}"#),
            startAt: "Set"
        )
        let end = try await database.withWorker {
        } body: {
            try await database.end(of: database.start(input: [1]))
        }
        #expect(end.error == "States.ExceedToleratedFailureThreshold")
    }
}

private struct Broken: Error {}

extension Database {
    /// Whether there is work between buckets that has not been delivered.
    fileprivate func hasMessages() async throws -> Bool {
        try await sql("select exists (select from stepwell.outbox)").only().bool(0)
    }
}

/// Lets nobody pass until it is open.
private actor Gate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        guard !isOpen else { return }
        await withCheckedContinuation { waiters.append($0) }
    }

    func open() {
        isOpen = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }
}

/// How many are inside at once.
private actor Gauge {
    private var inside = 0
    private(set) var highest = 0

    func enter() {
        inside += 1
        highest = max(highest, inside)
    }

    func leave() { inside -= 1 }
}
