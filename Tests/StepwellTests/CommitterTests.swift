import Expressions
import Interpreter
import JSON
import Logging
import StatesLanguage
import Synchronization
import Testing

@testable import Postgres
@testable import Stepwell
@testable import Store

/// How decisions are written together, and again when that fails.
@Suite struct CommitterTests {
    /// A store whose answers are scripted; without a script it applies everything.
    private final class Script: StepDatabase {
        enum Answer: Sendable {
            case apply
            case deferLast
            /// It was applied by an earlier call.
            case repeated
            case fail(StoreError)
        }

        private let answers: Mutex<[Answer]>
        private let calls = Mutex<[(ids: [Int64], at: ContinuousClock.Instant)]>([])

        init(_ answers: [Answer]) { self.answers = Mutex(answers) }

        /// The steps of each call, in order.
        var batches: [[Int64]] { calls.withLock { $0.map(\.ids) } }
        /// When each call came.
        var times: [ContinuousClock.Instant] { calls.withLock { $0.map(\.at) } }

        @concurrent
        func commit(
            _ commits: [StepCommit],
            bucket: Int32,
            lease: Duration
        ) async throws(StoreError) -> [CommitResult] {
            calls.withLock { $0.append((commits.map(\.lease.key.id), .now)) }
            let applied = commits.map { CommitResult.applied(lease: $0.lease, decision: $0.decision) }
            let answer = answers.withLock { answers in answers.isEmpty ? .apply : answers.removeFirst() }
            switch answer {
            case .apply: return applied
            case .repeated:
                return commits.map { .applied(lease: $0.lease, decision: $0.decision, isRepeated: true) }
            case .deferLast: return applied.dropLast() + [.deferred]
            case .fail(let error): throw error
            }
        }
    }

    private func commits(_ ids: ClosedRange<Int64>) throws -> [StepCommit] {
        let definition = Definition(parsing: #"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#)
        let revision = Revision(
            id: 1,
            machineID: 1,
            machineName: "M",
            machineARN: "",
            number: 1,
            roleARN: nil,
            machine: try #require(definition.machine)
        )
        let null = JSONDocument(.null)
        return ids.map { id in
            let key = StepKey(bucket: 0, execution: PGUUID(high: 0, low: 0), id: id)
            return StepCommit(
                lease: StepLease(key: key, fence: 1),
                revision: revision,
                decision: Decision(branch: Branch(startAt: "A", input: null), next: .endExecution(.succeeded(null))),
                keepsLease: false
            )
        }
    }

    /// Sends decisions 1 to 4 and answers which were applied.
    private func send(_ script: Script) async throws -> [Int64] {
        let commits = try commits(1...4)
        let committer = Committer(bucket: 0, database: script, lease: .seconds(10), logger: Database.logger)
        return zip(commits, await committer.send(commits))
            .compactMap { commit, written in
                guard case .applied = written.result else { return nil }
                return commit.lease.key.id
            }
    }

    private static func error(_ kind: PostgresError.Kind) -> StoreError { .postgres(PostgresError(kind, "scripted")) }

    private static func error(_ state: SQLState) -> StoreError {
        .postgres(
            PostgresError(.server(state), "scripted", report: ServerReport(sqlState: state, message: "scripted"))
        )
    }

    @Test(arguments: [
        error(PostgresError.Kind.outcomeUnknown), error(.connectionLost), error(.poolTimeout), error(.adminShutdown),
        error(.diskFull),
    ])
    func sendsTheSameCallAgainWhenTheDatabaseIsAway(_ error: StoreError) async throws {
        let script = Script([.fail(error), .fail(error)])
        #expect(try await send(script) == [1, 2, 3, 4])
        #expect(script.batches == [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]])
    }

    @Test func aLeaseCountsFromTheRequestThatGrantedIt() async throws {
        let lost = Script.Answer.fail(Self.error(PostgresError.Kind.outcomeUnknown))
        for (last, isFirst) in [(Script.Answer.repeated, true), (.apply, false)] {
            let script = Script([lost, last])
            let committer = Committer(bucket: 0, database: script, lease: .seconds(10), logger: Database.logger)
            let written = await committer.send(try commits(1...1))
            #expect(script.times.count == 2)
            #expect((written[0].sentAt <= script.times[0]) == isFirst)
        }
    }

    @Test(arguments: [SQLState.deadlockDetected, .lockNotAvailable])
    func halvesABatchThatMeetsALock(_ state: SQLState) async throws {
        let script = Script([.fail(Self.error(state)), .fail(Self.error(state))])
        #expect(try await send(script) == [1, 2, 3, 4])
        #expect(script.batches == [[1, 2, 3, 4], [1, 2], [1], [2], [3, 4]])
    }

    @Test func oneRefusedDecisionDoesNotFailItsBatch() async throws {
        let refusal = Script.Answer.fail(Self.error(.checkViolation))
        let script = Script([refusal, .apply, refusal, refusal])
        #expect(try await send(script) == [1, 2, 4])
        #expect(script.batches == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]])
    }

    @Test func sendsADeferredDecisionAgain() async throws {
        let script = Script([.deferLast])
        #expect(try await send(script) == [1, 2, 3, 4])
        #expect(script.batches == [[1, 2, 3, 4], [4]])
    }

    @Test func givesUpWhenItIsTold() async throws {
        let script = Script([.fail(Self.error(PostgresError.Kind.connectionLost))])
        let committer = Committer(bucket: 0, database: script, lease: .seconds(10), logger: Database.logger)
        committer.giveUp()
        let written = await committer.send(try commits(1...1))
        #expect(written.count == 1)
        #expect(script.batches.count == 1)
    }

    @Test func everyoneGetsAnAnswerOfTheirOwn() async throws {
        let script = Script([])
        let committer = Committer(bucket: 0, database: script, lease: .seconds(10), logger: Database.logger)
        let answers = await withTaskGroup(of: Bool.self) { group in
            for commit in (try? commits(1...200)) ?? [] {
                group.addTask {
                    guard case .applied(let lease, _, _) = await committer.commit(commit, weight: 1).result else {
                        return false
                    }
                    return lease == commit.lease
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: true, count: 200))
        #expect(script.batches.joined().sorted() == Array(1...200))
    }
}

/// Who sends what together.
@Suite struct CommitQueueTests {
    @Test func theFirstLeadsAndTheOthersWait() {
        var queue = CommitQueue<String, Int>(maximumCount: 10, maximumWeight: 100)
        #expect(queue.add("a", weight: 1, waiter: 1) == true)
        #expect(queue.add("b", weight: 1, waiter: 2) == false)
        #expect(queue.takeBatch().items == ["a", "b"])
        #expect(queue.add("c", weight: 1, waiter: 3) == false)
        #expect(queue.add("d", weight: 1, waiter: 4) == false)
        #expect(queue.finish() == 3)
        #expect(queue.takeBatch().items == ["c", "d"])
        #expect(queue.finish() == nil)
        #expect(queue.add("e", weight: 1, waiter: 5) == true)
    }

    @Test func batchesAreBoundedInNumberAndWeight() {
        var queue = CommitQueue<Int, Int>(maximumCount: 3, maximumWeight: 100)
        for (item, weight) in [10, 10, 10, 60, 60, 1000, 1].enumerated() {
            _ = queue.add(item, weight: weight, waiter: item)
        }
        var batches: [[Int]] = []
        repeat { batches.append(queue.takeBatch().items) } while queue.finish() != nil
        #expect(batches == [[0, 1, 2], [3], [4], [5], [6]])
    }
}
