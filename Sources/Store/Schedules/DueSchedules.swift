import Expressions
import Logging
import Postgres
import Schedules

/// A schedule that is due, as it was read.
private struct DueSchedule {
    var schedule: Schedule
    var due: Timestamp
    /// The database's time.
    var now: Timestamp
}

extension Store {
    /// Due times that are started in one transaction.
    private static let most = 50
    /// Schedules that are looked at together.
    private static let page = 200

    /// Starts what is due by the database's clock, each due time once, however many processes do this at the same time.
    ///
    /// - Returns: how long nothing else will be due; nil: nothing is in sight. What is created meanwhile is not counted.
    package func runDueSchedules() async throws(StoreError) -> Duration? {
        var waits = false
        while true {
            let due = try await dueSchedules()
            var count = 0
            // Whoever comes at the same time begins elsewhere.
            for item in due.shuffled() where try await run(item) { count += 1 }
            // Others have the rest, or have done it already.
            if count == 0 { break }
        }
        while true {
            let rows = try await query(
                Statement("select stepwell.run_buffered($1)", [.int4(Int32(Self.most))])
            )
            let count = try decode { () throws(PostgresError) in try rows.only().int(0) }
            if count == 0 { break }
        }
        let rows = try await query(
            Statement(
                """
                select ceil(extract(epoch from min(next_due) - now()) * 1000)::bigint,
                    exists (select 1 from stepwell.schedules where enabled and buffered <> '{}')
                from stepwell.schedules where enabled and next_due is not null
                """
            )
        )
        let next = try decode { () throws(PostgresError) in
            let row = try rows.only()
            waits = try row.bool(1)
            // What is due still is in others' hands, or could not be run.
            return try row.optionalInt64(0).map { $0 > 0 ? Duration.milliseconds($0) : .seconds(1) }
        }
        // The end of an execution is not announced to those who wait for it here.
        return waits ? min(next ?? .seconds(1), .seconds(1)) : next
    }

    private func dueSchedules() async throws(StoreError) -> [DueSchedule] {
        let rows = try await query(
            Statement(
                """
                select d.*, now() from (
                    \(Self.scheduleColumns)
                    where s.enabled and s.next_due <= now()
                    order by s.next_due
                    limit $1
                ) d
                """,
                [.int4(Int32(Self.page))]
            )
        )
        return try decode { () throws(PostgresError) in
            var found: [DueSchedule] = []
            for row in rows {
                let schedule = try schedule(row)
                guard let due = schedule.nextDue else { continue }
                found.append(
                    DueSchedule(schedule: schedule, due: due, now: Timestamp(microseconds: try row.timestamp(20)))
                )
            }
            return found
        }
    }

    /// - Returns: whether it was this call that ran what was due.
    private func run(_ item: DueSchedule) async throws(StoreError) -> Bool {
        var catchUp = CatchUp()
        var problem: String?
        do throws(StoreError) {
            catchUp = CatchUp(
                try item.schedule.settings.timing(),
                from: item.due,
                now: item.now,
                since: item.schedule.base,
                window: item.schedule.settings.catchUp,
                limit: Self.most
            )
        } catch {
            // A time zone that this machine does not know, for example.
            problem = "\(error)"
            logger.error(
                "A schedule can't go on",
                metadata: ["schedule": "\(item.schedule.name)", "error": "\(error)"]
            )
        }
        let statement = Statement(
            "select stepwell.run_schedule($1, $2, $3, $4, $5, $6, $7)",
            [
                .text(item.schedule.name), .int4(item.schedule.generation), .timestamp(item.due),
                .timestamptzArray(microseconds: catchUp.due.map(\.microseconds)), .timestamp(catchUp.missedFrom),
                .timestamp(catchUp.following), .text(problem),
            ]
        )
        do throws(StoreError) {
            let rows = try await query(statement)
            return try decode { () throws(PostgresError) in try rows.only().bool(0) }
        } catch {
            guard !error.isLossOfServer else { throw error }
            // Others are due as well.
            logger.warning(
                "A schedule could not be run, and will be tried again",
                metadata: ["schedule": "\(item.schedule.name)", "error": "\(error)"]
            )
            return false
        }
    }
}
