package import Expressions
import Interpreter
package import JSON
import Logging
package import Postgres

/// An activity, as lists show it.
package struct ActivityDescription: Sendable {
    package var name: String
    package var arn: String
    package var createdAt: Timestamp
}

/// A task of an activity, handed to whoever asked.
package struct ActivityTask: Sendable {
    package var token: String
    package var input: JSONDocument
}

extension Store {
    /// Creates an activity, or finds it.
    ///
    /// - Throws: `.invalidName`.
    package func createActivity(_ name: String) async throws(StoreError) -> ActivityDescription {
        let rows = try await query(Statement("select stepwell.create_activity($1)", [.text(name)]))
        let createdAt = try decode { () throws(PostgresError) in try rows.only().timestamp(0) }
        return description(name, createdAt: createdAt)
    }

    /// - Parameter activity: its name or ARN.
    /// - Throws: `.activityDoesNotExist`.
    package func activity(_ activity: String) async throws(StoreError) -> ActivityDescription {
        let name = Settings.activityName(activity)
        let rows = try await query(
            Statement("select created_at from stepwell.activities where name = $1", [.text(name)])
        )
        guard let row = rows.first else { throw .activityDoesNotExist("there is no activity named '\(name)'") }
        return description(name, createdAt: try decode { () throws(PostgresError) in try row.timestamp(0) })
    }

    /// Deletes an activity. Tasks that wait to be asked for stay until their time is over; one that does not exist is
    /// deleted as well.
    package func deleteActivity(_ activity: String) async throws(StoreError) {
        _ = try await query(
            Statement(
                "delete from stepwell.activities where name = $1",
                [.text(Settings.activityName(activity))]
            )
        )
    }

    /// Activities by name.
    ///
    /// - Parameters:
    ///   - limit: the most to answer, 1 to 1,000.
    ///   - after: the last name of the page before.
    package func activities(
        limit: Int = 100,
        after: String? = nil
    ) async throws(StoreError) -> (activities: [ActivityDescription], next: String?) {
        let limit = min(max(limit, 1), 1000)
        let rows = try await query(
            Statement(
                """
                select name, created_at from stepwell.activities
                where $1::text is null or name > $1
                order by name limit $2
                """,
                [.text(after), .int8(Int64(limit + 1))]
            )
        )
        var found: [ActivityDescription] = []
        for row in rows {
            found.append(
                try decode { () throws(PostgresError) in
                    description(try row.text(0), createdAt: try row.timestamp(1))
                }
            )
        }
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.name : nil)
    }

    private func description(_ name: String, createdAt: Int64) -> ActivityDescription {
        ActivityDescription(
            name: name,
            arn: settings.activityARN(name),
            createdAt: Timestamp(microseconds: createdAt)
        )
    }

    // MARK: Tasks

    /// Asks for a task of an activity, and waits for one.
    ///
    /// - Parameters:
    ///   - activity: its name or ARN.
    ///   - workerName: shown in the history.
    ///   - patience: how long to wait; AWS waits a minute.
    ///   - listener: tells at once when there is something; without one, the table is looked at every second.
    /// - Returns: nil when there was none in all that time, or the task was cancelled.
    /// - Throws: `.activityDoesNotExist`.
    package func activityTask(
        _ activity: String,
        workerName: String? = nil,
        patience: Duration = .seconds(60),
        listener: Listener? = nil
    ) async throws(StoreError) -> ActivityTask? {
        let name = try await self.activity(activity).name
        let deadline = ContinuousClock.now.advanced(by: patience)
        if let task = try await takeActivityTask(name, workerName: workerName) { return task }
        guard patience > .zero else { return nil }
        let waiter = Waiter(listener: listener)
        defer { waiter.close() }
        while ContinuousClock.now < deadline, !Task.isCancelled {
            try await register(waiter, for: name, until: deadline)
            // Looked at again after saying so: what came in between is not missed.
            if let task = try await takeActivityTask(name, workerName: workerName) {
                try await unregister(waiter, for: name)
                return task
            }
            await waiter.wait(until: deadline)
        }
        try await unregister(waiter, for: name)
        return try await takeActivityTask(name, workerName: workerName)
    }

    private func takeActivityTask(_ name: String, workerName: String?) async throws(StoreError) -> ActivityTask? {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { Statement("select stepwell.has_activity_task($1, $2)", [.int4($0), .text(name)]) }
        )
        var buckets: [Int32] = []
        for (bucket, rows) in zip(0..<settings.buckets, answers) {
            if try decode({ () throws(PostgresError) in try rows.only().bool(0) }) { buckets.append(bucket) }
        }
        for bucket in buckets.shuffled() {
            let rows = try await query(
                Statement(
                    "select * from stepwell.get_activity_task($1, $2, $3)",
                    [.int4(bucket), .text(name), .text(workerName)]
                )
            )
            guard let row = rows.first else { continue }
            return try decode { () throws(PostgresError) in
                let step = StepKey(bucket: bucket, execution: try row.uuid(0), id: try row.int64(1))
                let attempt = TaskAttempt(entry: try row.int(2), attempt: try row.int(3))
                return ActivityTask(
                    token: taskTokens.token(for: attempt, of: step),
                    input: JSONDocument(trusted: try row.text(4))
                )
            }
        }
        return nil
    }

    private func register(
        _ waiter: Waiter,
        for activity: String,
        until deadline: ContinuousClock.Instant
    ) async throws(StoreError) {
        guard waiter.listens else { return }
        let patience = ContinuousClock.now.duration(to: deadline)
        _ = try await query(
            Statement(
                """
                insert into stepwell.activity_pollers (activity, channel, expires_at)
                values ($1, $2, now() + $3 * interval '1 microsecond')
                on conflict (activity, channel) do nothing
                """,
                [.text(activity), .text(waiter.channel), .int8(patience.microseconds)]
            )
        )
    }

    private func unregister(_ waiter: Waiter, for activity: String) async throws(StoreError) {
        guard waiter.listens else { return }
        _ = try await query(
            Statement(
                """
                delete from stepwell.activity_pollers
                where activity = $1 and (channel = $2 or expires_at < now() - interval '1 minute')
                """,
                [.text(activity), .text(waiter.channel)]
            )
        )
    }

    /// Tells somebody who waits for a task of an activity that there may be one: after the commit that made it ready. A
    /// hint: when it gets lost, nothing else does.
    package func wakeActivity(_ name: String) async {
        do throws(StoreError) {
            _ = try await query(Statement("select stepwell.wake_activity($1)", [.text(name)]))
        } catch {
            logger.debug("A hint could not be sent", metadata: ["error": "\(error)"])
        }
    }
}
