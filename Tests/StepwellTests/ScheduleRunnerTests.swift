import Expressions
import Foundation
import JSON
import Postgres
import Stepwell
import Store
import Synchronization
import Testing

@Suite("Workers that keep schedules")
struct ScheduleRunnerTests {
    @Test func twoWorkersRunEachDueTimeOnce() async throws {
        let database = try await Database()
        try await database.deployTask("note")
        let count = 25
        let seen = Mutex<[String: Int]>([:])
        for number in 0..<count {
            var settings = ScheduleSettings(expression: "rate(1 minute)", target: .stateMachine("Machine"))
            settings.input = JSONDocument(trusted: #""<aws.scheduler.execution-id>""#)
            _ = try await database.store.createSchedule("s\(number)", settings)
        }
        // Twenty minutes without a worker.
        _ = try await database.sql(
            "update stepwell.schedules set base = now() - interval '20 minutes', next_due = now() - interval '20 minutes'"
        )
        @Sendable func note(_ name: String, _ context: FunctionContext) -> Bool {
            seen.withLock { $0[name, default: 0] += 1 }
            return true
        }
        try await database.withWorker {
            Function("note", note)
        } body: {
            try await database.withWorker {
                Function("note", note)
            } body: {
                while seen.withLock({ $0.values.reduce(0, +) }) < count * 21 {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        let executions =
            try await database.sql("select count(*)::int, count(distinct name)::int from stepwell.executions").only()
        #expect(try executions.int(0) == executions.int(1))
        // Another minute may have gone by.
        let number = try executions.int(0)
        #expect((count * 21...count * 22).contains(number))
        let isOnceEach = seen.withLock { $0.values.allSatisfy { $0 == 1 } }
        #expect(isOnceEach)
    }

    @Test func whatIsDueOnceIsCalledWhenItIsTimeAndNotBefore() async throws {
        let database = try await Database()
        let called = Mutex<Date?>(nil)
        try await database.withWorker {
            Function("once") { (input: JSONValue, context: FunctionContext) in
                called.withLock { $0 = Date() }
                return input
            }
        } body: {
            let due = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + 8).rounded())
            let text = due.ISO8601Format().dropLast()
            var settings = ScheduleSettings(expression: "at(\(text))", target: .function("once"))
            settings.deletesItself = true
            _ = try await database.store.createSchedule("once", settings)
            while called.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(20)) }
            let at = called.withLock(\.self) ?? .distantPast
            #expect(at >= due)
            #expect(try await database.store.schedules().elements.isEmpty)
        }
    }

    /// Workers sleep for five seconds when nothing is in sight; each of these is made when they have just begun to.
    @Test(
        .disabled(if: ProcessInfo.processInfo.environment["STEPWELL_TEST_NOTIFY"] == "off", "it may be late")
    )
    func whatIsMadeShortlyBeforeItIsDueIsNotLate() async throws {
        let database = try await Database()
        let called = Mutex<[Date]>([])
        let late = try await database.withWorker {
            Function("once") { (input: JSONValue, context: FunctionContext) in
                called.withLock { $0.append(Date()) }
                return input
            }
        } body: {
            var late: [Double] = []
            for number in 1...5 {
                let due = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + 1.2).rounded(.up))
                var settings = ScheduleSettings(
                    expression: "at(\(due.ISO8601Format().dropLast()))",
                    target: .function("once")
                )
                settings.deletesItself = true
                _ = try await database.store.createSchedule("once-\(number)", settings)
                while called.withLock(\.count) < number { try await Task.sleep(for: .milliseconds(20)) }
                late.append((called.withLock(\.last) ?? due).timeIntervalSince(due))
            }
            return late
        }
        // Without the hint every one of them is three seconds late or more.
        #expect(late.filter { $0 < 2.5 }.count >= 3, "\(late)")
    }
}
