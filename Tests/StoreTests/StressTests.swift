import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

/// Several workers at once that crash, answer twice and come back from the dead, on one queue.
@Suite("Workers that misbehave")
struct StressTests {
    static let states = """
        "All": {"Type": "Parallel", "ResultPath": "$.all", "Next": "Each", "Branches": [
            {"StartAt": "L", "States": {"L": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:echo",
                "Parameters": {"l.$": "$.n"}, "End": true}}},
            {"StartAt": "R", "States": {"R": {"Type": "Pass", "Next": "R2"},
                "R2": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:fail", "End": true,
                    "Catch": [{"ErrorEquals": ["Known"], "ResultPath": null, "Next": "R3"}]},
                "R3": {"Type": "Pass", "Parameters": {"r.$": "$.n"}, "End": true}}}]},
        "Each": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ResultPath": "$.each", "Next": "Last",
            "ItemProcessor": {"StartAt": "E", "States": {
                "E": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:echo", "End": true}}}},
        "Last": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:echo", "Parameters": {"all.$": "$.all",
            "each.$": "$.each"}, "End": true}
        """

    /// One worker's life: claim, sometimes forget, sometimes say everything twice, sometimes speak too late.
    private struct Chaos {
        let fixture: StoreFixture
        let id: PGUUID
        var random: SystemRandomNumberGenerator = SystemRandomNumberGenerator()
        var ghosts: [StepCommit] = []

        mutating func live(until isDone: () async throws -> Bool) async throws {
            var idle = 0
            while idle < 20_000 {
                idle += 1
                if idle % 16 == 0, try await isDone() { return }
                let bucket = Int32.random(in: 0..<fixture.store.settings.buckets, using: &random)
                _ = try await fixture.store.sweep(bucket: bucket)
                let dies = Int.random(in: 0..<8, using: &random) == 0
                let claim = try await fixture.store.claim(
                    bucket: bucket,
                    functions: ["echo", "fail", ""],
                    limit: Int.random(in: 1...6, using: &random),
                    worker: id,
                    lease: dies ? .zero : .seconds(20)
                )
                if claim.steps.isEmpty { continue }
                let commits = claim.steps.map(commit)
                if dies {
                    // Its answers come later, when somebody else has the steps.
                    ghosts += commits
                    continue
                }
                try await send(commits, bucket: bucket)
                if let ghost = ghosts.popLast() {
                    let outcome = try await answer(to: [ghost], bucket: ghost.lease.key.bucket)
                    // Either it was still the first to speak (the sweep had not come by), or it is refused.
                    #expect(outcome.results.count == 1)
                }
            }
            Issue.record("the queue did not run empty")
        }

        private func commit(_ step: ClaimedStep) -> StepCommit {
            var decision = step.decision()
            if case .invoke(let call) = decision.next {
                let outcome: Outcome =
                    call.function == "fail" ? .failed(error: "Known", cause: "c") : .succeeded(call.input)
                decision = step.decision(outcome, from: decision.branch)
            }
            return StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: false)
        }

        private mutating func send(_ commits: [StepCommit], bucket: Int32) async throws {
            var left = commits
            while !left.isEmpty {
                let outcome = try await answer(to: left, bucket: bucket)
                if Bool.random(using: &random) {
                    let again = try await answer(to: left, bucket: bucket)
                    for (first, second) in zip(outcome.results, again.results) where first.isRefused {
                        #expect(second.isRefused)
                    }
                }
                left = zip(left, outcome.results).filter { $0.1.isDeferred }.map(\.0)
            }
        }

        /// What PostgreSQL gave up because somebody else was there is sent again, as a worker does.
        private func answer(to commits: [StepCommit], bucket: Int32) async throws -> CommitOutcome {
            var attempts = 0
            while true {
                do throws(StoreError) {
                    return try await fixture.store.commit(commits, bucket: bucket, worker: id, lease: .seconds(20))
                } catch {
                    attempts += 1
                    guard error.isTransient, attempts < 100 else { throw error }
                }
            }
        }
    }

    @Test("every execution ends once, with the right answer and a history without gaps")
    func chaos() async throws {
        let fixture = try await StoreFixture(buckets: 2)
        try await fixture.deploy("Chaos", startAt: "All", Self.states)
        let executions = 40
        for number in 0..<executions {
            _ = try await fixture.start("Chaos", name: "x\(number)", input: #"{"n":\#(number),"items":[1,2,3,4,5]}"#)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var chaos = Chaos(fixture: fixture, id: PGUUID.v7(microseconds: Int64(worker + 1) * 1000))
                    try await chaos.live(until: { try await fixture.count("steps") == 0 })
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<executions {
            let result = try await fixture.store.describe("Chaos:x\(number)")
            #expect(result.summary.status == .succeeded)
            #expect(result.output?.text == #"{"all":[{"l":\#(number)},{"r":\#(number)}],"each":[1,2,3,4,5]}"#)
        }
        for table in ["steps", "results", "map_items"] { #expect(try await fixture.count(table) == 0) }
        let broken = try await fixture.sql(
            """
            select e.name from stepwell.executions e
            left join lateral (
                select min(h.first_event) as first, max(h.last_event) as last,
                    sum(h.last_event - h.first_event + 1) as events
                from stepwell.history h where h.bucket = e.bucket and h.execution = e.id) h on true
            where h.first is distinct from 2 or h.last is distinct from e.last_event or h.events <> e.last_event - 1
            """
        )
        #expect(broken.isEmpty)
        // No transition happened twice: every state was entered as often as in an undisturbed run.
        let reference = try await fixture.eventTypes("Chaos:x0").sorted()
        for number in 1..<executions {
            #expect(try await fixture.eventTypes("Chaos:x\(number)").sorted() == reference)
        }
        #expect(reference.filter { $0 == "MapIterationSucceeded" }.count == 5)
    }
}
