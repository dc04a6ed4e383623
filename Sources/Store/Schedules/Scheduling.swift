import Expressions
import JSON
import Postgres
import Schedules

extension Store {
    /// Creates a schedule.
    ///
    /// - Throws: `.validation` for a name that is taken or not allowed, or an expression that means nothing or is never
    ///   due; `.stateMachineDoesNotExist`; `.invalidInput`.
    package func createSchedule(_ name: String, _ settings: ScheduleSettings) async throws(StoreError) -> Schedule {
        guard name.wholeMatch(of: /[0-9a-zA-Z_.-]{1,64}/) != nil else {
            throw .validation("a schedule's name has 1 to 64 letters, digits, _, . and -")
        }
        let now = try await prepare(settings)
        let next = try Self.first(of: settings, after: now, since: now)
        let rows = try await query(
            Statement(
                """
                insert into stepwell.schedules
                    (name, base, next_due, expression, time_zone, starts_at, ends_at, state_machine, function, input,
                     enabled, overlap, catch_up, deletes_itself, description)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 * interval '1 second', $14, $15)
                on conflict (name) do nothing
                returning name
                """,
                [.text(name), .timestamp(now), .timestamp(settings.isEnabled ? next : nil)]
                    + Self.parameters(of: settings)
            )
        )
        guard !rows.isEmpty else { throw .validation("there is a schedule named '\(name)' already") }
        await notifySchedulers()
        return try await schedule(name)
    }

    /// Changes a schedule. What is due from now on follows the new settings; runs that wait go on waiting.
    ///
    /// - Parameter change: changes settings; it is called again where somebody else has changed them meanwhile.
    package func updateSchedule(
        _ name: String,
        _ change: (inout ScheduleSettings) throws(StoreError) -> Void
    ) async throws(StoreError) -> Schedule {
        while true {
            let old = try await schedule(name)
            var settings = old.settings
            try change(&settings)
            let now = try await prepare(settings)
            // A rate that was not changed goes on in step.
            let isInStep = old.settings.expression == settings.expression && old.settings.starts == settings.starts
            let base = isInStep ? old.base : now
            let next = settings.isEnabled ? try Self.first(of: settings, after: now, since: base) : nil
            let rows = try await query(
                Statement(
                    """
                    update stepwell.schedules
                    set generation = generation + 1, updated_at = now(), base = $2, next_due = $3, expression = $4,
                        time_zone = $5, starts_at = $6, ends_at = $7, state_machine = $8, function = $9, input = $10,
                        enabled = $11, overlap = $12, catch_up = $13 * interval '1 second', deletes_itself = $14,
                        description = $15
                    where name = $1 and generation = $16
                    returning name
                    """,
                    [.text(name), .timestamp(base), .timestamp(next)] + Self.parameters(of: settings)
                        + [.int4(old.generation)]
                )
            )
            if !rows.isEmpty {
                await notifySchedulers()
                return try await schedule(name)
            }
        }
    }

    /// What those hear on the channel of work who start what schedules say: they may sleep beyond a new one's time. It is
    /// a hint, which may get lost.
    package static let schedulesHint = "schedules"

    private func notifySchedulers() async {
        _ = try? await query(Statement("select pg_notify('stepwell_work', $1)", [.text(Self.schedulesHint)]))
    }

    /// - Throws: `.scheduleDoesNotExist`.
    package func deleteSchedule(_ name: String) async throws(StoreError) {
        let rows = try await query(
            Statement("delete from stepwell.schedules where name = $1 returning name", [.text(name)])
        )
        guard !rows.isEmpty else { throw Self.noSchedule(name) }
    }

    /// - Throws: `.scheduleDoesNotExist`.
    package func schedule(_ name: String) async throws(StoreError) -> Schedule {
        let rows = try await query(
            Statement("\(Self.scheduleColumns) where s.name = $1", [.text(name)])
        )
        guard let row = rows.first else { throw Self.noSchedule(name) }
        return try decode { () throws(PostgresError) in try schedule(row) }
    }

    /// Schedules by name.
    ///
    /// - Parameters:
    ///   - limit: the most to answer, 1 to 1,000.
    ///   - after: the last name of the page before.
    package func schedules(
        limit: Int = 100,
        after: String? = nil
    ) async throws(StoreError) -> Page<Schedule, String> {
        let limit = min(max(limit, 1), 1000)
        let rows = try await query(
            Statement(
                """
                \(Self.scheduleColumns)
                where $1::text is null or s.name collate "C" > $1 collate "C"
                order by s.name collate "C"
                limit $2
                """,
                [.text(after), .int8(Int64(limit + 1))]
            )
        )
        let found = try decode { () throws(PostgresError) in
            var found: [Schedule] = []
            for row in rows { found.append(try schedule(row)) }
            return found
        }
        return Page(found, limit: limit, cursor: \.name)
    }

    /// What became of the newest due times, the newest first: some hundred are kept.
    package func runs(ofSchedule name: String, limit: Int = 10) async throws(StoreError) -> [ScheduleRun] {
        let rows = try await query(
            Statement(
                """
                select due_at, at, outcome, execution, detail from stepwell.schedule_runs
                where schedule = $1 order by due_at desc limit $2
                """,
                [.text(name), .int8(Int64(limit))]
            )
        )
        return try decode { () throws(PostgresError) in
            var runs: [ScheduleRun] = []
            for row in rows {
                runs.append(
                    ScheduleRun(
                        due: Timestamp(microseconds: try row.timestamp(0)),
                        at: Timestamp(microseconds: try row.timestamp(1)),
                        outcome: ScheduleRun.Outcome(rawValue: try row.text(2)) ?? .failed,
                        execution: try row.optionalText(3),
                        detail: try row.optionalText(4)
                    )
                )
            }
            return runs
        }
    }

    // MARK: What is asked for

    /// Looks whether settings can work, and answers the database's time.
    private func prepare(_ settings: ScheduleSettings) async throws(StoreError) -> Timestamp {
        let machine: String
        switch settings.target {
        case .stateMachine(let name): machine = name
        case .function(let name): machine = try await machineOfEvents(name)
        }
        guard settings.catchUp >= 0, settings.catchUp <= 100 * 366 * 86_400 else {
            throw .validation("a catch-up window lies between none and a hundred years")
        }
        let rows = try await query(
            Statement(
                "select now() from stepwell.check_schedule_target($1, $2)",
                [.text(machine), .json(settings.input.text)]
            )
        )
        return try decode { () throws(PostgresError) in Timestamp(microseconds: try rows.only().timestamp(0)) }
    }

    private static func first(
        of settings: ScheduleSettings,
        after now: Timestamp,
        since base: Timestamp
    ) throws(StoreError) -> Timestamp {
        let timing = try settings.timing()
        guard let next = timing.first(from: now, since: base) else {
            throw .validation("'\(settings.expression)' is not due at any time after \(now)")
        }
        return next
    }

    private static func parameters(of settings: ScheduleSettings) -> [PostgresValue] {
        let (machine, function): (String?, String?) =
            switch settings.target {
            case .stateMachine(let name): (name, nil)
            case .function(let name): (nil, name)
            }
        return [
            .text(settings.expression), .text(settings.timeZone), .timestamp(settings.starts),
            .timestamp(settings.ends), .text(machine), .text(function), .json(settings.input.text),
            .bool(settings.isEnabled), .text(settings.overlap.rawValue), .int8(settings.catchUp),
            .bool(settings.deletesItself), .text(settings.description),
        ]
    }

    private static func noSchedule(_ name: String) -> StoreError {
        .scheduleDoesNotExist("there is no schedule named '\(name)'")
    }

    // MARK: Rows

    static let scheduleColumns = """
        select s.name, s.expression, s.time_zone, s.starts_at, s.ends_at, s.state_machine, s.function, s.input, s.enabled,
            s.overlap, extract(epoch from s.catch_up)::bigint, s.deletes_itself, s.description, s.next_due,
            cardinality(s.buffered), s.last_arn, s.created_at, s.updated_at, s.base, s.generation
        from stepwell.schedules s
        """

    func schedule(_ row: Row) throws(PostgresError) -> Schedule {
        func moment(_ column: ColumnReference) throws(PostgresError) -> Timestamp? {
            try row.optionalTimestamp(column).map(Timestamp.init(microseconds:))
        }
        let target: ScheduleTarget =
            if let machine = try row.optionalText(5) { .stateMachine(machine) } else { .function(try row.text(6)) }
        var settings = ScheduleSettings(
            expression: try row.text(1),
            target: target
        )
        settings.timeZone = try row.text(2)
        settings.starts = try moment(3)
        settings.ends = try moment(4)
        settings.input = JSONDocument(trusted: try row.text(7))
        settings.isEnabled = try row.bool(8)
        settings.overlap = ScheduleOverlap(rawValue: try row.text(9)) ?? .allowAll
        settings.catchUp = try row.int64(10)
        settings.deletesItself = try row.bool(11)
        settings.description = try row.optionalText(12)
        let name = try row.text(0)
        return Schedule(
            name: name,
            arn: "arn:aws:scheduler:\(self.settings.region):\(self.settings.account):schedule/default/\(name)",
            settings: settings,
            nextDue: try moment(13),
            bufferedCount: try row.int(14),
            lastExecution: try row.optionalText(15),
            createdAt: Timestamp(microseconds: try row.timestamp(16)),
            updatedAt: Timestamp(microseconds: try row.timestamp(17)),
            base: Timestamp(microseconds: try row.timestamp(18)),
            generation: Int32(clamping: try row.int(19))
        )
    }
}

extension PostgresValue {
    static func timestamp(_ moment: Timestamp?) -> PostgresValue { .timestamptz(microseconds: moment?.microseconds) }
}
