import Logging
import Postgres

/// Where many wait for the ends of executions: they share their looks at the tables.
///
/// An execution is looked at soon after somebody began to wait for it, and then less and less often: what ends at once is
/// seen at once, and what takes long is seen a few hundredths of a second late.
package actor EndWatch {
    private enum Verdict: Sendable {
        case ended, missing, late
    }

    private struct Waiter {
        let name: ExecutionName
        let since: ContinuousClock.Instant
        let deadline: ContinuousClock.Instant
        var nextLook: ContinuousClock.Instant
        let continuation: CheckedContinuation<Verdict, Never>
    }

    private static let firstLook: Duration = .milliseconds(2)
    private static let slowest: Duration = .milliseconds(40)
    private static let afterFailure: Duration = .seconds(1)

    private let store: Store
    private let bell = Bell()
    private var waiters: [Int: Waiter] = [:]
    private var lastID = 0
    private var isClosed = false

    package init(store: Store) { self.store = store }

    /// Waits for the end of an execution. Needs ``run()``.
    ///
    /// - Parameters:
    ///   - execution: its ARN or `MACHINE:NAME`.
    ///   - patience: how long to wait.
    /// - Returns: nil if it still runs, or the task was cancelled.
    /// - Throws: `.executionDoesNotExist`.
    package func end(of execution: String, patience: Duration) async throws(StoreError) -> ExecutionDescription? {
        let missing = StoreError.executionDoesNotExist("there is no execution '\(execution)'")
        guard let name = ExecutionName(execution) else { throw missing }
        lastID += 1
        let id = lastID
        let now = ContinuousClock.now
        let verdict = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Verdict, Never>) in
                guard !isClosed, !Task.isCancelled else { return continuation.resume(returning: Verdict.late) }
                waiters[id] = Waiter(
                    name: name,
                    since: now,
                    deadline: now.advanced(by: patience),
                    nextLook: now.advanced(by: Self.firstLook),
                    continuation: continuation
                )
                bell.ring()
            }
        } onCancel: {
            Task { await self.leave(id, .late) }
        }
        switch verdict {
        case .ended: return try await store.describe(execution)
        case .missing: throw missing
        case .late: return nil
        }
    }

    /// Watches until the task is cancelled; then those who wait are sent away, and so is everybody who comes later.
    package func run() async {
        while !Task.isCancelled {
            await bell.wait(until: waiters.values.lazy.map(\.nextLook).min())
            await look()
        }
        isClosed = true
        for id in waiters.keys { leave(id, .late) }
    }

    private func leave(_ id: Int, _ verdict: Verdict) {
        waiters.removeValue(forKey: id)?.continuation.resume(returning: verdict)
    }

    private func look() async {
        let now = ContinuousClock.now
        let soon = now.advanced(by: .milliseconds(1))
        let due = waiters.filter { $0.value.nextLook <= soon }.map { ($0.key, $0.value.name) }
        guard !due.isEmpty else { return }
        do throws(StoreError) {
            let found = try await store.endings(of: due.map(\.1))
            for ((id, _), ending) in zip(due, found) {
                switch ending {
                case .running: postpone(id)
                case .ended: leave(id, .ended)
                case .missing: leave(id, .missing)
                }
            }
        } catch {
            store.logger.debug("Ends of executions can't be looked for", metadata: ["error": "\(error)"])
            for (id, _) in due { postpone(id, by: Self.afterFailure) }
        }
    }

    private func postpone(_ id: Int, by pause: Duration? = nil) {
        guard let waiter = waiters[id] else { return }
        let now = ContinuousClock.now
        guard now < waiter.deadline else { return leave(id, .late) }
        let age = waiter.since.duration(to: now)
        let next = now.advanced(by: pause ?? min(max(Self.firstLook, age / 4), Self.slowest))
        waiters[id]?.nextLook = min(next, waiter.deadline)
    }
}

/// Whether an execution has ended.
enum Ending: Sendable {
    case running, ended, missing
}

extension Store {
    /// Whether executions have ended, in the order in which they are named: one round trip for all of them.
    func endings(of executions: [ExecutionName]) async throws(StoreError) -> [Ending] {
        try await ask(about: executions, otherwise: .running) { bucket, asked in
            Statement(
                """
                select i.place::int, e.status
                from unnest($2::text[], $3::text[]) with ordinality as i (machine, name, place)
                left join lateral (
                    select e.status from stepwell.state_machines m
                    join stepwell.executions e on e.bucket = $1 and e.machine = m.id and e.name = i.name
                    where m.name = split_part(i.machine, '/', 1)
                    limit 1
                ) e on true
                where e.status is distinct from 'RUNNING'
                """,
                [
                    .int4(bucket), .textArray(asked.map { executions[$0].machine }),
                    .textArray(asked.map { executions[$0].name }),
                ]
            )
        } read: { (row) throws(PostgresError) in
            try row.optionalText(1) == nil ? .missing : .ended
        }
    }
}
