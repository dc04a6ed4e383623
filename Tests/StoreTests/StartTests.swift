import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Starting and stopping executions")
struct StartTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy("Order", startAt: "Charge", Self.charge)
    }

    static let charge = #""Charge": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:charge", "End": true}"#

    @Test("a name makes a start idempotent while the execution runs with the same input")
    func idempotent() async throws {
        let first = try await fixture.start("Order", name: "o-1", input: #"{"a": 1}"#)
        let second = try await fixture.start("Order", name: "o-1", input: #"{"a": 1}"#)
        #expect(first.isNew && !second.isNew)
        #expect(first.arn == second.arn && first.startedAt == second.startedAt)
        #expect(first.arn == "arn:aws:states:us-east-1:000000000000:execution:Order:o-1")
        #expect(try await fixture.count("executions") == 1)
        await #expect(throws: StoreError.self) { try await fixture.start("Order", name: "o-1", input: #"{"a": 2}"#) }
        _ = try await fixture.store.stopExecution("Order:o-1")
        await #expect(throws: StoreError.self) { try await fixture.start("Order", name: "o-1", input: #"{"a": 1}"#) }
    }

    @Test("a hundred starts of one name at once make one execution")
    func race() async throws {
        let store = fixture.store
        let answers = try await withThrowingTaskGroup(of: StartedExecution.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await store.startExecution(
                        stateMachine: "Order",
                        name: "race",
                        input: JSONDocument(trusted: "{}")
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.filter(\.isNew).count == 1)
        #expect(Set(answers.map(\.startedAt)).count == 1)
        #expect(try await fixture.count("steps") == 1)
    }

    @Test("a start by SQL belongs to the caller's transaction")
    func transaction() async throws {
        try await fixture.store.pool.withConnection { connection in
            do {
                try await connection.withTransaction { transaction in
                    _ = try await transaction.query(
                        Statement("select stepwell.start_execution('Order', '{\"a\": 1}', 'tx')")
                    )
                    throw CancellationError()
                }
            } catch is CancellationError {}
        }
        #expect(try await fixture.count("executions") == 0)
        #expect(try await fixture.count("steps") == 0)
        let arn = try await fixture.sql("select stepwell.start_execution('Order', '{\"a\": 1}', 'tx')").only().text(0)
        #expect(arn.hasSuffix(":execution:Order:tx"))
        #expect(try await fixture.start("Order", name: "tx", input: #"{"a": 1}"#).isNew == false)
    }

    @Test(
        "names that AWS refuses are refused",
        arguments: [
            "", "a b", "a:b", "a/b", "<x>", "a*", "a\nb", "é\u{7F}", "\u{85}", "a\\b",
            String(repeating: "x", count: 81),
        ]
    )
    func badNames(name: String) async throws {
        await #expect(throws: StoreError.self) { try await fixture.start("Order", name: name) }
        #expect(try await fixture.count("executions") == 0)
    }

    @Test(
        "names that look dangerous and are not",
        arguments: [
            "'; drop table stepwell.steps; --".filter { !" ;".contains($0) }, "주문-1", "🚚", "__proto__", "(x)=!@+'",
        ]
    )
    func oddNames(name: String) async throws {
        let started = try await fixture.start("Order", name: name)
        let description = try await fixture.store.describe(started.arn)
        #expect(description.summary.name == name)
        #expect(description.steps.map(\.state) == ["Charge"])
    }

    @Test("lone surrogates are refused by SQL, pairs, NUL and escaped backslashes are not")
    func surrogates() async throws {
        for text in [#"["\ud800"]"#, #"["\uDC00\uD800"]"#, #"["\\\ud800"]"#] {
            await #expect(throws: PostgresError.self) {
                try await fixture.sql("select stepwell.start_execution('Order', $1)", [.json(text)])
            }
        }
        for text in [#"["\ud83d\ude9a"]"#, #"["\u0000"]"#, #"["\\ud800"]"#] {
            _ = try await fixture.sql("select stepwell.start_execution('Order', $1)", [.json(text)])
        }
        #expect(try await fixture.count("executions") == 3)
    }

    @Test("a payload over the limit is refused, a large one below it comes back word for word")
    func sizes() async throws {
        _ = try await fixture.sql("update stepwell.settings set payload_bytes = 100000")
        await #expect(throws: StoreError.self) {
            try await fixture.start("Order", input: #"{"x": "\#(String(repeating: "y", count: 100_000))"}"#)
        }
        let large = #"{"x":   [1.0, 1e3, 9007199254740993], "y": "\#(String(repeating: "é", count: 3000))"}"#
        let started = try await fixture.start("Order", name: "large", input: large)
        #expect(try await fixture.store.describe(started.arn).input.text == large)
        #expect(try await fixture.count("payloads") == 1)
        let step = try await fixture.one(["charge"])
        #expect(step.branch.input.text == large)
    }

    @Test("an unknown machine and an unknown execution are named")
    func unknown() async throws {
        await #expect(throws: StoreError.self) { try await fixture.start("Nope") }
        await #expect(throws: StoreError.self) { try await fixture.store.describe("Order:nope") }
        await #expect(throws: StoreError.self) { try await fixture.store.stopExecution("Order:nope") }
        await #expect(throws: StoreError.self) { try await fixture.store.history("nonsense") }
    }

    @Test("stopping ends the execution with an event and takes its steps away; again it changes nothing")
    func stop() async throws {
        let started = try await fixture.start("Order", name: "s", input: "{}")
        let step = try await fixture.one(["charge"])
        let stopped = try await fixture.store.stopExecution(started.arn, error: "Operator", cause: "enough")
        #expect(try await fixture.store.stopExecution(started.arn) == stopped)
        let description = try await fixture.store.describe("Order:s")
        #expect(description.summary.status == .aborted && description.error == "Operator")
        #expect(try await fixture.eventTypes("Order:s") == ["ExecutionStarted", "ExecutionAborted"])
        #expect(try await fixture.count("steps") == 0)
        let late = StepCommit(
            lease: step.lease,
            revision: step.revision,
            decision: step.decision(.succeeded(JSONDocument(trusted: "1")), from: step.decision().branch),
            keepsLease: false
        )
        #expect(try await fixture.commit(late).isRefused)
        #expect(try await fixture.eventTypes("Order:s") == ["ExecutionStarted", "ExecutionAborted"])
    }
}
