import Postgres
import PostgresTestSupport
import Testing

/// Statements of megabytes, many at once: each piece has to arrive where the others do.
@Suite("Large statements")
struct LargeStatementTests {
    @Test func arriveWhole() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        var options = Pool.Options()
        options.maximum = 8
        options.leaseTimeout = .seconds(120)
        let pool = Pool(configuration, options: options, logger: testLogger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...48 {
                group.addTask {
                    let count = number * 50_000
                    let texts = (0..<number).map { String(repeating: Character("\($0 % 10)"), count: count / number) }
                    let rows = try await pool.query(
                        Statement(
                            "select sum(length(t))::int, md5(string_agg(t, '')) from unnest($1) as t (t)",
                            [.textArray(texts)]
                        )
                    )
                    #expect(try rows.only().int(0) == texts.reduce(0) { $0 + $1.utf8.count })
                }
                group.addTask {
                    // What follows a statement must not be cut off from it by the answer.
                    let text = String(repeating: "x", count: number * 50_000)
                    let results = await pool.pipeline([
                        "select 1", Statement("select length($1)", [.text(text)]), "select 1",
                    ])
                    let count = try results[1].get().only().int(0)
                    #expect(count == text.utf8.count)
                }
            }
            try await group.waitForAll()
        }
        await pool.close()
    }
}
