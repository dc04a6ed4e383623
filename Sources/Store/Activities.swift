package import Expressions
import Interpreter
package import JSON
import Logging
import Postgres

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

    /// Asks for a task of an activity, and waits for one: for programs in which few do so. ``ActivityDesk`` is for many.
    ///
    /// - Parameters:
    ///   - activity: its name or ARN.
    ///   - workerName: shown in the history.
    ///   - patience: how long to wait; AWS waits a minute.
    /// - Returns: nil when there was none in all that time, or the task was cancelled.
    /// - Throws: `.activityDoesNotExist`.
    package func activityTask(
        _ activity: String,
        workerName: String? = nil,
        patience: Duration = .seconds(60)
    ) async throws(StoreError) -> ActivityTask? {
        let name = try await self.activity(activity).name
        let deadline = ContinuousClock.now.advanced(by: patience)
        while true {
            for (bucket, name) in try await activitiesWithTasks([name]).shuffled() {
                if let task = try await takeActivityTasks(of: name, bucket: bucket, for: [workerName]).first {
                    return task
                }
            }
            let now = ContinuousClock.now
            guard now < deadline, !Task.isCancelled else { return nil }
            try? await Task.sleep(until: min(deadline, now.advanced(by: .seconds(1))))
        }
    }

    /// Of some activities, those that have tasks, and in which buckets: one round trip.
    func activitiesWithTasks(_ names: [String]) async throws(StoreError) -> [(bucket: Int32, name: String)] {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map {
                    Statement("select stepwell.activities_with_tasks($1, $2)", [.int4($0), .textArray(names)])
                }
        )
        var found: [(bucket: Int32, name: String)] = []
        for (bucket, rows) in zip(0..<settings.buckets, answers) {
            for row in rows {
                found.append((bucket, try decode { () throws(PostgresError) in try row.text(0) }))
            }
        }
        return found
    }

    /// Takes tasks of an activity in one bucket, one for each worker, in their order, as far as there are.
    func takeActivityTasks(
        of name: String,
        bucket: Int32,
        for workerNames: [String?]
    ) async throws(StoreError) -> [ActivityTask] {
        let rows = try await query(
            Statement(
                "select * from stepwell.get_activity_tasks($1, $2, $3)",
                [.int4(bucket), .text(name), .textArray(workerNames)]
            )
        )
        return try decode { () throws(PostgresError) in
            var tasks: [ActivityTask] = []
            for row in rows {
                let step = StepKey(bucket: bucket, execution: try row.uuid(0), id: try row.int64(1))
                let attempt = TaskAttempt(entry: try row.int(2), attempt: try row.int(3))
                tasks.append(
                    ActivityTask(
                        token: taskTokens.token(for: attempt, of: step),
                        input: JSONDocument(trusted: try row.text(4))
                    )
                )
            }
            return tasks
        }
    }

    // MARK: Who waits

    /// Says that somebody waits for tasks of some activities, and on which channel they listen.
    func registerPoller(_ channel: String, for activities: [String], lifetime: Duration) async throws(StoreError) {
        _ = try await query(
            Statement(
                """
                insert into stepwell.activity_pollers (activity, channel, expires_at)
                select a.name, $2, now() + $3 * interval '1 microsecond' from unnest($1::text[]) as a (name)
                on conflict (activity, channel) do update set expires_at = excluded.expires_at
                """,
                [.textArray(activities), .text(channel), .int8(lifetime.microseconds)]
            )
        )
    }

    /// Says that nobody waits any more; what those who died have said is cleared away as well. A hint: when it gets lost,
    /// nothing else does.
    func unregisterPoller(_ channel: String, for activities: [String]) async {
        do throws(StoreError) {
            _ = try await query(
                Statement(
                    """
                    delete from stepwell.activity_pollers
                    where (activity = any ($1) and channel = $2) or expires_at < now() - interval '1 minute'
                    """,
                    [.textArray(activities), .text(channel)]
                )
            )
        } catch {
            logger.debug("A poller could not be taken out", metadata: ["error": "\(error)"])
        }
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
