import Postgres

/// What a `StepLoader` asks the database for.
extension StepLoader {
    /// A branch and those around it, up to the root.
    func scopeStatement(_ key: ScopeKey) -> Statement {
        Statement(
            """
            with recursive around as (
                select s.id, s.parent, s.state, s.task_input, s.task_input_id, s.variables, s.variables_id,
                    s.trace_header
                from stepwell.steps s where s.bucket = $1 and s.execution = $2 and s.id = $3
                union all
                select s.id, s.parent, s.state, s.task_input, s.task_input_id, s.variables, s.variables_id,
                    s.trace_header
                from around a
                join stepwell.steps s on s.bucket = $1 and s.execution = $2 and s.id = a.parent
            )
            select * from around
            """,
            [.int4(bucket), .uuid(key.execution), .int8(key.id)]
        )
    }

    /// What the branches of a fork ended with, in their order.
    func resultStatement(_ key: ForkKey) -> Statement {
        Statement(
            """
            select r.output, r.output_id from stepwell.results r
            where r.bucket = $1 and r.execution = $2 and r.id >= $3 and r.id < $4
            order by r.id
            """,
            [.int4(bucket), .uuid(key.execution), .int8(Int64(key.fork) << 32), .int8(Int64(key.fork + 1) << 32)]
        )
    }

    /// The chunks of a Map's items in which these are.
    func itemStatement(_ key: ForkKey, indexes: [Int]) -> Statement {
        Statement(
            """
            select m.first_index, m.items from stepwell.map_items m
            where m.bucket = $1 and m.execution = $2 and m.fork = $3
              and m.first_index > $4 - $6 and m.first_index <= $5
            """,
            [
                .int4(bucket), .uuid(key.execution), .int4(Int32(clamping: key.fork)),
                .int4(Int32(clamping: indexes.min() ?? 0)), .int4(Int32(clamping: indexes.max() ?? 0)),
                .int4(Int32(StepChange.chunkItems)),
            ]
        )
    }

    /// The inputs of executions, and their redrives.
    func inputStatement(_ executions: [PGUUID]) -> Statement {
        Statement(
            """
            select e.id, e.input, e.input_id, e.redrive_count, e.redriven_at from stepwell.executions e
            where e.bucket = $1 and e.id = any ($2)
            """,
            [.int4(bucket), .uuidArray(executions)]
        )
    }
}
