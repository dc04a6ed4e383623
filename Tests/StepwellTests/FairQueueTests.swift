import Foundation
import JSON
import Postgres
import Stepwell
import Store
import Synchronization
import Testing

@Suite("Fair queues")
struct FairQueueTests {
    /// The keys of calls in the order in which they were made. Calls wait until the door is open.
    private final class Calls: Sendable {
        private let keys = Mutex<[String]>([])
        private let isOpen = Mutex(false)

        var order: [String] { keys.withLock(\.self) }
        var count: Int { keys.withLock(\.count) }

        func open() { isOpen.withLock { $0 = true } }

        func run(_ event: JSONValue) async throws {
            keys.withLock { $0.append(event["tenant"]?.string ?? "") }
            while !isOpen.withLock(\.self) { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    private static let concurrency = 2

    private static func database(_ change: (inout FunctionSettings) -> Void) async throws -> Database {
        let database = try await Database()
        var settings = FunctionSettings()
        change(&settings)
        try await database.store.putFunction("work", settings)
        try await database.deployTask("work")
        return database
    }

    private static func start(_ count: Int, _ event: JSONValue, on database: Database) async throws {
        let requests = (0..<count)
            .map { _ in
                StartRequest(stateMachine: "Machine", name: nil, input: JSONDocument(event))
            }
        for start in await database.store.startExecutions(requests) { _ = try start.get() }
    }

    /// Runs workers while the body does.
    private static func withWorkers<Value: Sendable>(
        _ count: Int,
        on database: Database,
        _ calls: Calls,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        func worker() -> Function {
            Function("work", concurrency: concurrency) { (event: JSONValue) in
                try await calls.run(event)
                return event
            }
        }
        let function = worker()
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            for _ in 1..<max(2, count) where count > 1 {
                group.addTask {
                    try await database.withWorker(functions: { function }) {
                        try await Task.sleep(for: .seconds(600))
                    }
                    return nil
                }
            }
            group.addTask { try await database.withWorker(functions: { function }, body: body) }
            var value: Value?
            while value == nil, let next = try await group.next() { value = next }
            group.cancelAll()
            return try #require(value)
        }
    }

    /// Waits until so many steps are where a query says.
    private static func wait(_ database: Database, until count: Int, _ condition: String) async throws {
        while try await database.sql("select count(*)::int from stepwell.steps where \(condition)").only().int(0)
            != count
        {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func waitForEnd(_ database: Database) async throws { try await wait(database, until: 0, "true") }

    @Test(arguments: [1, 3])
    func aFloodDoesNotStarveOthers(workers: Int) async throws {
        let database = try await Self.database { $0.fairKey = "$.tenant" }
        let calls = Calls()
        try await Self.start(2000, ["tenant": "a"], on: database)
        try await Self.withWorkers(workers, on: database, calls) {
            let running = workers * Self.concurrency
            try await Self.wait(database, until: 2000 - running, "function = 'work#' and status = 'r'")
            try await Self.start(1, ["tenant": "b"], on: database)
            try await Self.wait(database, until: 2001 - running, "function = 'work#' and status = 'r'")
            let queue = try #require(try await database.store.queueFigures().queues.first)
            #expect(queue.function == "work" && queue.ready.count == 2001 - running && queue.oldestSeconds < 600)
            calls.open()
            try await Self.waitForEnd(database)
            #expect(calls.count == 2001)
            let before = try #require(calls.order.firstIndex(of: "b"))
            // Those that ran, and of each bucket a few claims of each worker: a twentieth of the flood at most.
            let bound = running * (6 * Int(database.store.settings.buckets) + 1)
            #expect(before <= bound, "\(before) calls of the other went before")
        }
    }

    @Test func keysShareCallsEqually() async throws {
        let database = try await Self.database { $0.fairKey = "$.tenant" }
        let calls = Calls()
        try await Self.start(600, ["tenant": "a"], on: database)
        try await Self.start(200, ["tenant": "b"], on: database)
        try await Self.withWorkers(1, on: database, calls) {
            try await Self.wait(database, until: 800 - Self.concurrency, "function = 'work#' and status = 'r'")
            calls.open()
            try await Self.waitForEnd(database)
        }
        let first = calls.order.prefix(300).filter { $0 == "b" }.count
        #expect((120...180).contains(first), "\(first) of 300")
        #expect(calls.order.filter { $0 == "b" }.count == 200)
    }

    @Test func aHigherPriorityGoesFirst() async throws {
        let database = try await Self.database { $0.priority = "$.urgency" }
        let calls = Calls()
        try await Self.start(300, ["tenant": "low"], on: database)
        try await Self.start(20, ["tenant": "high", "urgency": 9], on: database)
        try await Self.withWorkers(1, on: database, calls) {
            try await Self.wait(database, until: 320 - Self.concurrency, "function = 'work#' and status = 'r'")
            calls.open()
            try await Self.waitForEnd(database)
        }
        let last = try #require(calls.order.lastIndex(of: "high"))
        // As they came they would be the last twenty. Each bucket has its own that go first.
        #expect(last < 200, "\(last)")
    }

    @Test func whatIsInALaneIsDoneWhenThereIsNoRuleAnyMore() async throws {
        let database = try await Self.database { $0.fairKey = "$.tenant" }
        let calls = Calls()
        try await Self.start(50, ["tenant": "a"], on: database)
        try await Self.withWorkers(1, on: database, calls) {
            try await Self.wait(database, until: 50 - Self.concurrency, "function = 'work#' and status = 'r'")
        }
        try await database.store.putFunction("work", FunctionSettings())
        calls.open()
        try await Self.start(10, ["tenant": "b"], on: database)
        try await Self.withWorkers(1, on: database, calls) { try await Self.waitForEnd(database) }
        #expect(calls.order.filter { $0 == "b" }.count == 10)
    }

    /// A Task of each place where a function can be called from: a chain, a Retry, an iteration.
    @Test func everyCallWaitsForItsTurn() async throws {
        let database = try await Self.database { $0.fairKey = "$.tenant" }
        let task = #""Type": "Task", "Resource": "\#(Database.function("work"))""#
        try await database.deploy(
            #"""
            "Work": {\#(task), "Next": "Again"}, "Again": {\#(task), "Next": "Each"},
            "Each": {"Type": "Map", "ItemsPath": "$.items", "End": true, "ItemProcessor": {"StartAt": "Item", "States": {
                "Item": {\#(task), "End": true}}}}
            """#,
            as: "Chain"
        )
        let calls = Calls()
        calls.open()
        let end = try await Self.withWorkers(1, on: database, calls) {
            let items: JSONValue = [["tenant": "b"], ["tenant": "c"]]
            return try await database.end(of: database.start("Chain", input: ["tenant": "a", "items": items]))
        }
        #expect(end.output?.text == #"[{"tenant":"b"},{"tenant":"c"}]"#, "\(end.cause ?? "")")
        #expect(calls.order.sorted() == ["a", "a", "b", "c"])
        let keys = try await database.sql("select key from stepwell.fair_keys order by key").map { try $0.text(0) }
        #expect(keys == ["a", "b", "c"])
        #expect(try await database.events(of: end.summary.arn).filter { $0 == "LambdaFunctionScheduled" }.count == 4)
    }

    /// Workers that die have claimed calls: those keep their turns.
    @Test func aCrashChangesNothingAboutTheOrder() async throws {
        let database = try await Self.database { $0.fairKey = "$.tenant" }
        let calls = Calls()
        try await Self.start(400, ["tenant": "a"], on: database)
        try await Self.withWorkers(1, on: database, calls) {
            try await Self.wait(database, until: 400 - Self.concurrency, "function = 'work#' and status = 'r'")
            try await Self.start(1, ["tenant": "b"], on: database)
            try await Self.wait(database, until: 401 - Self.concurrency, "function = 'work#' and status = 'r'")
        }
        let places = try await Self.places(database)
        // One that is gone had claimed the next of every bucket.
        let gone = PGUUID.v4()
        for bucket in 0..<database.store.settings.buckets {
            _ = try await database.store.claim(
                bucket: bucket,
                functions: ["work#"],
                limit: 2,
                worker: gone,
                lease: .seconds(600)
            )
        }
        #expect(try await Self.places(database).count == places.count - 2 * Int(database.store.settings.buckets))
        _ = try await database.store.releaseWorker(gone)
        #expect(try await Self.places(database) == places)
        calls.open()
        let already = calls.count
        try await Self.withWorkers(1, on: database, calls) { try await Self.waitForEnd(database) }
        let order = Array(calls.order.dropFirst(already))
        // Buckets take turns, but one of which nothing can be called just then loses its own.
        #expect(try #require(order.firstIndex(of: "b")) < 200)
    }

    /// The calls that wait for their turn, and their places. Calls of two keys may have the same.
    private static func places(_ database: Database) async throws -> [String] {
        try await database.sql(
            """
            select bucket || ' ' || execution || ' ' || run_at from stepwell.steps
            where function = 'work#' and status = 'r' order by bucket, run_at, execution
            """
        )
        .map { try $0.text(0) }
    }
}
