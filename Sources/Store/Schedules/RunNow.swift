import Postgres

extension Store {
    /// Starts what a schedule starts, now, whether it is due or paused, and however its last run stands. It is one of its
    /// runs from then on.
    ///
    /// - Returns: what became of it.
    /// - Throws: `.scheduleDoesNotExist`.
    package func runSchedule(_ name: String) async throws(StoreError) -> ScheduleRun {
        let rows = try await query(
            Statement(
                """
                update stepwell.schedules s
                set last_arn = (r.started).last_arn, last_bucket = (r.started).last_bucket,
                    last_execution = (r.started).last_execution
                from (
                    select stepwell.start_scheduled(k.schedule, date_trunc('second', now())) as started
                    from (select x as schedule from stepwell.schedules x where x.name = $1 for update) k
                ) r
                where s.name = $1
                returning s.name
                """,
                [.text(name)]
            )
        )
        guard !rows.isEmpty, let run = try await runs(ofSchedule: name, limit: 1).first else {
            throw .scheduleDoesNotExist("there is no schedule named '\(name)'")
        }
        return run
    }

    /// The schedules that call a function, by name.
    package func schedules(ofFunction function: String, limit: Int = 100) async throws(StoreError) -> [Schedule] {
        let rows = try await query(
            Statement(
                "\(Self.scheduleColumns) where s.function = $1 order by s.name collate \"C\" limit $2",
                [.text(function), .int8(Int64(limit))]
            )
        )
        return try decode { () throws(PostgresError) in
            var found: [Schedule] = []
            for row in rows { found.append(try schedule(row)) }
            return found
        }
    }
}
