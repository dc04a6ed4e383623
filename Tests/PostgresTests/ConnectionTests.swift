import Logging
import Postgres
import PostgresTestSupport
import Testing

@Suite struct ConnectionTests {
    @Test func answersAQuery() async throws {
        let connection = try await connect()
        let row = try await connection.query("SELECT 1 AS one, 'two' AS two").only()
        #expect(try row.int(0) == 1)
        #expect(try row.text("two") == "two")
    }
}

func connect() async throws -> Connection {
    let cluster = try await TestCluster.shared()
    return try await Connection.connect(PostgresConfiguration(cluster.conninfo), logger: Logger(label: "tests"))
}
