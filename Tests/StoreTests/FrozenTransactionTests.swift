import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

/// A process that stops between the completion of a transactional handler and its COMMIT holds locks on the step.
@Suite("Transactions that never commit", .timeLimit(.minutes(2)))
struct FrozenTransactionTests {
    @Test("others get the step when the lease is over, and the late COMMIT fails")
    func othersGetTheStep() async throws {
        let fixture = try await StoreFixture(buckets: 1)
        try await fixture.deploy(
            "Order",
            startAt: "Work",
            #""Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work", "End": true}"#
        )
        let execution = try await fixture.start("Order")
        let lease: Duration = .seconds(1)
        let step = try await fixture.one(["work"], lease: lease)
        let decision = step.decision(.succeeded(try JSONDocument(parsing: "1")), from: step.decision().branch)
        let commit = StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: false)

        await #expect(throws: PostgresError.self) {
            try await fixture.store.pool.withTransaction { transaction in
                _ = try await fixture.store.commit(commit, worker: fixture.worker, lease: lease, in: transaction)
                // The process is frozen here; another one goes on meanwhile.
                var taken: [ClaimedStep] = []
                while taken.isEmpty {
                    _ = try await fixture.store.sweep(bucket: 0, limit: 10)
                    taken = try await fixture.claim(["work"], worker: PGUUID.v7(microseconds: 2))
                }
                let other = try #require(taken.first)
                let decision = other.decision(.succeeded(try JSONDocument(parsing: "2")), from: other.decision().branch)
                let answer = try await fixture.commit(
                    StepCommit(lease: other.lease, revision: other.revision, decision: decision, keepsLease: false),
                    worker: PGUUID.v7(microseconds: 2)
                )
                #expect(answer.applied != nil)
            }
        }
        #expect(try await fixture.store.describe(execution.arn).output?.text == "2")
        #expect(try await fixture.eventTypes(execution.arn).filter { $0 == "ExecutionSucceeded" }.count == 1)
    }
}
