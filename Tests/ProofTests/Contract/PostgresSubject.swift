import JSON
import Logging
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

/// PostgreSQL, with a database of its own.
struct PostgresSubject: ContractSubject {
    private static let migrations =
        #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" } + "/migrations"

    let postgres: Store

    var store: any WorkerStore { postgres }

    init() async throws {
        var logger = Logger(label: "contract")
        logger.logLevel = .critical
        let configuration = try await TestCluster.shared().createDatabase()
        _ = try await Store.migrate(configuration, directory: Self.migrations, buckets: 2, logger: logger)
        postgres = try await Store.open(configuration, poolSize: 2, logger: logger)
    }

    func sql(_ text: String, _ parameters: [PostgresValue] = []) async throws -> Rows {
        try await postgres.pool.query(Statement(text, parameters))
    }

    func deploy(_ name: String, _ definition: String) async throws {
        _ = try await postgres.deploy(name: name, definition: definition)
    }

    func open(_ machine: String, _ name: String, _ input: String) async throws -> Bool {
        let input = try JSONDocument(parsing: input)
        return try await postgres.startExecution(stateMachine: machine, name: name, input: input).isNew
    }

    func stop(_ machine: String, _ name: String) async throws {
        _ = try await postgres.stopExecution("\(machine):\(name)")
    }

    func answer(_ token: String, _ output: String) async throws {
        try await postgres.sendTaskSuccess(token: token, output: try JSONDocument(parsing: output))
    }

    func execution(_ machine: String, _ name: String) async throws -> ContractExecution {
        let description = try await postgres.describe("\(machine):\(name)")
        let events = try await postgres.history("\(machine):\(name)")
            .map { event in
                ContractExecution.Event(
                    id: event.id,
                    previous: Int(event.json["previousEventId"]?.number?.integer ?? -1),
                    type: event.json["type"]?.string ?? ""
                )
            }
        return ContractExecution(
            status: description.summary.status,
            output: description.output?.text,
            error: description.error,
            events: events
        )
    }

    func leftovers() async throws -> Int {
        try await sql(
            """
            select ((select count(*) from stepwell.steps) + (select count(*) from stepwell.results)
                + (select count(*) from stepwell.map_items) + (select count(*) from stepwell.outbox)
                + (select count(*) from stepwell.task_answers))::int
            """
        )
        .only().int(0)
    }

    func letTimePass(_ duration: Duration) async throws {
        let microseconds = PostgresValue.int8(duration.microseconds)
        _ = try await sql(
            """
            update stepwell.steps set run_at = run_at - $1 * interval '1 microsecond',
                wake_at = wake_at - $1 * interval '1 microsecond',
                lease_until = lease_until - $1 * interval '1 microsecond',
                deadline = deadline - $1 * interval '1 microsecond',
                heartbeat_due = heartbeat_due - $1 * interval '1 microsecond'
            """,
            [microseconds]
        )
        _ = try await sql(
            "update stepwell.claims set look_at = look_at - $1 * interval '1 microsecond'",
            [microseconds]
        )
        _ = try await sql("update stepwell.outbox set run_at = run_at - $1 * interval '1 microsecond'", [microseconds])
        _ = try await sql(
            "update stepwell.task_answers set arrived_at = arrived_at - $1 * interval '1 microsecond'",
            [microseconds]
        )
    }

    func keepMessages() async throws {
        _ = try await sql("drop table if exists public.messages")
        _ = try await sql("create table public.messages as select * from stepwell.outbox")
    }

    func repeatMessages() async throws {
        _ = try await sql("insert into stepwell.outbox select * from public.messages on conflict do nothing")
    }

    /// Forgets all executions.
    func empty() async throws {
        _ = try await sql(
            """
            truncate stepwell.executions, stepwell.steps, stepwell.claims, stepwell.results, stepwell.map_items,
                stepwell.outbox, stepwell.task_answers, stepwell.history, stepwell.payloads
            """
        )
    }

    // MARK: Planting bugs

    /// Changes the text of a function of the schema.
    func plant(_ function: String, replacing text: String, with other: String) async throws {
        let rows = try await sql(
            "select pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'stepwell'::regnamespace and p.proname = $1",
            [.text(function)]
        )
        let definition = try rows.only().text(0)
        try #require(definition.contains(text), "\(function) does not say: \(text)")
        _ = try await sql(definition.replacing(text, with: other))
    }
}
