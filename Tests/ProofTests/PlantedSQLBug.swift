import Testing

/// A bug of the schema's functions: their real text with one replacement.
struct PlantedSQLBug: Sendable, CustomTestStringConvertible {
    let name: String
    let function: String
    let text: String
    let replacement: String
    /// What else has to be run for it.
    var before: String?
    /// Words in the names of the cases that are tried.
    let cases: [String]

    var testDescription: String { name }

    /// Lets no transition go the short way.
    static let everythingClosely = """
        do $$ begin
            execute replace(pg_get_functiondef('stepwell.advance_one'::regproc), 'return true;',
                'raise serialization_failure;');
            execute replace(pg_get_functiondef('stepwell.advance_many'::regproc), 'return true;',
                'raise serialization_failure;');
            create sequence public.events start 2;
        end $$
        """

    /// Lets transitions that come alone take the short way of those that come together.
    static let everythingTogether = """
        do $do$ begin
            execute regexp_replace(pg_get_functiondef('stepwell.advance_one'::regproc), 'AS \\$function\\$.*',
                $text$as $function$ begin
                    if p_action = 'e' then
                        return stepwell.advance_many(p_bucket, p_lease, array[p_execution], array[p_fence], array[p_first],
                            array[p_event_count], array[p_events], array[p_at], '{}', '{}', '{}', '{}', '{}', '{}', '{}',
                            '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
                            array[p_status], array[p_output], array[p_output_id], array[p_error], array[p_cause],
                            array[p_execution_row], case when p_looked_through then array[p_execution] else '{}' end,
                            array_fill(p_execution, array[cardinality(p_payload_id)]), p_payload_id, p_payload);
                    end if;
                    return stepwell.advance_many(p_bucket, p_lease, array[p_execution], array[p_fence], array[p_first],
                        array[p_event_count], array[p_events], array[p_at], array[p_action], array[p_phase],
                        array[p_state], array[p_function], array[p_run_at], array[p_wake_at], array[p_entered_at],
                        array[p_entry], array[p_retry_count], array[p_retrier_uses], array[p_deadline],
                        array[p_heartbeat], array[p_last_event], array[p_entered_event], array[p_scheduled_event],
                        array[p_input], array[p_input_id], array[p_task_input], array[p_task_input_id],
                        array[p_variables], array[p_variables_id], '{}', '{}', '{}', '{}', '{}', '{}', '{}',
                        array_fill(p_execution, array[cardinality(p_payload_id)]), p_payload_id, p_payload);
                end $function$$text$);
        end $do$
        """

    func plant(in subject: PostgresSubject) async throws {
        if let before { _ = try await subject.sql(before) }
        try await subject.plant(function, replacing: text, with: replacement)
    }

    static let all = [
        PlantedSQLBug(
            name: "a transition looks only whether the step is leased",
            function: "advance",
            text: "s.row_fence = i.fence and s.row_status = 'l'",
            replacement: "s.row_status = 'l'",
            cases: ["any other fence"]
        ),
        PlantedSQLBug(
            name: "the fence is not raised when a lease is kept",
            function: "write_steps",
            text: "set fence = i.fence + 1,",
            replacement: "set fence = case i.action when 'k' then i.fence else i.fence + 1 end,",
            before: everythingClosely,
            cases: ["kept lease", "same call again"]
        ),
        PlantedSQLBug(
            name: "the short way of one looks only whether the step is leased",
            function: "advance_one",
            text: "and s.fence = p_fence and s.status = 'l' and s.fork is null;",
            replacement: "and s.status = 'l' and s.fork is null;",
            cases: ["any other fence"]
        ),
        PlantedSQLBug(
            name: "the short way of one does not raise the fence when a lease is kept",
            function: "advance_one",
            text: "set fence = s.fence + 1,",
            replacement: "set fence = case p_action when 'k' then s.fence else s.fence + 1 end,",
            cases: ["kept lease", "same call again"]
        ),
        PlantedSQLBug(
            name: "the short way of one ends an execution whoever holds its step",
            function: "advance_one",
            text: "and s.fence = p_fence and s.status = 'l' and s.fork is null\n          and s.phase <> 'mapping'",
            replacement: "",
            cases: ["any other fence"]
        ),
        PlantedSQLBug(
            name: "the short way of one leaves an execution's timer",
            function: "advance_one",
            text: "if v_others > 0 then",
            replacement: "if false then",
            cases: ["its timer neither"]
        ),
        PlantedSQLBug(
            name: "the short way looks only whether the step is leased",
            function: "advance_many",
            text: "and s.fence = p_fence[i.n::int] and s.status = 'l' and s.fork is null;",
            replacement: "and s.status = 'l' and s.fork is null;",
            before: everythingTogether,
            cases: ["any other fence"]
        ),
        PlantedSQLBug(
            name: "the short way does not raise the fence when a lease is kept",
            function: "advance_many",
            text: "set fence = s.fence + 1,",
            replacement: "set fence = case p_action[i.n::int] when 'k' then s.fence else s.fence + 1 end,",
            before: everythingTogether,
            cases: ["kept lease", "same call again"]
        ),
        PlantedSQLBug(
            name: "the short way ends an execution whoever holds its step",
            function: "advance_many",
            text: "and s.fence = p_fence[v_moves + i.n::int] and s.status = 'l' and s.fork is null",
            replacement: "",
            before: everythingTogether,
            cases: ["any other fence"]
        ),
        PlantedSQLBug(
            name: "the short way leaves an execution's timer",
            function: "advance_many",
            text: "if v_others > 0 then",
            replacement: "if false then",
            before: everythingTogether,
            cases: ["its timer neither"]
        ),
        PlantedSQLBug(
            name: "a claim does not raise the fence",
            function: "claim",
            text: "fence = s.fence + 1,",
            replacement: "",
            cases: ["raises the fence"]
        ),
        PlantedSQLBug(
            name: "a rescue does not look at the lease",
            function: "sweep",
            text: "stepwell.lease_is_over(v_step.status, v_step.lease_until)",
            replacement: "v_step.status = 'l'",
            cases: ["not rescued"]
        ),
        PlantedSQLBug(
            name: "what is still leased when a claim is looked at is forgotten",
            function: "list_leases",
            text: "if v_rows is not null then",
            replacement: "if false then",
            cases: ["one that is over is"]
        ),
        PlantedSQLBug(
            name: "what lists a lease ends it",
            function: "list_leases",
            text: "set wake_at = s.lease_until",
            replacement: "set wake_at = now(), lease_until = now()",
            cases: ["what a transition keeps"]
        ),
        PlantedSQLBug(
            name: "a lease is extended for whoever asks",
            function: "extend",
            text: "and s.fence = i.fence and s.status = 'l'",
            replacement: "and s.status = 'l'",
            cases: ["extended for its holder"]
        ),
        PlantedSQLBug(
            name: "a lease is given back for whoever asks",
            function: "release",
            text: "and s.worker = p_worker and (s.fence = i.fence or s.applied = i.fence)",
            replacement: "",
            cases: ["only the holder gives"]
        ),
        PlantedSQLBug(
            name: "a lost lease counts as a retry",
            function: "lose_lease",
            text: "suspect = true,",
            replacement: "suspect = true, retry_count = s.retry_count + 1,",
            cases: ["holder is refused"]
        ),
        PlantedSQLBug(
            name: "event ids come from a sequence",
            function: "advance",
            text: "then j.root_last + 1 end",
            replacement: "then nextval('public.events')::int end",
            before: everythingClosely,
            cases: ["count their events"]
        ),
        PlantedSQLBug(
            name: "a start has no unique key",
            function: "open_execution",
            text: "on conflict (bucket, machine, name) do nothing",
            replacement: "on conflict do nothing",
            before: "alter table stepwell.executions drop constraint executions_bucket_machine_name_key",
            cases: ["one execution"]
        ),
        PlantedSQLBug(
            name: "an execution that ends leaves its timer",
            function: "finish_executions",
            text: "where s.bucket = p_bucket and s.execution = i.execution\n",
            replacement: "where s.bucket = p_bucket and s.execution = i.execution and s.id <> 1\n",
            before: everythingClosely,
            cases: ["its timer neither"]
        ),
        PlantedSQLBug(
            name: "a failed branch leaves its siblings",
            function: "fail_fork",
            text: "while cardinality(v_forks) > 0 loop",
            replacement: "while false loop",
            cases: ["takes its siblings"]
        ),
        PlantedSQLBug(
            name: "a fork is joined one branch too early",
            function: "end_branches",
            text: "case when p.remaining = e.children then",
            replacement: "case when p.remaining <= e.children + 1 then",
            cases: ["joined by its last"]
        ),
        PlantedSQLBug(
            name: "what ends a fork shares a call with siblings",
            function: "advance",
            text: "then 'c' else j.verdict end",
            replacement: "then 'a' else j.verdict end",
            cases: ["alone in its call"]
        ),
        PlantedSQLBug(
            name: "a child's message is applied whatever the step waits for",
            function: "deliver",
            text: "if v_step.phase <> p_phase or v_step.status <> 'w' then",
            replacement: "if false then",
            cases: ["heard once"]
        ),
        PlantedSQLBug(
            name: "a suspect runs for ever",
            function: "lose_lease",
            text: "v_losses >= 3",
            replacement: "v_losses >= 30",
            cases: ["suspect fails"]
        ),
    ]
}
