import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5))) struct PreparedStatementTests {
    private typealias Key = PreparedStatements.Key

    @Test func aNameIsUsedOnceTheServerHasConfirmedIt() {
        let key = Key(sql: "SELECT $1", types: [23])
        var statements = PreparedStatements(isEnabled: true)
        #expect(statements.use(key) == .prepare(name: "s1"))
        #expect(statements.use(key) == .unnamed)
        statements.prepared(key)
        #expect(statements.use(key) == .named("s1"))
        // The same text with other types is another statement.
        #expect(statements.use(Key(sql: "SELECT $1", types: [25])) == .prepare(name: "s2"))
    }

    @Test func aFailedPreparationIsForgotten() {
        let key = Key(sql: "SELECT", types: [])
        var statements = PreparedStatements(isEnabled: true)
        #expect(statements.use(key) == .prepare(name: "s1"))
        statements.forget(key)
        #expect(statements.use(key) == .prepare(name: "s2"))
    }

    @Test func columnsAreRememberedForThePreparedOnly() {
        let key = Key(sql: "SELECT 1", types: [])
        let columns = [Column(name: "one", type: .int4)]
        var statements = PreparedStatements(isEnabled: true)
        statements.remember(columns, of: key)
        #expect(statements.columns(of: key) == nil)
        _ = statements.use(key)
        statements.prepared(key)
        statements.remember(columns, of: key)
        #expect(statements.columns(of: key) == columns)
        #expect(statements.use(key) == .named("s1"))
    }

    @Test func endlesslyMadeTextsAreNotKept() {
        var statements = PreparedStatements(isEnabled: true)
        let uses = (0..<300).map { statements.use(Key(sql: "SELECT \($0)", types: [])) }
        #expect(uses.count { $0 != .unnamed } == 256)
        #expect(uses.last == .unnamed)
    }

    @Test func nothingIsPreparedWhenTurnedOff() {
        var statements = PreparedStatements(isEnabled: false)
        #expect(statements.use(Key(sql: "SELECT 1", types: [])) == .unnamed)
        #expect(statements.use(Key(sql: "SELECT 1", types: [])) == .unnamed)
    }

    @Test(arguments: [(true, 2), (false, 0)])
    func theServerKeepsWhatIsUsed(preparesStatements: Bool, count: Int) async throws {
        let connection = try await connect { $0.preparesStatements = preparesStatements }
        let list: Statement = "SELECT statement FROM pg_prepared_statements"
        for number in 0..<3 { _ = try await connection.query(Statement("SELECT $1", [.int(number)])) }
        _ = try await connection.query(list)
        #expect(try await connection.query(list).count == count)
    }

    @Test func aTableThatChangedUnderneathIsATransientError() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE t AS SELECT 1 AS n")
        let statement: Statement = "SELECT * FROM t"
        for _ in 0..<3 { #expect(try await connection.query(statement).only().int("n") == 1) }
        try await connection.execute("ALTER TABLE t ADD COLUMN m text DEFAULT 'new'")
        let error = await postgresError { try await connection.query(statement) }
        #expect(error?.kind == .server(.featureNotSupported))
        #expect(error?.isTransient == true)
        #expect(try await connection.query(statement).only().text("m") == "new")
        #expect(try await connection.query(statement).only().text("m") == "new")
    }

    @Test func aStatementSomebodyDroppedIsPreparedAgain() async throws {
        let connection = try await connect()
        let statement: Statement = "SELECT 7"
        for _ in 0..<2 { _ = try await connection.query(statement) }
        try await connection.execute("DEALLOCATE ALL")
        let error = await postgresError { try await connection.query(statement) }
        #expect(error?.kind == .server(.invalidStatementName))
        #expect(error?.isTransient == true)
        for _ in 0..<3 { #expect(try await connection.query(statement).only().int(0) == 7) }
    }

    @Test func aStatementThatCannotBePreparedFailsForItsOwnReason() async throws {
        let connection = try await connect()
        for _ in 0..<3 {
            let error = await postgresError { try await connection.query("SELECT * FROM not_there") }
            #expect(error?.kind == .server(.undefinedTable))
            #expect(error?.position == 15)
        }
        try await connection.execute("CREATE TEMP TABLE not_there ()")
        #expect(try await connection.query("SELECT * FROM not_there").isEmpty)
    }
}
