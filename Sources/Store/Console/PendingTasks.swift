package import Expressions
import Interpreter
import Postgres
import StatesLanguage

/// A task that waits for an answer with its task token.
package struct PendingTask: Sendable, Hashable {
    package var step: Int64
    package var state: String
    /// Which attempt it is: with the step, what its token is about.
    package var entry: Int
    package var attempt: Int
    package var enteredAt: Timestamp?
    package var deadline: Timestamp?
}

extension Store {
    /// The tasks of an execution that wait for somebody to answer with their token, in the order of their branches.
    ///
    /// - Parameter execution: an ARN or `MACHINE:NAME`.
    package func pendingTasks(of execution: String, limit: Int) async throws(StoreError) -> [PendingTask] {
        let (bucket, id) = try await place(of: execution)
        let rows = try await query(
            Statement(
                """
                select s.id, s.revision, s.state, s.entry, s.retry_count, s.entered_at, s.deadline
                from stepwell.steps s
                where s.bucket = $1 and s.execution = $2 and s.status = 'w' and s.phase = 'submitted'
                  and s.function = '' and s.outcome is null
                order by s.id
                limit $3
                """,
                [.int4(bucket), .uuid(id), .int8(Int64(limit))]
            )
        )
        let found = try decode { () throws(PostgresError) in
            var found: [(revision: Int32, task: PendingTask)] = []
            for row in rows {
                let task = PendingTask(
                    step: try row.int64(0),
                    state: try row.text(2),
                    entry: try row.int(3),
                    attempt: try row.int(4),
                    enteredAt: try row.optionalTimestamp(5).map(Timestamp.init(microseconds:)),
                    deadline: try row.optionalTimestamp(6).map(Timestamp.init(microseconds:))
                )
                found.append((Int32(clamping: try row.int(1)), task))
            }
            return found
        }
        let revisions = try await loadRevisions(Set(found.map(\.revision)))
        return found.compactMap { revision, task in
            // The end of the execution that it has started is the answer that such a Task waits for.
            if case .task(let kind)? = revisions[revision]?.machine.states[task.state]?.kind,
                kind.resource.waitsForExecution
            {
                return nil
            }
            return task
        }
    }

    /// The token of an attempt at a task: whoever has it may answer, as long as the attempt is not over.
    package func taskToken(
        step: Int64,
        entry: Int,
        attempt: Int,
        in execution: String
    ) async throws(StoreError) -> String {
        let (bucket, id) = try await place(of: execution)
        return taskTokens.token(
            for: TaskAttempt(entry: entry, attempt: attempt),
            of: StepKey(bucket: bucket, execution: id, id: step)
        )
    }

    private func place(of execution: String) async throws(StoreError) -> (bucket: Int32, id: PGUUID) {
        let found = try await query(
            Statement("select e.bucket, e.id from stepwell.find_execution($1) e", [.text(execution)])
        )
        guard let row = found.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        return try decode { () throws(PostgresError) in (Int32(clamping: try row.int(0)), try row.uuid(1)) }
    }
}
