import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5))) struct ErrorTests {
    @Test func readsAsWhatHappenedWhereAndWhy() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE orders (id int PRIMARY KEY)")
        let insert = Statement("INSERT INTO orders\n    VALUES ($1)", [.int4(7)])
        try await connection.execute(insert)
        let error = await postgresError { try await connection.execute(insert) }
        let schema = try #require(error?.schema)
        #expect(
            error?.description == """
                duplicate key value violates unique constraint "orders_pkey" [23505]
                  detail: Key (id)=(7) already exists.
                  constraint: orders_pkey on \(schema).orders
                  statement: INSERT INTO orders VALUES ($1)
                """
        )
    }

    @Test func keepsTheServersHintPositionAndContext() async throws {
        let connection = try await connect()
        let missing = await postgresError { try await connection.query("SELECT nam FROM pg_authid AS a (name)") }
        #expect(missing?.kind == .server(.undefinedColumn))
        #expect(missing?.position == 8)
        #expect(missing?.description.contains("statement (at character 8): SELECT nam FROM") == true)
        let raised = await postgresError {
            try await connection.execute(
                "DO $$ BEGIN RAISE EXCEPTION 'no stock' USING HINT = 'order more', ERRCODE = 'P0001'; END $$"
            )
        }
        #expect(raised?.kind == .server(.raiseException))
        #expect(raised?.hint == "order more")
        #expect(raised?.description.contains("  context: PL/pgSQL function inline_code_block line 1 at RAISE") == true)
    }

    @Test(
        "which errors may pass by themselves",
        arguments: [
            (.serializationFailure, true), (.deadlockDetected, true), (.lockNotAvailable, true), (.diskFull, true),
            (.tooManyConnections, true), (.adminShutdown, true), (.cannotConnectNow, true), (.queryCanceled, true),
            (.readOnlyTransaction, true), (.invalidStatementName, true), (SQLState(rawValue: "08006"), true),
            (.uniqueViolation, false), (.checkViolation, false), (.undefinedTable, false), (.syntaxError, false),
            (.insufficientPrivilege, false), (.raiseException, false), (.featureNotSupported, false),
            (.databaseDropped, false), (SQLState(rawValue: ""), false), (SQLState(rawValue: "?"), false),
        ] as [(SQLState, Bool)]
    )
    func transience(state: SQLState, isTransient: Bool) {
        let report = ServerReport(sqlState: state, message: "")
        #expect(PostgresError(.server(state), "", report: report).isTransient == isTransient)
    }

    @Test func refusalsToConnectAreTakenApart() {
        let text = """
            connection to server at "db" (::1), port 5432 failed: FATAL:  28P01: password authentication failed for user "anna"
            LOCATION:  auth_failed, auth.c:330
            """
        let error = ConnectionAttempt.refusal(text)
        #expect(error.sqlState == .invalidPassword)
        #expect(error.isTransient == false)
        #expect(
            error.message == """
                connection to server at "db" (::1), port 5432 failed: FATAL: password authentication failed for user "anna"
                """
        )
        let plain = ConnectionAttempt.refusal("connection refused\n\tIs the server running?\n")
        #expect(plain.message == "connection refused; Is the server running?")
        #expect(plain.sqlState == nil)
        #expect(plain.isTransient)
        #expect(ConnectionAttempt.refusal("").message == "the connection failed")
    }
}
